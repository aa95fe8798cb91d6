// sim/checkers/compaction_keeps.cc - of a compacted topic the newest record of each key stays, and
// each that is newer than the lag; what stays is as it was written; a deleted key does not come
// back, and what was aborted is not shown.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::sim {
namespace {

class CompactionKeeps final : public Checker {
public:
    explicit CompactionKeeps(Violations& violations) : Checker("compaction_keeps", violations) {}

    void table_tried(std::span<TableRecord const> records) override {
        pending_.clear();
        for (auto const& record : records) {
            pending_.insert(record.key);
            tried_[record.key].insert(record.value.value_or(deleted));
        }
    }
    void table_acked(std::span<TableRecord const> records) override {
        pending_.clear();
        for (auto const& record : records) written_[record.offset] = record;
    }
    void table_aborted(std::span<TableRecord const> records) override {
        pending_.clear();
        for (auto const& record : records) aborted_.insert(record.offset);
    }
    void table_audited(std::span<TableRecord const> found, std::int64_t now_ms) override {
        std::map<std::int64_t, TableRecord> log;
        std::int64_t before = -1;
        for (auto const& record : found) {
            if (record.offset <= before)
                return violate(fmt::format("offset {} comes behind {}", record.offset, before));
            before = record.offset;
            log[record.offset] = record;
            if (!check_one(record)) return;
        }
        for (auto const& [offset, record] : written_)
            if (now_ms - record.timestamp < table_lag_ms && !log.contains(offset))
                return violate(fmt::format("offset {} ({}) is newer than the lag, and is gone",
                                           offset, record.key));
        check_newest(log, now_ms);
    }

private:
    static constexpr auto deleted = "";

    bool check_one(TableRecord const& record) {
        if (aborted_.contains(record.offset)) {
            violate(
                fmt::format("offset {} ({}) was aborted, and is shown", record.offset, record.key));
            return false;
        }
        auto const known = written_.find(record.offset);
        if (known != written_.end() && known->second != record) {
            violate(fmt::format("offset {} was written with {}, and has {}", record.offset,
                                known->second.key, record.key));
            return false;
        }
        auto const& tried = tried_[record.key];
        if (known == written_.end() && !tried.contains(record.value.value_or(deleted))) {
            violate(fmt::format("offset {}: nobody wrote this to {}", record.offset, record.key));
            return false;
        }
        return true;
    }

    void check_newest(std::map<std::int64_t, TableRecord> const& log, std::int64_t now_ms) {
        std::map<std::string, TableRecord> newest;
        for (auto const& [offset, record] : written_) newest[record.key] = record;
        for (auto const& [key, record] : newest) {
            if (pending_.contains(key) || log.contains(record.offset)) continue;
            bool const may_go = !record.value && now_ms - record.timestamp >=
                                                     table_lag_ms + table_delete_retention_ms;
            if (!may_go)
                return violate(
                    fmt::format("offset {}, the newest of {}, is gone", record.offset, key));
            auto const older =
                std::ranges::find_if(log, [&](auto const& each) { return each.second.key == key; });
            if (older != log.end())
                return violate(fmt::format("{} was deleted at {}, and is back at {}", key,
                                           record.offset, older->first));
        }
    }

    std::map<std::int64_t, TableRecord> written_;
    std::map<std::string, std::set<std::string>> tried_;
    std::set<std::int64_t> aborted_;
    std::set<std::string> pending_;  ///< keys of what is under way: it may be there, and be newer
};

}  // namespace

std::unique_ptr<Checker> compaction_keeps(Violations& violations) {
    return std::make_unique<CompactionKeeps>(violations);
}

}  // namespace klamm::sim
