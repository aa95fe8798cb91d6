#include "klamm/journal/disk_journal.h"

#include "klamm/base/crc32c.h"
#include "klamm/base/ensure.h"
#include "klamm/base/guard.h"
#include "klamm/journal/body_queue.h"
#include "klamm/journal/checkpoint.h"
#include "klamm/journal/recovery.h"
#include "klamm/journal/segment_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>

namespace klamm::journal {
namespace {

constexpr std::string_view lock_name = "lock";
/// Of a segment, when no other is ready: for entries without a body.
constexpr std::uint64_t reserve_part = 64;
/// Zeros written beforehand make small commits fast. While commits are larger than this on average
/// they do not need zeros, which would only double what is written.
constexpr std::uint64_t large_commit_bytes = 128 * 1024;

bool possible_segment_bytes(std::uint64_t bytes) {
    return bytes >= 4096 && bytes % 4096 == 0 && bytes <= std::uint64_t{1} << 32;
}

Error to_error(seams::FileError const& error) {
    return error.kind == seams::FileError::Kind::full ? Error::full : Error::failed;
}

OpenError to_open_error(seams::FileError const& error) {
    using Kind = seams::FileError::Kind;
    auto const kind = error.kind == Kind::locked ? OpenError::Kind::locked
                      : error.kind == Kind::full ? OpenError::Kind::full
                                                 : OpenError::Kind::io;
    return {kind, error.what};
}

class Disk final : public DiskJournal {
public:
    Disk(seams::Directory& directory, DiskOptions const& options)
        : directory_(directory),
          options_(options),
          files_(directory),
          checkpoints_(directory),
          writer_(files_, options.seed) {}

    std::expected<void, OpenError> open(Replay const& replay);

    std::expected<Position, Error> append(Entry entry) override;
    std::expected<Position, Error> commit() override;
    std::expected<Slice, Error> read(Position position, std::uint32_t bytes_hint) override;
    std::optional<Slice> cached(Position position) override;
    void trim(Position first) override;
    std::expected<void, Error> save(Checkpoint const& checkpoint) override;
    Position first() const override { return Position{first_.load()}; }
    Position durable() const override { return Position{durable_.load()}; }
    Position next() const override { return Position{next_.load()}; }
    std::string describe_last_damage() const override;

    std::expected<void, Error> prepare() override;
    bool wants_prepare() const override;
    void end_prepare() override { ending_ = true; }
    DiskStats stats() const override;
    OpenReport const& opened() const override { return report_; }

private:
    std::expected<void, OpenError> choose_segments(bool replayable_from_start);
    std::expected<void, OpenError> complete_files(Recovered const& recovered);
    std::optional<std::uint64_t> place_for(std::uint64_t bytes, bool may_use_reserve) const;
    std::unexpected<Error> fail();
    bool is_fresh(std::uint64_t number);
    std::expected<Slice, std::string> read_from_disk(std::uint64_t position,
                                                     std::uint32_t bytes_hint);
    bool recyclable() const;
    std::uint64_t number_of(std::uint64_t position) const { return position / segment_bytes_; }

    seams::Directory& directory_;
    DiskOptions const options_;
    std::unique_ptr<seams::Lock> lock_;
    SegmentFiles files_;
    CheckpointFiles checkpoints_;
    OpenReport report_;
    std::uint64_t segment_bytes_ = 0;

    std::atomic<std::uint64_t> first_{0};
    std::atomic<std::uint64_t> durable_{0};
    std::atomic<std::uint64_t> next_{0};

    mutable std::mutex mutex_;  // guards what follows; never held during I/O
    std::vector<Pending> pending_;
    std::uint64_t bytes_waiting_ = 0;
    std::uint64_t lowest_ = 0;       // segments that exist: lowest_..ready_
    std::uint64_t ready_ = 0;        // all behind that of next_ are ready to be begun
    std::set<std::uint64_t> fresh_;  // those of them that hold zeros only

    mutable std::mutex cache_mutex_;
    BodyQueue cache_;

    mutable std::mutex damage_mutex_;
    std::string last_damage_;

    // The journal thread's.
    SegmentWriter writer_;
    bool failed_ = false;
    std::vector<Pending> writing_;

