#include "klamm/journal/recovery.h"

#include "klamm/journal/segment_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace klamm::journal {
namespace {

std::unexpected<OpenError> io_error(seams::FileError const& error) {
    return std::unexpected(OpenError{OpenError::Kind::io, error.what});
}

class Recovery {
public:
    Recovery(SegmentFiles& files, RecoveryInput const& input, Replay const& replay,
             OpenReport& report)
        : files_(files), input_(input), replay_(replay), report_(report) {}

    std::expected<Recovered, OpenError> run();

private:
    /// What the first sector of a segment says.
    enum class State : std::uint8_t {
        begun,    ///< header_ is its header
        unbegun,  ///< zeros, or what is left of the file's earlier use
        damaged,  ///< neither
    };
    /// A place where no frame follows.
    struct Stop {
        std::uint64_t offset = 0;  ///< where its header would be
        char const* differs = nullptr;
        std::optional<FrameHeader> header;  ///< when that is good
    };

    std::expected<bool, OpenError> begin();
    std::expected<State, OpenError> enter(std::uint64_t number);
    std::expected<Stop, OpenError> walk();
    std::expected<void, OpenError> judge(Stop const& stop);
    std::expected<Position, OpenError> look_ahead();
    std::expected<bool, OpenError> all_sectors_new(Stop const& stop, std::uint64_t bytes_end);
    std::expected<void, OpenError> make_durable();
    std::expected<void, OpenError> cut(std::uint64_t until);
    OpenError damage(std::uint64_t number, std::uint64_t offset, std::string_view what) const;

    SegmentFiles& files_;
    RecoveryInput const& input_;
    Replay const& replay_;
    OpenReport& report_;

