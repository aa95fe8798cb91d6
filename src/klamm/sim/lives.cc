// sim/lives.cc - how the broker's process begins and ends.
#include "klamm/sim/server.h"
#include "klamm/sim/workloads.h"

#include "klamm/journal/extent_file.h"

#include <algorithm>

namespace klamm::sim {
namespace {

using journal::Position;

constexpr Time restart_max = 800 * millisecond;
constexpr Time hazard_interval = 100 * millisecond;
constexpr Time open_again = 500 * millisecond;
constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t extents_free_bytes_min = 32 * 1024;

}  // namespace

Server::Server(Services& services, Network& network, std::uint64_t seed)
    : services_(services), network_(network), random_(seed), disk_(random_.next(), disk_bytes) {
    segment_bytes_ = (std::uint64_t{16} << random_.below(4)) * page_bytes;  // 64 KiB to 512 KiB
    // Budgets so small that every run merges.
    auto& options = broker_options_;
    options.auto_create_topics_enable = false;
    options.journal_bytes = std::int64_t{2048} << random_.below(5);
    options.storage_job_bytes = std::int64_t{1024} << random_.below(6);
    options.l1_block_bytes = std::int32_t(128U << random_.below(6));
    options.own_file_bytes = std::int64_t{1024} << random_.below(5);
    options.compaction_bytes_min = std::int64_t(random_.below(2000));
    options.storage_retry_ms = std::chrono::milliseconds{1500};
    options.group_consumer_session_timeout_ms = Duration(modern_session / millisecond);
    options.group_consumer_min_session_timeout_ms = options.group_consumer_session_timeout_ms;
    options.group_consumer_heartbeat_interval_ms = Duration(1'000);
}

Server::~Server() = default;

void Server::power_on() {
    if (!open()) return;
    for (int tries = 0; !services_.checkers.empty() && tries < 3 && !audit_all(); ++tries) {}
    start_serving();
}

/// False: it comes to another opening later, or to a violation.
bool Server::open() {
    ++life_;
    process_ = std::make_unique<Process>(services_);
    process_->broker =
        std::make_unique<broker::Broker>(broker_options_, process_->journal, random_.next());
    services_.checkers.tell(&Checker::replay_began);

    bool sound = true;
    auto const take = [&](std::optional<std::string> const& refused) {
        if (refused && sound)
            services_.violations.report("recovery", "its own journal is refused: " + *refused);
        sound = sound && !refused;
    };
    std::uint64_t entries = 0;
    journal::Replay const replay{
        .checkpoint =
            [&](journal::Checkpoint const& checkpoint) {
                services_.checkers.tell(&Checker::checkpoint_found, checkpoint.covers);
                if (checkpoint_is_damaged() &&
                    std::uint64_t(checkpoint.covers) == damaged_checkpoint_->covers)
                    services_.violations.report("damage", "a damaged checkpoint is believed");
                take(process_->broker->restore(checkpoint.state));
            },
        .entry =
            [&](Position position, ByteView head, ByteView body) {
                ++entries;
                if (services_.plan.mutation == Mutation::forget_entry && entries == 5) return;
                services_.checkers.tell(&Checker::replayed, position, digest_of(head, body));
                if (sound) take(process_->broker->replay(position, head, body));
            }};
    journal::DiskOptions const disk_options{
        .seed = random_.next(),
        .segment_bytes = segment_bytes_,
        .segments_ahead = 2,
        .segments_ahead_max = 4,
        .cache_bytes = std::uint64_t(random_.one_in(2) ? 16 * 1024 : 1 << 20),
        .free_bytes_min = 64 * 1024};
    bool const power = services_.strikes(Fault::power_loss_in_commit, random_);
    if (power) disk_.fail_syncs(random_.below(4));
    auto opened = journal::open_disk_journal(disk_, disk_options, replay);
    disk_.mend();
    if (!opened || power) {
        if (opened) opened->reset();
        opening_failed(opened ? journal::OpenError{} : opened.error(), power);
        return false;
    }
    if (!sound) return false;
    services_.checkers.tell(&Checker::replay_ended);
    process_->disk_journal = std::move(*opened);
    process_->journal.opened(*process_->disk_journal);
    auto const& report = process_->disk_journal->opened();
    if (report.torn_bytes > 0) ++lives_.torn_tails;
    if (checkpoint_is_damaged() && std::uint64_t(report.checkpoint) < damaged_checkpoint_->covers) {
        services_.trace.note("{} is damaged and passed over", damaged_checkpoint_->file);
        ++lives_.checkpoints_passed_over;
    }
    services_.trace.note("the broker starts: {} entries behind the checkpoint of {}, {} bytes cut",
                         report.entries, std::uint64_t(report.checkpoint), report.torn_bytes);
    if (!settle_extents()) return false;
    process_->broker->start(services_.schedule.broker_now());
    return true;
}

/// What host/recovery.cc does with the files.
bool Server::settle_extents() {
    process_->extents = std::make_unique<journal::DiskExtents>(disk_, extents_free_bytes_min);
    auto const& needed = process_->broker->files();
    for (auto const& [number, file] : needed) {
        if (auto const sound = process_->extents->check(number, file.bytes); !sound) {
            process_->broker.reset();
            opening_failed({journal::OpenError::Kind::damaged, sound.error()}, false);
            return false;
        }
    }
    auto const present = *process_->extents->list();
    for (auto const number : present)
        if (!needed.contains(number)) remove_files({number});
    return true;
}

void Server::opening_failed(journal::OpenError const& error, bool injected) {
    using Kind = journal::OpenError::Kind;
    process_.reset();
    if (injected) {
        ++lives_.power_losses;
        disk_.crash();
        services_.trace.note("power is lost while the broker starts");
    } else if (error.kind == Kind::damaged && flip_ &&
               error.message.find(flip_->file) != std::string::npos) {
        services_.trace.note("the broker does not start: {}", error.message);
        ++lives_.damages_named;
        unflip();
    } else if (error.kind == Kind::full && disk_full_) {
        services_.trace.note("the broker does not start: {}", error.message);
    } else {
        services_.violations.report("recovery", "the broker does not start: " + error.message);
    }
    disk_.kill();
    services_.schedule.after(open_again, [this] { power_on(); });
}

void Server::start_serving() {
    process_->serving = true;
    network_.listen(this);
    pump();
    plan_checkpoint();
    plan_work();
    in_this_life(hazard_interval, [this] { hazards(); });
}

void Server::hazards() {
    if (services_.draws(Fault::flipped_bit, random_)) flip_some_bit();
    if (services_.draws(Fault::flipped_checkpoint, random_)) damage_checkpoint();
    if (services_.strikes(Fault::kill, random_)) return end(End::kill, "the broker is killed");
    if (services_.strikes(Fault::power_loss, random_)) return end(End::power_loss, "power is lost");
    in_this_life(hazard_interval, [this] { hazards(); });
}

void Server::end(End how, std::string_view why) {
    services_.trace.note("{}", why);
    ++life_;
    network_.listen(nullptr);
    count_work();
    process_.reset();
    if (how == End::kill) {
        ++lives_.kills;
        disk_.kill();
    } else {
        ++lives_.power_losses;
        disk_.crash();
    }
    services_.schedule.after(Time(random_.below(restart_max)), [this] { power_on(); });
}

/// In an L1 file, or in the journal somewhere in what was durable some commits ago, so that it
/// cannot be taken for a torn tail.
void Server::flip_some_bit() {
    if (flip_ || process_->durable_lately.empty()) return;
    auto const& files = process_->broker->files();
    if (!files.empty() && random_.one_in(2)) {
        auto const& [number, file] =
            *std::next(files.begin(), std::ptrdiff_t(random_.below(files.size())));
        flip_ = Flip{journal::extent_file_name(number), random_.below(file.bytes),
                     unsigned(random_.below(8)), false, false};
    } else {
        auto const first = std::uint64_t(process_->journal.first());
        auto const end = std::uint64_t(process_->durable_lately.front());
        if (first >= end) return;
        auto const position = first + random_.below(end - first);
        flip_ = Flip{fmt::format("segment-{:012}", position / segment_bytes_),
                     position % segment_bytes_, unsigned(random_.below(8))};
    }
    auto const names = *disk_.list();
    if (std::ranges::find(names, flip_->file) == names.end()) return flip_.reset();
    disk_.flip_bit(flip_->file, flip_->byte, flip_->bit);
    services_.trace.hit(Fault::flipped_bit);
    services_.trace.note("bit {} of byte {} of {} flips", flip_->bit, flip_->byte, flip_->file);
}

void Server::unflip() {
    if (!flip_) return;
    services_.trace.note("the flipped bit is mended");
    disk_.flip_bit(flip_->file, flip_->byte, flip_->bit);
    flip_.reset();
}

/// One at a time: when both are damaged, there is nothing to go on from.
void Server::damage_checkpoint() {
    if (checkpoint_is_damaged()) return;
    constexpr std::string_view prefix = "checkpoint-";
    std::string newest;
    auto const names = *disk_.list();
    for (auto const& name : names)
        if (name.starts_with(prefix)) newest = std::max(newest, name);
    if (newest.empty()) return;
    auto const byte = random_.below(disk_.bytes(newest).size());
    auto const bit = unsigned(random_.below(8));
    disk_.flip_bit(newest, byte, bit);
    damaged_checkpoint_ = {newest, disk_.bytes(newest), std::stoull(newest.substr(prefix.size()))};
    services_.trace.hit(Fault::flipped_checkpoint);
    services_.trace.note("bit {} of byte {} of {} flips", bit, byte, newest);
}

/// Whether it is still there as it was flipped: neither removed nor written anew.
bool Server::checkpoint_is_damaged() {
    if (!damaged_checkpoint_) return false;
    auto const names = *disk_.list();
    if (std::ranges::find(names, damaged_checkpoint_->file) == names.end()) return false;
    return disk_.bytes(damaged_checkpoint_->file) == damaged_checkpoint_->bytes;
}

void Server::restart() {
    ++life_;
    network_.listen(nullptr);
    count_work();
    process_.reset();
    disk_.crash();
    power_on();
}

void Server::heal() {
    unflip();
    disk_full_ = false;
    disk_.set_bytes_max(disk_bytes);
}

}  // namespace klamm::sim
