// bus/fetcher.h - reads the partitions that stand open, with one request for all of them.
//
// The request waits at the broker until there is something. When a partition is opened meanwhile,
// the request is given up and a new one is made, which has it.
#pragma once

#include "klamm/bus/line.h"

#include <map>
#include <set>

namespace klamm::bus {

class Fetcher {
public:
    /// What happens. `trouble`: it does not work, for this reason; empty: it works.
    struct Hears {
        virtual ~Hears() = default;
        virtual void fetched(std::vector<Record> records) = 0;
        virtual void out_of_range(TopicPartition const& partition, std::int64_t from,
                                  std::int64_t to) = 0;
        virtual void fetch_trouble(std::string const& why) = 0;
    };

    Fetcher(std::shared_ptr<Setting> setting, std::string const& client_id,
            std::int32_t fetch_bytes_max, Hears& hears);

    void belong_to(std::weak_ptr<void> const& owner);
    void close();

    void resume(TopicPartition const& partition, std::int64_t offset);
    void pause(TopicPartition const& partition);
    void pause_all();

private:
    struct Open {
        std::int64_t offset = 0;  ///< or earliest, or latest: to be asked for
        std::uint64_t turn = 0;   ///< of resume(): what was asked for before does not count
        bool asking = false;
        bool ready() const { return offset >= 0 && !asking; }
    };

    void plan(Duration delay = Duration{0});
    void go();
    void ask_where(TopicPartition const& partition, Open& open);
    void found(TopicPartition const& partition, std::uint64_t turn, std::int64_t offset);
    bool covered() const;
    kafka::FetchRequest request();
    void heard(std::optional<kafka::AnyResponse> answer);
    /// False: it is to be tried again after a pause.
    bool read(TopicPartition const& partition, kafka::FetchResponse::PartitionData const& fetched,
              std::vector<Record>& records);

    std::shared_ptr<Setting> setting_;
    std::int32_t fetch_bytes_max_;
    Hears& hears_;
    std::shared_ptr<Line> line_;    ///< of requests that wait
    std::shared_ptr<Line> places_;  ///< of questions for offsets
    std::map<TopicPartition, Open> open_;
    std::map<TopicPartition, Open> asked_;  ///< of the request that is under way, or the last one
    bool in_flight_ = false;
    Instant sent_{};
    std::uint64_t flight_ = 0;
    std::uint64_t turns_ = 0;
    std::uint64_t plans_ = 0;
    std::optional<Instant> planned_;
    TopicPartition last_;  ///< that had records: the others come first
    std::string trouble_;
};

}  // namespace klamm::bus
