// sim/reader.h - reads partitions of the main topic from positions on, as a consumer's fetcher
// does: with and without a fetch session, all records or committed ones.
#pragma once

#include "klamm/sim/member.h"

#include <cstdint>
#include <set>
#include <vector>

namespace klamm::sim {

/// What was read of one partition.
struct ReadPiece {
    std::int32_t partition = 0;
    std::int64_t from = 0;
    std::int64_t to = 0;            ///< the new position
    std::vector<SeenRecord> shown;  ///< in [from, to); without markers
};

class Reader {
public:
    Reader(Client& client, Progress& progress, bool committed)
        : client_(client), progress_(progress), committed_(committed) {}

    Offsets const& positions() const { return positions_; }
    /// Begins a new fetch session.
    void seek(Offsets positions);
    void forget_session() { session_ = 0; }

    /// Reads once, waits a little when there is nothing. False: not all partitions could be read.
    Task<bool> fetch(std::vector<ReadPiece>& pieces);

private:
    Services& services() { return client_.services(); }
    kafka::FetchRequest request();
    bool take(kafka::FetchResponse::PartitionData const& part, Time asked,
              std::vector<ReadPiece>& pieces);
    Task<> catch_up(Time asked);

    Client& client_;
    Progress& progress_;
    bool committed_;
    Offsets positions_, asked_;
    std::set<std::int32_t> behind_;  ///< whose records were deleted before they were read
    std::int32_t session_ = 0;
    std::int32_t epoch_ = 0;
};

}  // namespace klamm::sim
