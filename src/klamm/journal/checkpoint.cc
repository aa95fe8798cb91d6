#include "klamm/journal/checkpoint.h"

#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

namespace klamm::journal {
namespace {

constexpr std::uint32_t magic = 0x31434c4b;  // "KLC1"
constexpr std::size_t header_bytes = 32;
constexpr int zstd_level = 1;
constexpr std::size_t output_step_bytes = 256 * 1024;
constexpr std::string_view prefix = "checkpoint-";
constexpr std::string_view unfinished = "checkpoint.new";

std::string name_of(Position covers) {
    return fmt::format("{}{:020}", prefix, std::to_underlying(covers));
}

template <typename T>
void put(std::byte* to, T value) {
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    std::memcpy(to, &value, sizeof value);
}

template <typename T>
T get(std::byte const* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return std::endian::native == std::endian::big ? std::byteswap(value) : value;
}

struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

std::expected<Bytes, std::string> decompress(ByteView packed, std::uint64_t bytes) {
    std::unique_ptr<ZSTD_DCtx, FreeContext> const context{ZSTD_createDCtx()};
    ensure(context != nullptr);
    Bytes plain;
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    for (std::size_t left = 1; left != 0;) {
        auto const before = plain.size();
        if (before > bytes) return std::unexpected("the state is longer than its header says");
        plain.resize(before + output_step_bytes);
        ZSTD_outBuffer out{plain.data() + before, output_step_bytes, 0};
        left = ZSTD_decompressStream(context.get(), &out, &in);
        plain.resize(before + out.pos);
        if (ZSTD_isError(left) != 0)
            return std::unexpected(fmt::format("byte {}: the compressed state is damaged: {}",
                                               header_bytes + in.pos, ZSTD_getErrorName(left)));
        if (left != 0 && out.pos == 0 && in.pos == in.size)
            return std::unexpected("the compressed state ends early");
    }
    if (in.pos != in.size) return std::unexpected("bytes follow behind the compressed state");
    if (plain.size() != bytes)
        return std::unexpected(
            fmt::format("the state has {} bytes, its header says {}", plain.size(), bytes));
    return plain;
}

}  // namespace

Bytes encode_checkpoint(Checkpoint const& checkpoint) {
    ensure(checkpoint.state.size() <= checkpoint_state_bytes_max);
    std::unique_ptr<ZSTD_CCtx, FreeContext> const context{ZSTD_createCCtx()};
    ensure(context != nullptr);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    Bytes file(header_bytes + ZSTD_compressBound(checkpoint.state.size()));
    auto const packed =
        ZSTD_compress2(context.get(), file.data() + header_bytes, file.size() - header_bytes,
                       checkpoint.state.data(), checkpoint.state.size());
    ensure(ZSTD_isError(packed) == 0);
    file.resize(header_bytes + packed);
    put(file.data(), magic);
    put(file.data() + 4, std::uint32_t{0});
    put(file.data() + 8, std::to_underlying(checkpoint.covers));
    put(file.data() + 16, std::uint64_t{checkpoint.state.size()});
    put(file.data() + 24, crc32c(ByteView{file}.subspan(header_bytes)));
    put(file.data() + 28, crc32c(ByteView{file}.first(28)));
    return file;
}

std::expected<Checkpoint, std::string> decode_checkpoint(ByteView file,
                                                         std::uint64_t state_bytes_max) {
    if (file.size() < header_bytes)
        return std::unexpected(fmt::format("it ends after {} bytes", file.size()));
    if (get<std::uint32_t>(file.data()) != magic)
        return std::unexpected("byte 0: this is no checkpoint");
    if (get<std::uint32_t>(file.data() + 28) != crc32c(file.first(28)))
        return std::unexpected("byte 28: the checksum of the header differs");
    auto const packed = file.subspan(header_bytes);
    if (get<std::uint32_t>(file.data() + 24) != crc32c(packed))
        return std::unexpected("byte 24: the checksum of the compressed state differs");
    auto const bytes = get<std::uint64_t>(file.data() + 16);
    if (bytes > state_bytes_max)
        return std::unexpected(fmt::format("byte 16: a state of {} bytes is too large", bytes));
    auto state = decompress(packed, bytes);
    if (!state) return std::unexpected(state.error());
    return Checkpoint{Position{get<std::uint64_t>(file.data() + 8)}, std::move(*state)};
}

std::expected<std::optional<Checkpoint>, seams::FileError> CheckpointFiles::load(
    std::vector<std::string>& notes) {
    auto const names = directory_.list();
    if (!names) return std::unexpected(names.error());
    for (auto const& name : *names) {
        if (name == unfinished) {
            if (auto removed = directory_.remove(name); !removed)
                return std::unexpected(removed.error());
        }
        if (!name.starts_with(prefix)) continue;
        std::uint64_t covers = 0;
        auto const* end = name.data() + name.size();
        auto const parsed = std::from_chars(name.data() + prefix.size(), end, covers);
        if (parsed.ec == std::errc{} && parsed.ptr == end && name_of(Position{covers}) == name)
            files_.push_back({Position{covers}});
    }
    std::ranges::sort(files_, {}, &Named::covers);
    for (auto at = files_.rbegin(); at != files_.rend(); ++at) {
        auto const name = name_of(at->covers);
        auto const file = directory_.open(name);
        if (!file) return std::unexpected(file.error());
        auto const size = (*file)->size();
        if (!size) return std::unexpected(size.error());
        Bytes bytes(std::min(*size, header_bytes + ZSTD_compressBound(checkpoint_state_bytes_max)));
        auto const got = (*file)->pread(bytes, 0);
        if (!got) return std::unexpected(got.error());
        bytes.resize(*got);
        auto checkpoint = decode_checkpoint(bytes);
        if (checkpoint && checkpoint->covers == at->covers) return std::move(*checkpoint);
        at->readable = false;
        notes.push_back(fmt::format("{} is damaged and not used: {}", directory_.path_of(name),
                                    checkpoint
                                        ? "byte 8: it covers other entries than its name says"
                                        : checkpoint.error()));
    }
    return std::nullopt;
}

std::expected<void, seams::FileError> CheckpointFiles::save(Checkpoint const& checkpoint) {
    auto const bytes = encode_checkpoint(checkpoint);
    auto const give_up = [&](seams::FileError const& error) {
        (void)directory_.remove(unfinished);  // else the next opening does it
        return std::unexpected(error);
    };
    {
        auto file = directory_.create(unfinished);
        if (!file) return std::unexpected(file.error());
        std::array const parts{ByteView{bytes}};
        if (auto done = (*file)->pwritev(parts, 0); !done) return give_up(done.error());
        if (auto done = (*file)->sync(); !done) return give_up(done.error());
    }
    if (auto done = directory_.rename(unfinished, name_of(checkpoint.covers)); !done)
        return give_up(done.error());
    if (auto done = directory_.sync(); !done) return done;

    std::vector<Position> outdated;
    {
        std::lock_guard const lock{mutex_};
        std::optional<Named> before;
        for (auto const& file : files_) {
            if (file.covers == checkpoint.covers) continue;
            if (!file.readable) {
                outdated.push_back(file.covers);
                continue;
            }
            if (before) outdated.push_back(before->covers);
            before = file;
        }
        files_.clear();
        if (before) files_.push_back(*before);
        files_.push_back({checkpoint.covers});
    }
    for (auto const covers : outdated) {
        if (auto done = directory_.remove(name_of(covers)); !done) return done;
    }
    return outdated.empty() ? std::expected<void, seams::FileError>{} : directory_.sync();
}

Position CheckpointFiles::journal_needed_from() const {
    std::lock_guard const lock{mutex_};
    auto const readable = std::ranges::count(files_, true, &Named::readable);
    if (readable < 2) return Position{0};
    auto const newest = std::ranges::find(files_.rbegin(), files_.rend(), true, &Named::readable);
    return std::ranges::find(std::next(newest), files_.rend(), true, &Named::readable)->covers;
}

Position CheckpointFiles::named_max() const {
    std::lock_guard const lock{mutex_};
    return files_.empty() ? Position{0} : files_.back().covers;
}

}  // namespace klamm::journal
