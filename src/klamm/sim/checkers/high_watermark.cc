// sim/checkers/high_watermark.cc - the end that readers see never goes back, nothing at or behind
// it is shown, and nothing leaves that is not durable.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

class HighWatermark final : public Checker {
public:
    explicit HighWatermark(Violations& violations) : Checker("high_watermark", violations) {}

    void read(ReadRecords const& seen) override { look(seen); }
    void audited(ReadRecords const& log) override { look(log); }
    void serving(journal::Position position, journal::Position durable) override {
        if (position >= durable)
            violate(fmt::format("the batch at journal position {} is served; durable is {}",
                                std::uint64_t(position), std::uint64_t(durable)));
    }

private:
    void look(ReadRecords const& seen) {
        auto& floor = floors_[seen.partition];
        auto const known = floor.at(seen.asked, 0);
        if (seen.high_watermark < known)
            violate(fmt::format("{}: the high watermark was {} and is {}",
                                to_string(seen.partition), known, seen.high_watermark));
        if (!seen.records.empty() && seen.records.back().offset >= seen.high_watermark)
            violate(fmt::format("{}: offset {} is shown; the high watermark is {}",
                                to_string(seen.partition), seen.records.back().offset,
                                seen.high_watermark));
        floor.raise(seen.got, seen.high_watermark);
    }

    std::map<PartitionName, Floor> floors_;
};

}  // namespace

std::unique_ptr<Checker> high_watermark(Violations& violations) {
    return std::make_unique<HighWatermark>(violations);
}

}  // namespace klamm::sim
