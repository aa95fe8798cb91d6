// sim/checkers/no_lost_ack.cc - what was acknowledged, or shown to a reader, is there after every
// restart: records at their offsets, topics with their partitions.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

class NoLostAck final : public Checker {
public:
    explicit NoLostAck(Violations& violations) : Checker("no_lost_ack", violations) {}

    void topic_acked(std::string const& topic, std::int32_t partitions, Time) override {
        auto& known = topics_[topic];
        known = std::max(known, partitions);
    }
    void acked(Acked const& ack, Time) override {
        auto& known = known_[ack.partition];
        for (std::int64_t offset = ack.base_offset; auto const& value : ack.values)
            known.try_emplace(offset++, value);
    }
    void read(ReadRecords const& seen) override {
        auto& known = known_[seen.partition];
        for (auto const& record : seen.records) known.try_emplace(record.offset, record.value);
    }
    void audited_topics(std::map<std::string, std::int32_t> const& found) override {
        for (auto const& [topic, partitions] : topics_) {
            auto const it = found.find(topic);
            if (it == found.end())
                violate(fmt::format("topic {} was acknowledged and is gone", topic));
            else if (it->second < partitions)
                violate(fmt::format("topic {} had {} partitions and has {}", topic, partitions,
                                    it->second));
        }
    }
    void audited(ReadRecords const& log) override {
        auto const& known = known_[log.partition];
        auto at = log.records.begin();
        for (auto it = known.lower_bound(log.log_start); it != known.end(); ++it) {
            while (at != log.records.end() && at->offset < it->first) ++at;
            if (at == log.records.end() || at->offset != it->first)
                return violate(
                    fmt::format("{} offset {} ({}) was acknowledged or read, and is lost",
                                to_string(log.partition), it->first, it->second));
            if (at->value != it->second)
                return violate(fmt::format("{} offset {} was {} and is {}",
                                           to_string(log.partition), it->first, it->second,
                                           at->value));
        }
    }

private:
    std::map<std::string, std::int32_t> topics_;
    std::map<PartitionName, std::map<std::int64_t, std::string>> known_;
};

}  // namespace

std::unique_ptr<Checker> no_lost_ack(Violations& violations) {
    return std::make_unique<NoLostAck>(violations);
}

}  // namespace klamm::sim
