// sim/checkers/log_start.cc - a log begins where somebody asked it to, and never again before the
// start that was acknowledged.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

class LogStart final : public Checker {
public:
    explicit LogStart(Violations& violations) : Checker("log_start", violations) {}

    void deletion_tried(PartitionName const& partition, std::int64_t offset) override {
        auto& last = tried_[partition];
        last = std::max(last, offset);
    }
    void deletion_acked(PartitionName const& partition, std::int64_t log_start, Time now) override {
        floors_[partition].raise(now, log_start);
    }
    void log_start_read(PartitionName const& partition, std::int64_t log_start, Time asked,
                        Time got) override {
        auto const floor = floors_[partition].at(asked, 0);
        if (log_start < floor)
            violate(fmt::format("{} begins at {}; it began at {} before", to_string(partition),
                                log_start, floor));
        if (log_start > tried_[partition])
            violate(fmt::format("{} begins at {}; nobody deleted more than up to {}",
                                to_string(partition), log_start, tried_[partition]));
        floors_[partition].raise(got, log_start);
    }
    void audited(ReadRecords const& log) override {
        log_start_read(log.partition, log.log_start, log.asked, log.got);
    }

private:
    std::map<PartitionName, std::int64_t> tried_;
    std::map<PartitionName, Floor> floors_;
};

}  // namespace

std::unique_ptr<Checker> log_start(Violations& violations) {
    return std::make_unique<LogStart>(violations);
}

}  // namespace klamm::sim
