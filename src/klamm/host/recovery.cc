#include "klamm/host/recovery.h"

#include "klamm/host/broker_thread.h"
#include "klamm/host/files.h"
#include "klamm/host/log.h"
#include "klamm/host/unsynced.h"
#include "klamm/journal/disk_extents.h"
#include "klamm/journal/memory_extents.h"
#include "klamm/journal/memory_journal.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <chrono>
#include <optional>
#include <utility>

namespace klamm::host {
namespace {

/// The journal that the broker is given before there is one: a journal is opened by replaying it
/// into the broker. Nothing but replay happens until `target` is set.
class JournalToCome final : public journal::Journal {
public:
    journal::Journal* target = nullptr;

    std::expected<journal::Position, journal::Error> append(journal::Entry entry) override {
        return target->append(std::move(entry));
    }
    std::expected<journal::Position, journal::Error> commit() override { return target->commit(); }
    std::expected<Slice, journal::Error> read(journal::Position position,
                                              std::uint32_t bytes_hint) override {
        return target->read(position, bytes_hint);
    }
    std::optional<Slice> cached(journal::Position position) override {
        return target->cached(position);
    }
    void trim(journal::Position first) override { target->trim(first); }
    std::expected<void, journal::Error> save(journal::Checkpoint const& checkpoint) override {
        return target->save(checkpoint);
    }
    journal::Position first() const override { return target->first(); }
    journal::Position durable() const override { return target->durable(); }
    journal::Position next() const override { return target->next(); }
    std::string describe_last_damage() const override { return target->describe_last_damage(); }
};

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != ssize_t(sizeof seed))
        stop_process("the system gives no random numbers");
    return seed;
}

/// Takes the entries in; after the first one that cannot be taken over, ignores the rest.
struct Replaying {
    broker::Broker& broker;
    std::optional<std::string> refused;

    journal::Replay callbacks() {
        journal::Replay replay;
        replay.checkpoint = [this](journal::Checkpoint const& checkpoint) {
            refused = broker.restore(checkpoint.state);
        };
        replay.entry = [this](journal::Position at, ByteView head, ByteView body) {
            if (!refused) refused = broker.replay(at, head, body);
        };
        return replay;
    }
};

void log_report(journal::OpenReport const& report, std::string const& data,
                std::chrono::steady_clock::duration took) {
    auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    if (report.entries > 0 || report.checkpoint != journal::Position{})
        log_info(fmt::format(
            "recovered {}: checkpoint at position {}, {} entries ({} bytes) replayed in {} ms, {} "
            "bytes of a torn tail cut",
            data, std::uint64_t(report.checkpoint), report.entries, report.bytes, ms,
            report.torn_bytes));
    for (auto const& note : report.notes) log_warning(note);
}

std::expected<void, std::string> open_disk(Options const& options, Recovered& world) {
    auto directory = open_directory(options.data + "/journal");
    if (!directory)
        return std::unexpected(
            fmt::format("the data directory cannot be used: {}", directory.error().what));
    world.directory = options.durability == Durability::synced
                          ? std::move(*directory)
                          : without_sync(std::move(*directory));
    journal::DiskOptions disk;
    disk.seed = random_seed();
    Replaying replaying{*world.broker, std::nullopt};
    auto const started = std::chrono::steady_clock::now();
    auto opened = journal::open_disk_journal(*world.directory, disk, replaying.callbacks());
    if (!opened) return std::unexpected(opened.error().message);
    if (replaying.refused)
        return std::unexpected(fmt::format("what is stored in {} cannot be taken over: {}",
                                           options.data, *replaying.refused));
    log_report((*opened)->opened(), options.data, std::chrono::steady_clock::now() - started);
    world.disk = opened->get();
    world.journal = std::move(*opened);
    // Less than the journal leaves: when it refuses what is produced, merging can still give it
    // space back, and checkpoints can be saved.
    world.extents =
        std::make_unique<journal::DiskExtents>(*world.directory, disk.free_bytes_min / 2);
    return {};
}

/// Every L1 file that the state needs is there; all others are what a crash left, and go.
std::expected<void, std::string> settle_extents(Recovered& world, std::string const& data) {
    auto const& needed = world.broker->files();
    for (auto const& [number, file] : needed) {
        if (auto const sound = world.extents->check(number, file.bytes); !sound)
            return std::unexpected(
                fmt::format("stored records of {} are damaged: {}. Restore the file from a copy",
                            data, sound.error()));
    }
    auto const present = world.extents->list();
    if (!present)
        return std::unexpected(fmt::format("the data directory cannot be used: {}",
                                           world.extents->describe_last_damage()));
    for (auto const number : *present) {
        if (needed.contains(number)) continue;
        if (!world.extents->remove(number))
            return std::unexpected(fmt::format("a file that nobody needs cannot be removed: {}",
                                               world.extents->describe_last_damage()));
    }
    return {};
}

}  // namespace

std::expected<Recovered, std::string> recover(Options const& options) {
    Recovered world;
    auto to_come = std::make_unique<JournalToCome>();
    world.broker = std::make_unique<broker::Broker>(options.broker, *to_come, random_seed());
    if (options.durability == Durability::memory) {
        auto const bytes_max = std::uint64_t(options.memory_bytes_max);
        world.journal = std::make_unique<journal::MemoryJournal>(std::size_t(bytes_max));
        world.extents = std::make_unique<journal::MemoryExtents>(bytes_max);
    } else if (auto const opened = open_disk(options, world); !opened) {
        return std::unexpected(opened.error());
    }
    if (auto const settled = settle_extents(world, options.data); !settled)
        return std::unexpected(settled.error());
    to_come->target = world.journal.get();
    world.broker_journal = std::move(to_come);
    world.broker->start(system_now());
    return world;
}

}  // namespace klamm::host
