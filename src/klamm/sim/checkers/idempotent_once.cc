// sim/checkers/idempotent_once.cc - what an idempotent producer sent is in the log at most once,
// however often it was retried, and in the order in which it was sent.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <charconv>

namespace klamm::sim {
namespace {

class IdempotentOnce final : public Checker {
public:
    explicit IdempotentOnce(Violations& violations) : Checker("idempotent_once", violations) {}

    void acked(Acked const& ack, Time) override {
        if (!ack.idempotent) return;
        for (std::int64_t offset = ack.base_offset; auto const& value : ack.values)
            learn(ack.partition, offset++, value);
    }
    void read(ReadRecords const& seen) override { look(seen); }
    void audited(ReadRecords const& log) override {
        look(log);
        std::map<std::string, std::int64_t> last;  // number by producer
        for (auto const& record : log.records) {
            if (!record.value.starts_with('i')) continue;
            auto const producer = record.value.substr(0, record.value.find('-'));
            auto const dash = record.value.rfind('-');
            std::int64_t number = 0;
            std::from_chars(record.value.data() + dash + 1,
                            record.value.data() + record.value.size(), number);
            auto const [it, is_new] = last.try_emplace(producer, number);
            if (!is_new && number <= it->second)
                return violate(fmt::format("{} offset {} holds {} behind number {} of {}",
                                           to_string(log.partition), record.offset, record.value,
                                           it->second, producer));
            it->second = number;
        }
    }

private:
    void learn(PartitionName const& partition, std::int64_t offset, std::string const& value) {
        auto const [it, is_new] = places_.try_emplace({partition, value}, offset);
        if (!is_new && it->second != offset)
            violate(fmt::format("{} holds {} at offset {} and again at {}", to_string(partition),
                                value, it->second, offset));
    }
    void look(ReadRecords const& seen) {
        for (auto const& record : seen.records)
            if (record.value.starts_with('i')) learn(seen.partition, record.offset, record.value);
    }

    std::map<std::pair<PartitionName, std::string>, std::int64_t> places_;
};

}  // namespace

std::unique_ptr<Checker> idempotent_once(Violations& violations) {
    return std::make_unique<IdempotentOnce>(violations);
}

}  // namespace klamm::sim
