#include "klamm/journal/disk_extents.h"

#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/journal/extent_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace klamm::journal {
namespace {

using seams::FileError;

/// Small blocks are written together.
constexpr std::size_t buffer_bytes = 256 * 1024;

Error to_error(FileError const& error) {
    return error.kind == FileError::Kind::full ? Error::full : Error::failed;
}

class DiskWriter final : public ExtentWriter {
public:
    DiskWriter(seams::Directory& directory, FileNumber number, std::unique_ptr<seams::File> file)
        : directory_(directory), number_(number), file_(std::move(file)) {
        buffer_.reserve(buffer_bytes * 2);
        put(encode(ExtentHeader{.number = number}));
    }

    std::expected<BlockPlace, Error> write(BlockLabel const& label,
                                           std::span<ByteView const> parts) override {
        std::uint64_t bytes = 0;
        std::uint32_t crc = 0;
        for (auto const part : parts) {
            crc = crc32c(part, crc);
            bytes += part.size();
        }
        ensure(bytes <= block_bytes_max);
        BlockPlace const place{number_, this->bytes(), std::uint32_t(bytes)};
        auto const header = encode(BlockHeader{label, number_, place.bytes, crc});
        headers_crc_ = crc32c(header, headers_crc_);
        ++blocks_;
        put(header);
        for (auto const part : parts) put(part);
        if (buffer_.size() >= buffer_bytes) {
            if (auto done = write_out(); !done) return std::unexpected(done.error());
        }
        return place;
    }

    std::uint64_t bytes() const override { return written_ + buffer_.size(); }

    std::expected<void, Error> flush() override {
        if (auto done = write_out(); !done) return done;
        if (auto done = file_->sync(); !done) return std::unexpected(to_error(done.error()));
        return {};
    }

    std::expected<std::uint64_t, Error> finish() override {
        auto const size = bytes() + extent_footer_bytes;
        put(encode(ExtentFooter{number_, size, blocks_, headers_crc_}));
        if (auto done = flush(); !done) return std::unexpected(done.error());
        if (auto done = directory_.sync(); !done) return std::unexpected(to_error(done.error()));
        return size;
    }

private:
    void put(ByteView bytes) {
        auto const end = buffer_.size();
        buffer_.resize(end + bytes.size());
        std::ranges::copy(bytes, buffer_.begin() + std::ptrdiff_t(end));
    }

    std::expected<void, Error> write_out() {
        if (buffer_.empty()) return {};
        std::array const parts{ByteView{buffer_}};
        if (auto done = file_->pwritev(parts, written_); !done)
            return std::unexpected(to_error(done.error()));
        written_ += buffer_.size();
        buffer_.clear();
        return {};
    }

    seams::Directory& directory_;
    FileNumber number_;
    std::unique_ptr<seams::File> file_;
    Bytes buffer_;
    std::uint64_t written_ = 0;
    std::uint32_t blocks_ = 0;
    std::uint32_t headers_crc_ = 0;
};

}  // namespace

std::unexpected<Error> DiskExtents::damaged(std::string what) {
    std::lock_guard const lock{damage_mutex_};
    last_damage_ = std::move(what);
    return std::unexpected(Error::corrupt);
}

std::unexpected<Error> DiskExtents::refused(FileError const& error) {
    std::lock_guard const lock{damage_mutex_};
    last_damage_ = error.what;
    return std::unexpected(to_error(error));
}

std::expected<std::unique_ptr<ExtentWriter>, Error> DiskExtents::create(FileNumber number) {
    auto file = directory_.create(extent_file_name(number));
    if (!file) return refused(file.error());
    return std::make_unique<DiskWriter>(directory_, number, std::move(*file));
}

std::expected<DiskExtents::File, FileError> DiskExtents::open(FileNumber number) {
    std::lock_guard const lock{mutex_};
    if (auto const found = kept_.find(number); found != kept_.end()) {
        found->second.used = ++uses_;
        return found->second.file;
    }
    auto opened = directory_.open(extent_file_name(number));
    if (!opened) return std::unexpected(opened.error());
    File file{std::move(*opened)};
    if (kept_.size() >= kept_open_max)
        kept_.erase(
            std::ranges::min_element(kept_, {}, [](auto const& each) { return each.second.used; }));
    kept_[number] = {file, ++uses_};
    return file;
}

