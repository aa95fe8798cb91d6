#include "klamm/journal/segment_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace klamm::journal {
namespace {

constexpr std::string_view prefix = "segment-";
constexpr std::string_view unfinished = "segment.new";
/// Zeros are written and synced in steps of this size: a commit that comes meanwhile waits for
/// one step at most, and a hurry, or the end of the process, is noticed soon.
constexpr std::uint64_t zero_step_bytes = 4 * 1024 * 1024;

std::string name_of(std::uint64_t number) { return fmt::format("{}{:012}", prefix, number); }

}  // namespace

std::string SegmentFiles::path(std::uint64_t number) const {
    return directory_.path_of(name_of(number));
}

std::expected<std::vector<std::uint64_t>, seams::FileError> SegmentFiles::list() {
    auto const names = directory_.list();
    if (!names) return std::unexpected(names.error());
    std::vector<std::uint64_t> numbers;
    for (auto const& name : *names) {
        if (name == unfinished) {
            if (auto removed = directory_.remove(name); !removed)
                return std::unexpected(removed.error());
        }
        if (!name.starts_with(prefix)) continue;
        std::uint64_t number = 0;
        auto const* end = name.data() + name.size();
        auto const parsed = std::from_chars(name.data() + prefix.size(), end, number);
        if (parsed.ec == std::errc{} && parsed.ptr == end && name_of(number) == name)
            numbers.push_back(number);
    }
    std::ranges::sort(numbers);
    return numbers;
}

std::expected<void, seams::FileError> SegmentFiles::make(std::uint64_t number, std::uint64_t bytes,
                                                         std::function<bool()> const& hurry) {
    auto const give_up = [&](FileError const& error) {
        (void)directory_.remove(unfinished);  // else the next opening does it
        return std::unexpected(error);
    };
    auto file = directory_.create(unfinished);
    if (!file) return std::unexpected(file.error());
    if (auto done = (*file)->allocate(bytes); !done) return give_up(done.error());
    for (std::uint64_t at = 0; at < bytes && !hurry(); at += zero_step_bytes) {
        auto done = (*file)->zero(at, std::min(zero_step_bytes, bytes - at));
        if (done) done = (*file)->sync();
        if (!done) return give_up(done.error());
    }
    // Without zeros nothing is synced here: the first commit into the file syncs its size too, and
    // opening gives a file that lost it its size again.
    if (auto done = directory_.rename(unfinished, name_of(number)); !done)
        return give_up(done.error());
    return directory_.sync();
}

std::expected<void, seams::FileError> SegmentFiles::recycle(std::uint64_t from, std::uint64_t to) {
    forget(from);
    if (auto done = directory_.rename(name_of(from), name_of(to)); !done) return done;
    return directory_.sync();
}

std::expected<void, seams::FileError> SegmentFiles::remove(std::uint64_t number) {
    forget(number);
    if (auto done = directory_.remove(name_of(number)); !done) return done;
    return directory_.sync();
}

std::expected<SegmentFiles::File, seams::FileError> SegmentFiles::open(std::uint64_t number) {
    auto file = directory_.open(name_of(number));
    if (!file) return std::unexpected(file.error());
    return File{std::move(*file)};
}

std::expected<SegmentFiles::Readable, std::string> SegmentFiles::readable(std::uint64_t number) {
    {
        std::lock_guard const lock{mutex_};
        if (auto const found = kept_.find(number); found != kept_.end()) {
            found->second.used = ++uses_;
            return found->second.segment;
        }
    }
    auto file = open(number);
    if (!file) return std::unexpected(file.error().what);
    SegmentHeaderBytes bytes{};
    if (auto const got = (*file)->pread(bytes, 0); !got) return std::unexpected(got.error().what);
    auto const header = decode_segment_header(bytes);
    if (!header || header->number != number)
        return std::unexpected(
            fmt::format("{}, byte 0: the segment's header is damaged", path(number)));
    Readable const segment{std::move(*file), header->id};

    std::lock_guard const lock{mutex_};
    if (kept_.size() >= kept_open_max)
        kept_.erase(std::ranges::min_element(kept_, {},
                                             [](auto const& entry) { return entry.second.used; }));
    kept_[number] = {segment, ++uses_};
    return segment;
}

void SegmentFiles::forget(std::uint64_t number) {
    std::lock_guard const lock{mutex_};
    kept_.erase(number);
}

}  // namespace klamm::journal
