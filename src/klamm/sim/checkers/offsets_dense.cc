// sim/checkers/offsets_dense.cc - offsets of a partition count up without holes, an offset means
// one record for ever, and a reader gets the records from where it asked.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <unordered_map>

namespace klamm::sim {
namespace {

class OffsetsDense final : public Checker {
public:
    explicit OffsetsDense(Violations& violations) : Checker("offsets_dense", violations) {}

    void acked(Acked const& ack, Time) override {
        auto& known = known_[ack.partition];
        for (std::int64_t offset = ack.base_offset; auto const& value : ack.values)
            learn(known, ack.partition, offset++, value);
    }
    void read(ReadRecords const& seen) override { look(seen); }
    void audited(ReadRecords const& log) override {
        look(log);
        if (!log.records.empty() && log.records.front().offset != log.log_start)
            violate(fmt::format("{} starts at {}, its first record has offset {}",
                                to_string(log.partition), log.log_start,
                                log.records.front().offset));
        auto const end = log.records.empty() ? log.log_start : log.records.back().offset + 1;
        if (end != log.high_watermark)
            violate(fmt::format("{} ends at {}, its high watermark is {}", to_string(log.partition),
                                end, log.high_watermark));
    }

private:
    using Known = std::unordered_map<std::int64_t, std::string>;

    void learn(Known& known, PartitionName const& partition, std::int64_t offset,
               std::string const& value) {
        auto const [it, is_new] = known.try_emplace(offset, value);
        if (!is_new && it->second != value)
            violate(fmt::format("{} offset {} is both {} and {}", to_string(partition), offset,
                                it->second, value));
    }
    void look(ReadRecords const& seen) {
        if (seen.records.empty()) return;
        auto expected = seen.records.front().offset;
        if (expected > seen.fetch_offset || seen.records.back().offset < seen.fetch_offset)
            violate(fmt::format("{} was read from {}, and offsets {} to {} came",
                                to_string(seen.partition), seen.fetch_offset, expected,
                                seen.records.back().offset));
        auto& known = known_[seen.partition];
        for (auto const& record : seen.records) {
            if (record.offset != expected++)
                return violate(fmt::format("{} has offset {} where {} should be",
                                           to_string(seen.partition), record.offset, expected - 1));
            learn(known, seen.partition, record.offset, record.value);
        }
    }

    std::map<PartitionName, Known> known_;
};

}  // namespace

std::unique_ptr<Checker> offsets_dense(Violations& violations) {
    return std::make_unique<OffsetsDense>(violations);
}

}  // namespace klamm::sim
