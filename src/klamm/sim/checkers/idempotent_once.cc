// sim/checkers/idempotent_once.cc - what an idempotent producer sent is in the log at most once,
// however often it was retried, and in the order in which it was sent.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

namespace klamm::sim {
namespace {

class IdempotentOnce final : public Checker {
public:
    explicit IdempotentOnce(Violations& violations) : Checker("idempotent_once", violations) {}

    void acked(Acked const& ack, Time) override {
        if (!ack.idempotent) return;
        auto& places = places_[ack.partition];
        for (std::int64_t offset = ack.base_offset; auto const& value : ack.values)
            learn(places, ack.partition, offset++, value);
    }
    void read(ReadRecords const& seen) override { look(seen); }
    void audited(ReadRecords const& log) override {
        look(log);
        std::map<std::string_view, std::int64_t> last;  // number by producer
        for (auto const& record : log.records) {
            if (!record.value.starts_with('i')) continue;
            auto const producer = std::string_view{record.value}.substr(0, record.value.find('-'));
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
    using Places = std::unordered_map<std::string, std::int64_t>;

    void learn(Places& places, PartitionName const& partition, std::int64_t offset,
               std::string const& value) {
        auto const [it, is_new] = places.try_emplace(value, offset);
        if (!is_new && it->second != offset)
            violate(fmt::format("{} holds {} at offset {} and again at {}", to_string(partition),
                                value, it->second, offset));
    }
    void look(ReadRecords const& seen) {
        auto& places = places_[seen.partition];
        for (auto const& record : seen.records)
            if (record.value.starts_with('i'))
                learn(places, seen.partition, record.offset, record.value);
    }

    std::map<PartitionName, Places> places_;
};

}  // namespace

std::unique_ptr<Checker> idempotent_once(Violations& violations) {
    return std::make_unique<IdempotentOnce>(violations);
}

}  // namespace klamm::sim
