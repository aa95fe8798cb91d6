// sim/checkers/committed_reads.cc - who reads committed records is shown all of them up to the last
// stable offset, and nothing that was aborted or may still be.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <set>

namespace klamm::sim {
namespace {

class CommittedReads final : public Checker {
public:
    explicit CommittedReads(Violations& violations) : Checker("committed_reads", violations) {}

    void transaction_ended(EndedTransaction const& ended) override {
        if (ended.committed) return;
        aborted_.insert(ended.name);
        if (auto const it = shown_.find(ended.name); it != shown_.end())
            complain(it->second, ended.name);
    }
    void read(ReadRecords const& seen) override {
        if (!seen.committed) return;
        for (auto const& record : *seen.committed) {
            if (record.offset >= *seen.last_stable)
                return violate(fmt::format("{} offset {} is shown; the last stable offset is {}",
                                           to_string(seen.partition), record.offset,
                                           *seen.last_stable));
            std::string const name{transaction_of(record.value)};
            if (name.empty()) continue;
            shown_.try_emplace(name, Place{seen.partition, record.offset});
            if (aborted_.contains(name)) complain({seen.partition, record.offset}, name);
        }
    }
    void audited(ReadRecords const& log) override {
        if (!log.committed) return;
        auto const fates = fates_of(log.batches);
        std::vector<SeenRecord> expected;
        for (std::size_t i = 0; i < log.batches.size(); ++i) {
            auto const& batch = log.batches[i];
            bool const settled = fates[i] == Fate::plain || fates[i] == Fate::committed;
            for (auto const& record : *batch.records) {
                if (settled && !batch.marker() && record.offset >= log.fetch_offset &&
                    record.offset < *log.last_stable)
                    expected.push_back(record);
                if (fates[i] == Fate::aborted || fates[i] == Fate::open) was_shown(log, record);
            }
        }
        compare(log, expected, *log.committed);
    }

private:
    struct Place {
        PartitionName partition;
        std::int64_t offset = 0;
    };

    void complain(Place const& place, std::string const& name) {
        violate(fmt::format("{} offset {} of the aborted transaction {} was shown",
                            to_string(place.partition), place.offset, name));
    }
    /// A record that must not have been.
    void was_shown(ReadRecords const& log, SeenRecord const& record) {
        std::string const name{transaction_of(record.value)};
        if (shown_.contains(name))
            violate(fmt::format("transaction {} was shown as committed; {} offset {} is not", name,
                                to_string(log.partition), record.offset));
    }
    void compare(ReadRecords const& log, std::span<SeenRecord const> expected,
                 std::span<SeenRecord const> shown) {
        for (std::size_t i = 0; i < std::max(expected.size(), shown.size()); ++i) {
            if (i < expected.size() && i < shown.size() && expected[i] == shown[i]) continue;
            auto const text = [&](std::span<SeenRecord const> records) {
                return i < records.size()
                           ? fmt::format("offset {} ({})", records[i].offset, records[i].value)
                           : std::string("nothing");
            };
            return violate(fmt::format("{}: {} is shown, {} should be", to_string(log.partition),
                                       text(shown), text(expected)));
        }
    }

    std::set<std::string> aborted_;
    std::map<std::string, Place> shown_;  ///< the first record of each
};

}  // namespace

std::unique_ptr<Checker> committed_reads(Violations& violations) {
    return std::make_unique<CommittedReads>(violations);
}

}  // namespace klamm::sim
