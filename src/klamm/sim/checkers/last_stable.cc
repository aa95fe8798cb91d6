// sim/checkers/last_stable.cc - the last stable offset never goes back, is never beyond the end,
// and never beyond a record whose transaction is open.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

class LastStable final : public Checker {
public:
    explicit LastStable(Violations& violations) : Checker("last_stable", violations) {}

    void acked(Acked const& ack, Time) override {
        if (ack.values.empty()) return;
        std::string const name{transaction_of(ack.values.front())};
        if (name.empty() || !may_end_.contains(name)) return;
        open_[ack.partition].try_emplace(ack.base_offset, name);
    }
    void transaction_may_end(std::string const& name, Time when) override {
        auto const [it, is_new] = may_end_.try_emplace(name, when);
        it->second = std::min(it->second, when);
    }
    void read(ReadRecords const& seen) override {
        if (!seen.last_stable) return;
        look(seen, *seen.last_stable);
        auto& open = open_[seen.partition];
        while (!open.empty()) {
            auto const& [offset, name] = *open.begin();
            if (may_end_.at(name) <= seen.got) {
                open.erase(open.begin());
                continue;
            }
            if (*seen.last_stable > std::max(offset, seen.log_start))
                violate(
                    fmt::format("{}: the last stable offset is {}; transaction {} is open at {}",
                                to_string(seen.partition), *seen.last_stable, name, offset));
            return;
        }
    }
    void audited(ReadRecords const& log) override {
        look(log, *log.last_stable);
        auto const fates = fates_of(log.batches);
        auto expected = log.high_watermark;
        for (std::size_t i = 0; i < log.batches.size(); ++i)
            if (fates[i] == Fate::open)
                expected = std::min(expected, std::max(log.batches[i].base_offset, log.log_start));
        // An open transaction may have lost its first records.
        bool const at_start = log.log_start > 0 && *log.last_stable == log.log_start;
        if (*log.last_stable != expected && !at_start)
            violate(fmt::format("{}: the last stable offset is {} and should be {}",
                                to_string(log.partition), *log.last_stable, expected));
    }

private:
    void look(ReadRecords const& seen, std::int64_t last_stable) {
        auto& floor = floors_[seen.partition];
        auto const known = floor.at(seen.asked, 0);
        if (last_stable < known)
            violate(fmt::format("{}: the last stable offset was {} and is {}",
                                to_string(seen.partition), known, last_stable));
        if (last_stable > seen.high_watermark)
            violate(fmt::format("{}: the last stable offset {} is beyond the high watermark {}",
                                to_string(seen.partition), last_stable, seen.high_watermark));
        floor.raise(seen.got, last_stable);
    }

    std::map<PartitionName, Floor> floors_;
    std::map<std::string, Time> may_end_;
    /// Acknowledged batches of transactions that had not ended when last looked, by offset.
    std::map<PartitionName, std::map<std::int64_t, std::string>> open_;
};

}  // namespace

std::unique_ptr<Checker> last_stable(Violations& violations) {
    return std::make_unique<LastStable>(violations);
}

}  // namespace klamm::sim
