// sim/checkers/transaction_atomic.cc - a transaction is committed in all its partitions or in none,
// in the way in which its client was told that it ended.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

class TransactionAtomic final : public Checker {
public:
    explicit TransactionAtomic(Violations& violations)
        : Checker("transaction_atomic", violations) {}

    void transaction_ended(EndedTransaction const& ended) override {
        auto const [it, is_new] = ended_.try_emplace(ended.name, ended.committed);
        if (!is_new && it->second != ended.committed)
            violate(
                fmt::format("transaction {} was called both committed and aborted", ended.name));
    }
    void audited(ReadRecords const& log) override {
        auto const fates = fates_of(log.batches);
        for (std::size_t i = 0; i < log.batches.size(); ++i) {
            if (log.batches[i].kind != SeenBatch::Kind::transactional) continue;
            for (auto const& record : *log.batches[i].records)
                look(std::string(transaction_of(record.value)), log.partition, fates[i]);
        }
    }
    void audited_topics(std::map<std::string, std::int32_t> const&) override { fates_.clear(); }

private:
    struct Found {
        Fate fate{};
        PartitionName partition;
    };

    void look(std::string const& name, PartitionName const& partition, Fate fate) {
        auto const [it, is_new] = fates_.try_emplace(name, Found{fate, partition});
        if (!is_new && it->second.fate != fate)
            violate(fmt::format("transaction {} is {} in {} and {} in {}", name,
                                word(it->second.fate), to_string(it->second.partition), word(fate),
                                to_string(partition)));
        auto const ended = ended_.find(name);
        if (!is_new || ended == ended_.end()) return;
        if (fate == Fate::open || (fate == Fate::committed) != ended->second)
            violate(fmt::format("transaction {} was told to be {}; in {} it is {}", name,
                                ended->second ? "committed" : "aborted", to_string(partition),
                                word(fate)));
    }
    static std::string_view word(Fate fate) {
        return fate == Fate::open ? "open" : fate == Fate::committed ? "committed" : "aborted";
    }

    std::map<std::string, bool> ended_;   ///< whether committed
    std::map<std::string, Found> fates_;  ///< of this audit
};

}  // namespace

std::unique_ptr<Checker> transaction_atomic(Violations& violations) {
    return std::make_unique<TransactionAtomic>(violations);
}

}  // namespace klamm::sim