std::expected<Slice, Error> DiskExtents::read(BlockPlace const& place, BlockLabel const& label) {
    auto const differs = [&](std::string_view what) {
        return damaged(fmt::format("{}, byte {}: {}",
                                   directory_.path_of(extent_file_name(place.file)), place.offset,
                                   what));
    };
    if (place.bytes > block_bytes_max) return differs("no block has this size");
    auto const file = open(place.file);
    if (!file && file.error().kind == FileError::Kind::not_found)
        return std::unexpected(Error::trimmed);
    if (!file) return damaged(file.error().what);
    std::size_t const bytes = block_header_bytes + place.bytes;
    auto const buffer = std::make_shared_for_overwrite<std::byte[]>(bytes);
    std::span const whole{buffer.get(), bytes};
    auto const got = (*file)->pread(whole, place.offset);
    if (!got) return damaged(got.error().what);
    if (*got < bytes) return differs("the file ends inside this block");
    auto const header = decode_block_header(whole);
    if (!header) return differs("the header of this block is damaged");
    if (header->number != place.file || header->label != label || header->body_bytes != place.bytes)
        return differs("another block stands here");
    ByteView const body{whole.subspan(block_header_bytes)};
    if (auto const crc = crc32c(body); crc != header->body_crc)
        return differs(fmt::format(
            "the checksum of this block's body differs (stored {:08x}, computed {:08x})",
            header->body_crc, crc));
    return Slice{buffer, body, bytes};
}

std::expected<void, Error> DiskExtents::remove(FileNumber number) {
    {
        std::lock_guard const lock{mutex_};
        kept_.erase(number);
    }
    auto const removed = directory_.remove(extent_file_name(number));
    if (!removed && removed.error().kind != FileError::Kind::not_found)
        return refused(removed.error());
    return {};
}

std::expected<std::vector<FileNumber>, Error> DiskExtents::list() {
    auto const names = directory_.list();
    if (!names) return refused(names.error());
    std::vector<FileNumber> numbers;
    for (auto const& name : *names)
        if (auto const number = extent_file_number(name)) numbers.push_back(*number);
    std::ranges::sort(numbers);
    return numbers;
}

std::expected<void, std::string> DiskExtents::check(FileNumber number, std::uint64_t bytes) {
    auto const path = directory_.path_of(extent_file_name(number));
    auto const differs = [&](std::uint64_t at, std::string_view what) {
        return std::unexpected(fmt::format("{}, byte {}: {}", path, at, what));
    };
    auto const file = directory_.open(extent_file_name(number));
    if (!file && file.error().kind == FileError::Kind::not_found)
        return std::unexpected(fmt::format("{} is missing", path));
    if (!file) return std::unexpected(file.error().what);
    auto const size = (*file)->size();
    if (!size) return std::unexpected(size.error().what);
    if (*size != bytes)
        return std::unexpected(fmt::format("{} has {} bytes; {} were written", path, *size, bytes));
    if (bytes < extent_header_bytes + extent_footer_bytes) return differs(0, "no file is so short");
    ExtentHeaderBytes first{};
    if (auto got = (*file)->pread(first, 0); !got) return std::unexpected(got.error().what);
    auto const header = decode_extent_header(first);
    if (!header) return differs(0, "the file's header is damaged");
    if (header->version != extent_version)
        return differs(4, fmt::format("version {} was written by a newer klamm", header->version));
    auto const end = bytes - extent_footer_bytes;
    ExtentFooterBytes last{};
    if (auto got = (*file)->pread(last, end); !got) return std::unexpected(got.error().what);
    auto const footer = decode_extent_footer(last);
    if (!footer) return differs(end, "the footer is damaged");
    if (header->number != number || footer->number != number || footer->bytes != bytes)
        return differs(end, "this is another file");
    return {};
}

std::uint64_t DiskExtents::room() {
    auto const free = directory_.free_bytes();
    return free ? *free - std::min(*free, free_bytes_min_) : 0;
}

std::string DiskExtents::describe_last_damage() const {
    std::lock_guard const lock{damage_mutex_};
    return last_damage_;
}

}  // namespace klamm::journal
