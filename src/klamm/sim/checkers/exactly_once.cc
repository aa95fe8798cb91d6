// sim/checkers/exactly_once.cc - what applications made of their input is there once for each input
// that their group committed, and is what the input says.
//
// An application writes for each piece of input that it read, in one transaction with the
// piece's end as committed offset, "x0.2-7:events/1:100-120#5f3a..": from offset 100 up to 120
// of partition 1, with the hash of what it was shown. It may write the same to several partitions.
#include "klamm/sim/checker.h"
#include "klamm/sim/processed.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::sim {
namespace {

class ExactlyOnce final : public Checker {
public:
    explicit ExactlyOnce(Violations& violations) : Checker("exactly_once", violations) {}

    void deletion_tried(PartitionName const& partition, std::int64_t offset) override {
        auto& last = deleted_to_[partition];
        last = std::max(last, offset);
    }
    void audited_topics(std::map<std::string, std::int32_t> const&) override {
        begin_audit();  // an audit before may not have come to its end
    }
    void audited(ReadRecords const& log) override {
        auto const fates = fates_of(log.batches);
        auto& input = inputs_[log.partition];
        input.log_start = log.log_start;
        for (std::size_t i = 0; i < log.batches.size(); ++i) {
            auto const& batch = log.batches[i];
            if (batch.marker() || fates[i] == Fate::open || fates[i] == Fate::aborted) continue;
            for (auto const& record : *batch.records) {
                if (record.offset < log.log_start) continue;
                input.records.push_back(record);
                if (auto const piece = parse_piece(record.value))
                    pieces_[piece->input].insert(*piece);
            }
        }
    }
    void commit_read(std::string const& group, PartitionName const& partition, std::int64_t offset,
                     Time) override {
        if (group == application_group) committed_[partition] = offset;
    }
    void audit_ended() override {
        for (auto const& [partition, offset] : committed_)
            check(partition, std::max<std::int64_t>(offset, 0));
        begin_audit();
    }

private:
    void begin_audit() {
        pieces_.clear();
        inputs_.clear();
        committed_.clear();
    }
    struct Input {
        std::int64_t log_start = 0;
        std::vector<SeenRecord> records;
    };

    void check(PartitionName const& partition, std::int64_t committed) {
        std::int64_t next = 0;
        for (auto const& piece : pieces_[partition]) {
            if (piece.from < next)
                return violate(fmt::format("{} was processed up to {} and again from {} to {} ({})",
                                           to_string(partition), next, piece.from, piece.to,
                                           piece.transaction));
            if (piece.from > next && deleted_to_[partition] < piece.from)
                return violate(fmt::format("{} was not processed from {} to {}; it goes on with {}",
                                           to_string(partition), next, piece.from,
                                           piece.transaction));
            next = piece.to;
            if (piece.from < inputs_[partition].log_start) continue;  // no longer there to compare
            if (auto const hash = hash_of(partition, piece); hash != piece.hash)
                return violate(fmt::format(
                    "{} made {:08x} of {} from {} to {}; the committed records there give {:08x}",
                    piece.transaction, piece.hash, to_string(partition), piece.from, piece.to,
                    hash));
        }
        if (next != committed)
            violate(fmt::format("{} was processed up to {}; the group committed {}",
                                to_string(partition), next, committed));
    }
    std::uint32_t hash_of(PartitionName const& partition, Piece const& piece) {
        auto const& records = inputs_[partition].records;
        PieceHash hash;
        auto at = std::ranges::lower_bound(records, piece.from, {}, &SeenRecord::offset);
        for (; at != records.end() && at->offset < piece.to; ++at) hash.add(*at);
        return hash.value();
    }

    std::map<PartitionName, std::int64_t> deleted_to_;
    // Of this audit.
    std::map<PartitionName, std::set<Piece>> pieces_;
    std::map<PartitionName, Input> inputs_;
    std::map<PartitionName, std::int64_t> committed_;
};

}  // namespace

std::unique_ptr<Checker> exactly_once(Violations& violations) {
    return std::make_unique<ExactlyOnce>(violations);
}

}  // namespace klamm::sim