    std::atomic<bool> ending_{false};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> bytes_written_{0};
    std::atomic<std::uint64_t> saved_{0};
};

// ---- opening -----------------------------------------------------------------------------

std::expected<void, OpenError> Disk::open(Replay const& replay) {
    auto lock = directory_.lock(lock_name);
    if (!lock) return std::unexpected(to_open_error(lock.error()));
    lock_ = std::move(*lock);

    auto checkpoint = checkpoints_.load(report_.notes);
    if (!checkpoint) return std::unexpected(to_open_error(checkpoint.error()));
    if (auto done = choose_segments(!checkpoint->has_value()); !done) return done;

    RecoveryInput input{segment_bytes_, lowest_, ready_, Position{0}, checkpoints_.named_max()};
    if (*checkpoint) {
        input.from = report_.checkpoint = (*checkpoint)->covers;
        auto const number = number_of(std::to_underlying(input.from));
        if (number < lowest_ || number > ready_)
            return std::unexpected(OpenError{
                OpenError::Kind::damaged,
                fmt::format("{} is missing: the checkpoint needs the entries in it. Restore the "
                            "file from a copy",
                            files_.path(number))});
        replay.checkpoint(**checkpoint);
        checkpoint->reset();
    }
    auto const recovered = recover(files_, input, replay, report_);
    if (!recovered) return std::unexpected(recovered.error());

    first_ = lowest_ * segment_bytes_ + segment_header_bytes;
    durable_ = next_ = std::to_underlying(recovered->end);
    return complete_files(*recovered);
}

/// Finds which segments there are, or makes the first one.
std::expected<void, OpenError> Disk::choose_segments(bool replayable_from_start) {
    auto const numbers = files_.list();
    if (!numbers) return std::unexpected(to_open_error(numbers.error()));
    segment_bytes_ = options_.segment_bytes;
    if (numbers->empty()) {
        auto const in_a_hurry = [] { return true; };
        auto made = files_.make(0, segment_bytes_, in_a_hurry);
        if (!made) return std::unexpected(to_open_error(made.error()));
        fresh_.insert(0);
        return {};
    }
    lowest_ = numbers->front();
    ready_ = numbers->back();
    for (std::size_t i = 0; i < numbers->size(); ++i) {
        if ((*numbers)[i] != lowest_ + i)
            return std::unexpected(
                OpenError{OpenError::Kind::damaged,
                          fmt::format("{} is missing, though later segments are there. Restore the "
                                      "file from a copy",
                                      files_.path(lowest_ + i))});
    }
    if (replayable_from_start && lowest_ > 0) {
        auto message = fmt::format(
            "no checkpoint can be read, and the journal begins with {} only. Restore a checkpoint "
            "file from a copy",
            files_.path(lowest_));
        for (auto const& note : report_.notes) message += "; " + note;
        return std::unexpected(OpenError{OpenError::Kind::damaged, std::move(message)});
    }
    // A journal keeps the segment size that it was made with.
    for (auto const number : *numbers) {
        auto file = files_.open(number);
        if (!file) return std::unexpected(to_open_error(file.error()));
        SegmentHeaderBytes bytes{};
        if (auto got = (*file)->pread(bytes, 0); !got)
            return std::unexpected(to_open_error(got.error()));
        if (auto const header = decode_segment_header(bytes)) {
            segment_bytes_ = header->segment_bytes;
            if (!possible_segment_bytes(segment_bytes_))
                return std::unexpected(
                    OpenError{OpenError::Kind::damaged,
                              fmt::format("{}, byte 16: a segment cannot have {} bytes",
                                          files_.path(number), segment_bytes_)});
            break;
        }
    }
    return {};
}

/// Gives each file that will be written its full size, in case somebody cut it.
std::expected<void, OpenError> Disk::complete_files(Recovered const& recovered) {
    auto const current = number_of(next_);
    for (auto number = current; number <= ready_; ++number) {
        auto file = files_.open(number);
        if (!file) return std::unexpected(to_open_error(file.error()));
        auto const size = (*file)->size();
        if (!size) return std::unexpected(to_open_error(size.error()));
        if (*size < segment_bytes_) {
            auto done = (*file)->allocate(segment_bytes_);
            if (done) done = (*file)->sync();
            if (!done) return std::unexpected(to_open_error(done.error()));
        }
        if (number == current) writer_.start(std::move(*file), segment_bytes_, recovered);
    }
    if (!recovered.begun) return {};
    if (auto done = writer_.write_mark(durable()); !done)
        return std::unexpected(to_open_error(done.error()));
    return {};
}

// ---- appending ---------------------------------------------------------------------------

/// Where a frame of so many bytes would go: behind the last one, or into the next segment.
std::optional<std::uint64_t> Disk::place_for(std::uint64_t bytes, bool may_use_reserve) const {
    auto const limit = segment_bytes_ - segment_reserved_bytes;
    auto const reserve = may_use_reserve ? 0 : segment_bytes_ / reserve_part;
    auto const next = next_.load(std::memory_order_relaxed);
    auto const number = number_of(next);
    auto const offset = header_place(next % segment_bytes_);
    if (offset + bytes + (number == ready_ ? reserve : 0) <= limit)
        return number * segment_bytes_ + offset;
    if (number == ready_) return std::nullopt;
    if (segment_header_bytes + bytes + (number + 1 == ready_ ? reserve : 0) > limit)
        return std::nullopt;
    return (number + 1) * segment_bytes_ + segment_header_bytes;
}

std::expected<Position, Error> Disk::append(Entry entry) {
    ensure(entry.head.size() + entry.body.size() <= entry_bytes_max);
    auto const bytes = frame_bytes(entry.head.size(), entry.body.size());
    Slice body = entry.body;
    std::uint64_t place = 0;
    {
        std::lock_guard const lock{mutex_};
        auto const found = place_for(bytes, entry.body.empty());
        if (!found) return std::unexpected(Error::full);
        place = *found;
        pending_.push_back({place, std::move(entry)});
        bytes_waiting_ += bytes;
        next_ = place + bytes;
    }
    if (!body.empty()) {
        std::lock_guard const lock{cache_mutex_};
        cache_.push(Position{place}, std::move(body));
        while (cache_.bytes() > options_.cache_bytes) cache_.pop();
    }
    return Position{place};
}

std::unexpected<Error> Disk::fail() {
    failed_ = true;
    return std::unexpected(Error::failed);
}

/// Whether the segment's file holds only zeros; it is about to be written.
bool Disk::is_fresh(std::uint64_t number) {
    std::lock_guard const lock{mutex_};
    return fresh_.erase(number) > 0;
}

std::expected<Position, Error> Disk::commit() {
    if (failed_) return std::unexpected(Error::failed);
    {
        std::lock_guard const lock{mutex_};
        writing_.swap(pending_);
    }
    if (writing_.empty()) return durable();

    for (std::span<Pending const> rest{writing_}; !rest.empty();) {
        auto const number = number_of(rest.front().position);
        auto const other = std::ranges::find_if(
            rest, [&](Pending const& p) { return number_of(p.position) != number; });
        std::span const run{rest.begin(), other};
        if (!writer_.write(run, durable(), is_fresh(number))) return fail();
        rest = rest.subspan(run.size());
    }
    if (!writer_.sync()) return fail();
    durable_ = writer_.written();
    ++commits_;
    bytes_written_ = writer_.bytes();  // after it: prepare() never sees bytes without their commit
    std::uint64_t bytes = 0;
    for (auto const& [_, entry] : writing_)
        bytes += frame_bytes(entry.head.size(), entry.body.size());
    writing_.clear();

    bool idle = false;
    {
        std::lock_guard const lock{mutex_};
        idle = pending_.empty();
        bytes_waiting_ -= bytes;
    }
    // Unsynced: what follows a kill of the process finds it, and knows that what is before was
    // durable. While more is pending, the next write says the same.
    if (idle && !writer_.write_mark(durable())) return fail();
    return durable();
}

// ---- reading -----------------------------------------------------------------------------

std::optional<Slice> Disk::cached(Position position) {
    std::lock_guard const lock{cache_mutex_};
    auto const* body = cache_.find(position);
    return body == nullptr ? std::nullopt : std::optional{*body};
}

std::expected<Slice, Error> Disk::read(Position position, std::uint32_t bytes_hint) {
    ensure(position < durable());
    if (position < first()) return std::unexpected(Error::trimmed);
    if (auto body = cached(position)) return std::move(*body);
    auto body = read_from_disk(std::to_underlying(position), bytes_hint);
    if (body) return std::move(*body);
    // Its segment may have been recycled meanwhile.
    if (position < first()) return std::unexpected(Error::trimmed);
    std::lock_guard const lock{damage_mutex_};
    last_damage_ = std::move(body.error());
    return std::unexpected(Error::corrupt);
}

std::expected<Slice, std::string> Disk::read_from_disk(std::uint64_t position,
                                                       std::uint32_t bytes_hint) {
    auto const number = number_of(position);
    auto const offset = position % segment_bytes_;
    auto const segment = files_.readable(number);
    if (!segment) return std::unexpected(segment.error());
    auto const differs = [&](std::string_view what) {
        return std::unexpected(fmt::format("{}, byte {}: {}", files_.path(number), offset, what));
    };
    std::size_t const room = segment_bytes_ - offset;  // at least a header: a frame begins here
    auto bytes = std::min<std::size_t>(frame_header_bytes + bytes_hint, room);
    while (true) {
        auto const buffer = std::make_shared_for_overwrite<std::byte[]>(bytes);
        std::span const whole{buffer.get(), bytes};
        auto const got = segment->file->pread(whole, offset);
        if (!got) return std::unexpected(got.error().what);
        if (*got < bytes) return differs("the file ends inside this entry");
        auto const header = decode_frame_header(whole);
        if (!header) return differs("the header of this entry is damaged");
        if (header->kind != FrameHeader::Kind::entry || header->position != Position{position} ||
            header->segment_id != segment->id)
            return differs("another entry stands here");
        auto const needed = frame_header_bytes + std::size_t{header->body_bytes};
        if (needed > room) return differs("no entry of this size fits here");
        if (std::exchange(bytes, needed) < needed) continue;
        ByteView const body{whole.subspan(frame_header_bytes, header->body_bytes)};
        if (auto const crc = crc32c(body);
            guard(Guard::checksum_on_read) && crc != header->body_crc)
            return differs(fmt::format(
                "the checksum of this entry's body differs (stored {:08x}, computed {:08x})",
                header->body_crc, crc));
        return Slice{buffer, body, whole.size()};
    }
}

std::string Disk::describe_last_damage() const {
    std::lock_guard const lock{damage_mutex_};
    return last_damage_;
}

// ---- housekeeping ------------------------------------------------------------------------

void Disk::trim(Position first) {
    auto const wanted = std::to_underlying(std::min(first, durable()));
    if (wanted > first_) first_ = wanted;
}

std::expected<void, Error> Disk::save(Checkpoint const& checkpoint) {
    ensure(checkpoint.covers <= durable());
    if (auto done = checkpoints_.save(checkpoint); !done)
        return std::unexpected(to_error(done.error()));
    ++saved_;
    return {};
}

/// Whether nothing in the lowest segment is needed, by readers or by the older checkpoint.
bool Disk::recyclable() const {
    auto needed = first();
    if (guard(Guard::older_checkpoint_kept))
        needed = std::min(needed, checkpoints_.journal_needed_from());
    return lowest_ < number_of(std::to_underlying(needed));
}

bool Disk::wants_prepare() const {
    if (ending_) return false;
    std::lock_guard const lock{mutex_};
    return ready_ - number_of(next_) < options_.segments_ahead || recyclable();
}

std::expected<void, Error> Disk::prepare() {
    auto const ahead = [this] { return ready_ - number_of(next_); };
    while (!ending_) {
        std::uint64_t lowest = 0;
        std::uint64_t number = 0;
        bool reuse = false;
        bool drop = false;
        {
            std::lock_guard const lock{mutex_};
            reuse = recyclable();
            drop = reuse && ahead() >= options_.segments_ahead_max;
            if (!reuse && ahead() >= options_.segments_ahead) return {};
            lowest = lowest_;
            number = ready_ + 1;
            if (reuse) ++lowest_;
        }
        std::expected<void, seams::FileError> done;
        if (drop) {
            done = files_.remove(lowest);
        } else if (reuse) {
            done = files_.recycle(lowest, number);
        } else {
            auto const free = directory_.free_bytes();
            if (!free) return std::unexpected(to_error(free.error()));
            if (*free < segment_bytes_ + options_.free_bytes_min)
                return std::unexpected(Error::full);
            auto const commits = commits_.load();
            auto const bytes = bytes_written_.load();
            done = files_.make(number, segment_bytes_, [&] {
                if (ending_) return true;
                std::lock_guard const lock{mutex_};
                auto const grown = bytes_written_ - bytes;
                return ahead() == 0 || grown > (commits_ - commits) * large_commit_bytes;
            });
        }
        if (!done) return std::unexpected(to_error(done.error()));
        std::lock_guard const lock{mutex_};
        if (!drop) ready_ = number;
        if (!reuse) fresh_.insert(number);
    }
    return {};
}

DiskStats Disk::stats() const {
    DiskStats stats;
    stats.commits = commits_;
    stats.bytes_written = bytes_written_;
    stats.checkpoints = saved_;
    {
        std::lock_guard const lock{mutex_};
        auto const current = number_of(next_);
        stats.segments = current - lowest_ + 1;
        stats.segments_ready = ready_ - current;
        stats.bytes_waiting = bytes_waiting_;
    }
    std::lock_guard const lock{cache_mutex_};
    stats.cache_bytes = cache_.bytes();
    return stats;
}

}  // namespace

std::expected<std::unique_ptr<DiskJournal>, OpenError> open_disk_journal(
    seams::Directory& directory, DiskOptions const& options, Replay const& replay) {
    ensure(possible_segment_bytes(options.segment_bytes));
    ensure(options.segments_ahead >= 1);
    auto journal = std::make_unique<Disk>(directory, options);
    if (auto done = journal->open(replay); !done) return std::unexpected(done.error());
    return journal;
}

}  // namespace klamm::journal
