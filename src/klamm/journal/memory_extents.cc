#include "klamm/journal/memory_extents.h"

#include "klamm/base/ensure.h"

#include <algorithm>
#include <utility>

namespace klamm::journal {

class MemoryWriter final : public ExtentWriter {
public:
    MemoryWriter(MemoryExtents& store, FileNumber number) : store_(store), number_(number) {}

    std::expected<BlockPlace, Error> write(BlockLabel const& label,
                                           std::span<ByteView const> parts) override {
        Bytes body;
        for (auto const part : parts) {
            auto const end = body.size();
            body.resize(end + part.size());
            std::ranges::copy(part, body.begin() + std::ptrdiff_t(end));
        }
        ensure(body.size() <= block_bytes_max);
        std::lock_guard const lock{store_.mutex_};
        auto const found = store_.files_.find(number_);
        if (found == store_.files_.end()) return std::unexpected(Error::failed);  // removed
        auto const bytes = std::uint64_t(body.size());
        if (bytes > store_.bytes_max_ - std::min(store_.bytes_max_, store_.bytes_))
            return std::unexpected(Error::full);
        auto& file = found->second;
        BlockPlace const place{number_, ++blocks_, std::uint32_t(bytes)};
        file.blocks.emplace(place.offset, MemoryExtents::Block{label, Slice{std::move(body)}});
        file.bytes += bytes;
        store_.bytes_ += bytes;
        bytes_ += bytes;
        return place;
    }
    std::uint64_t bytes() const override { return bytes_; }
    std::expected<void, Error> flush() override { return {}; }
    std::expected<std::uint64_t, Error> finish() override {
        std::lock_guard const lock{store_.mutex_};
        auto const found = store_.files_.find(number_);
        if (found == store_.files_.end()) return std::unexpected(Error::failed);
        found->second.finished = true;
        return bytes_;
    }

private:
    MemoryExtents& store_;
    FileNumber number_;
    std::uint64_t blocks_ = 0;
    std::uint64_t bytes_ = 0;
};

std::expected<std::unique_ptr<ExtentWriter>, Error> MemoryExtents::create(FileNumber number) {
    std::lock_guard const lock{mutex_};
    ensure(files_.emplace(number, File{}).second);
    return std::make_unique<MemoryWriter>(*this, number);
}

std::expected<Slice, Error> MemoryExtents::read(BlockPlace const& place, BlockLabel const& label) {
    std::lock_guard const lock{mutex_};
    auto const file = files_.find(place.file);
    if (file == files_.end()) return std::unexpected(Error::trimmed);
    auto const block = file->second.blocks.find(place.offset);
    if (block == file->second.blocks.end() || block->second.label != label ||
        block->second.body.size() != place.bytes)
        return std::unexpected(Error::corrupt);
    return block->second.body;
}

std::expected<void, Error> MemoryExtents::remove(FileNumber number) {
    std::lock_guard const lock{mutex_};
    auto const found = files_.find(number);
    if (found == files_.end()) return {};
    bytes_ -= found->second.bytes;
    files_.erase(found);
    return {};
}

std::expected<std::vector<FileNumber>, Error> MemoryExtents::list() {
    std::lock_guard const lock{mutex_};
    std::vector<FileNumber> numbers;
    for (auto const& [number, _] : files_) numbers.push_back(number);
    return numbers;
}

std::expected<void, std::string> MemoryExtents::check(FileNumber number, std::uint64_t bytes) {
    std::lock_guard const lock{mutex_};
    auto const found = files_.find(number);
    if (found == files_.end() || !found->second.finished) return std::unexpected("it is missing");
    if (found->second.bytes != bytes) return std::unexpected("it has another size");
    return {};
}

std::uint64_t MemoryExtents::room() {
    std::lock_guard const lock{mutex_};
    return bytes_max_ - std::min(bytes_max_, bytes_);
}

void MemoryExtents::set_bytes_max(std::uint64_t bytes) {
    std::lock_guard const lock{mutex_};
    bytes_max_ = bytes;
}

}  // namespace klamm::journal