    std::uint64_t number_first_ = 0;
    SegmentFiles::File file_;
    std::optional<SegmentReader> reader_;
    SegmentHeader header_;
    std::uint64_t offset_ = 0;  ///< behind the last frame in the segment of reader_
    Position durable_{};        ///< the greatest that the walk met
    struct Walked {
        std::uint64_t number = 0;
        std::uint64_t until = 0;
        SegmentFiles::File file;
    };
    std::vector<Walked> walked_;                ///< what may not be durable yet is in these
    std::vector<std::uint64_t> torn_segments_;  ///< behind it, begun by a write that was cut
};

OpenError Recovery::damage(std::uint64_t number, std::uint64_t offset,
                           std::string_view what) const {
    auto const path = files_.path(number);
    auto message = fmt::format(
        "{}, byte {}: {}. Acknowledged entries are lost if this is ignored, so nothing was "
        "changed. "
        "Restore the file from a copy",
        path, offset, what);
    if (number != number_first_ || offset > 0)
        message += fmt::format(
            "; or, to give up all entries from this byte on: keep a copy of the directory, then "
            "run "
            "'truncate -s {} {}' and remove the segment files with higher numbers",
            offset, path);
    return {OpenError::Kind::damaged, std::move(message)};
}

std::expected<Recovery::State, OpenError> Recovery::enter(std::uint64_t number) {
    auto file = files_.open(number);
    if (!file) return io_error(file.error());
    file_ = std::move(*file);
    reader_.emplace(*file_, number, input_.segment_bytes);
    auto const bytes = reader_->at(0, segment_header_bytes);
    if (!bytes) return io_error(bytes.error());
    auto const header = decode_segment_header(*bytes);
    if (!header) return all_zero(*bytes) ? State::unbegun : State::damaged;
    if (header->version != segment_version)
        return std::unexpected(
            OpenError{OpenError::Kind::unsupported,
                      fmt::format("{}, byte 4: segment format {} is not known, only {} is",
                                  files_.path(number), header->version, segment_version)});
    if (header->number != number) return State::unbegun;
    if (header->segment_bytes != input_.segment_bytes) return State::damaged;
    header_ = *header;
    durable_ = std::max(durable_, header->durable);
    return State::begun;
}

/// Replays frames from offset_ on, as long as one follows the other.
std::expected<Recovery::Stop, OpenError> Recovery::walk() {
    for (;;) {
        auto const place = header_place(offset_);
        auto const header = reader_->frame_header(place, header_.id);
        if (!header) return io_error(header.error());
        if (*header) durable_ = std::max(durable_, (*header)->durable);
        if (!*header) return Stop{place, "no entry begins here, but one was stored", {}};
        if ((*header)->kind == FrameHeader::Kind::mark)
            return Stop{place, "entries were stored here", **header};
        auto const whole = reader_->at(place, (*header)->bytes());
        if (!whole) return io_error(whole.error());
        if (auto const* part = wrong_part(**header, *whole))
            return Stop{place,
                        *part == 'b' ? "the checksum of this entry's body differs"
                                     : "the checksum of this entry's head differs",
                        **header};
        replay_.entry(reader_->position(place), head_of(**header, *whole),
                      body_of(**header, *whole));
        offset_ = place + (*header)->bytes();
        ++report_.entries;
        report_.bytes += (*header)->bytes();
    }
}

/// Looks at all segments behind the current one, which do not continue it: a write that a crash cut
/// may have begun any of them. Returns the greatest durable position that they knew.
std::expected<Position, OpenError> Recovery::look_ahead() {
    auto const number = reader_->number();
    auto const end = reader_->position(offset_);
    Position durable_max{0};
    for (auto next = number + 1; next <= input_.highest; ++next) {
        auto file = files_.open(next);
        if (!file) return io_error(file.error());
        SegmentReader reader{**file, next, input_.segment_bytes};
        auto const bytes = reader.at(0, segment_header_bytes);
        if (!bytes) return io_error(bytes.error());
        auto const header = decode_segment_header(*bytes);
        if (header ? header->number != next : all_zero(*bytes)) continue;
        auto const remains = reader.scan(segment_header_bytes, header ? header->id : 0);
        if (!remains) return io_error(remains.error());
        if (!header && remains->durable_max > end)
            return std::unexpected(damage(next, 0, "the segment's header is damaged"));
        if (!header) continue;
        durable_max = std::max({durable_max, remains->durable_max, header->durable});
        torn_segments_.push_back(next);
        report_.torn_bytes += remains->frames_end;
    }
    return durable_max;
}

/// In a file that held only zeros: whether every sector of the frame at `stop` was written, though
/// the frame does not fit its checksums. Where nothing follows the place of its header, that
/// was a mark at most.
std::expected<bool, OpenError> Recovery::all_sectors_new(Stop const& stop,
                                                         std::uint64_t bytes_end) {
    if (bytes_end <= stop.offset + frame_header_bytes) return false;
    auto const frame = stop.header ? stop.header->bytes() : frame_header_bytes;
    auto const whole = reader_->at(stop.offset, frame);
    if (!whole) return io_error(whole.error());
    if (!stop.header) return !all_zero(*whole);
    if (stop.header->kind == FrameHeader::Kind::mark) return false;
    auto const first = seams::sector_bytes - stop.offset % seams::sector_bytes;
    for (auto at = first; at < frame; at += seams::sector_bytes) {
        if (all_zero(whole->subspan(at, std::min(seams::sector_bytes, frame - at)))) return false;
    }
    return true;
}

/// The end, a torn tail, or damage.
std::expected<void, OpenError> Recovery::judge(Stop const& stop) {
    auto const end = reader_->position(offset_);
    auto const remains = reader_->scan(stop.offset, header_.id);
    if (!remains) return io_error(remains.error());
    auto const ahead = look_ahead();
    if (!ahead) return std::unexpected(ahead.error());
    if (std::max({remains->durable_max, *ahead, input_.durable_known}) > end)
        return std::unexpected(damage(reader_->number(), stop.offset, stop.differs));
    auto until = remains->frames_end;
    if (header_.fresh) {
        auto const changed = all_sectors_new(stop, remains->bytes_end);
        if (!changed) return std::unexpected(changed.error());
        if (*changed) return std::unexpected(damage(reader_->number(), stop.offset, stop.differs));
        until = remains->bytes_end;
    }
    // A mark alone is no torn tail: the next write covers it.
    auto const mark = stop.header && stop.header->kind == FrameHeader::Kind::mark;
    if (mark && until <= stop.offset + frame_header_bytes && torn_segments_.empty()) return {};
    if (until == stop.offset && torn_segments_.empty()) return {};
    return cut(until);
}

/// Erases what was written behind the end, so that no later walk takes it for entries.
std::expected<void, OpenError> Recovery::cut(std::uint64_t until) {
    auto const torn = until > offset_ ? until - offset_ : 0;
    report_.torn_bytes += torn;
    if (torn > 0) {
        auto done = file_->zero(offset_, torn);
        if (done) done = file_->sync();
        if (!done) return io_error(done.error());
    }
    for (auto const number : torn_segments_) {
        auto file = files_.open(number);
        if (!file) return io_error(file.error());
        auto done = (*file)->zero(0, segment_header_bytes);
        if (done) done = (*file)->sync();
        if (!done) return io_error(done.error());
    }
    report_.notes.push_back(
        fmt::format("{}, byte {}: cut {} bytes that a crash left incomplete; nobody was told that "
                    "they are stored",
                    files_.path(reader_->number()), offset_, report_.torn_bytes));
    return {};
}

/// Writes once more what no frame knew to be durable, and syncs. A sync alone would not do: after
/// one that failed, the system may show bytes that are not on the disk and call them clean.
std::expected<void, OpenError> Recovery::make_durable() {
    constexpr std::uint64_t step_bytes = 4 * 1024 * 1024;
    for (auto const& [number, until, file] : walked_) {
        SegmentReader reader{*file, number, input_.segment_bytes};
        if (reader.position(until) <= durable_) continue;
        auto at = durable_ <= reader.position(0)
                      ? 0
                      : std::to_underlying(durable_) - number * input_.segment_bytes;
        while (at < until) {
            auto const part = reader.at(at, std::min(step_bytes, until - at));
            if (!part) return io_error(part.error());
            if (auto done = file->pwritev(std::span{&*part, 1}, at); !done)
                return io_error(done.error());
            at += part->size();
        }
        if (auto done = file->sync(); !done) return io_error(done.error());
    }
    return {};
}

/// Finds where to begin, and says whether something was ever written there.
std::expected<bool, OpenError> Recovery::begin() {
    auto const from = std::to_underlying(input_.from);
    number_first_ = from == 0 ? input_.lowest : from / input_.segment_bytes;
    offset_ = from == 0 ? segment_header_bytes : from % input_.segment_bytes;
    auto const state = enter(number_first_);
    if (!state) return std::unexpected(state.error());
    if (*state == State::begun) return true;
    auto const end = reader_->position(segment_header_bytes);
    auto used = std::max(input_.from, input_.durable_known) > end || *state == State::damaged;
    if (!used) {
        auto const ahead = look_ahead();
        if (!ahead) return std::unexpected(ahead.error());
        used = *ahead > end;
    }
    if (used) return std::unexpected(damage(number_first_, 0, "the segment's header is damaged"));
    return false;
}

std::expected<Recovered, OpenError> Recovery::run() {
    auto const begun = begin();
    if (!begun) return std::unexpected(begun.error());
    if (!*begun) {
        if (!torn_segments_.empty()) {
            if (auto done = cut(offset_); !done) return std::unexpected(done.error());
        }
        return Recovered{reader_->position(offset_), false, 0};
    }
    for (auto number = number_first_;; ++number) {
        auto const stop = walk();
        if (!stop) return std::unexpected(stop.error());
        auto const end = reader_->position(offset_);
        walked_.push_back({number, offset_, file_});
        std::erase_if(walked_, [&](Walked const& walked) {
            return walked.number * input_.segment_bytes + walked.until <=
                   std::to_underlying(durable_);
        });
        auto const header = header_;
        if (number < input_.highest) {
            auto const next = enter(number + 1);
            if (!next) return std::unexpected(next.error());
            if (*next == State::begun && header_.continues == end) {
                offset_ = segment_header_bytes;
                continue;
            }
        }
        auto const back = enter(number);
        if (!back) return std::unexpected(back.error());
        header_ = header;
        if (auto done = judge(*stop); !done) return std::unexpected(done.error());
        if (auto done = make_durable(); !done) return std::unexpected(done.error());
        return Recovered{end, true, header_.id};
    }
}

}  // namespace

std::expected<Recovered, OpenError> recover(SegmentFiles& files, RecoveryInput const& input,
                                            Replay const& replay, OpenReport& report) {
    return Recovery{files, input, replay, report}.run();
}

}  // namespace klamm::journal
