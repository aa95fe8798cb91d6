// sim/consumer.cc - members of classic consumer groups that read, and commit what they have read.
#include "klamm/sim/audit.h"
#include "klamm/sim/reader.h"
#include "klamm/sim/workloads.h"

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr Time heartbeat_interval = 1 * second;
constexpr Time retry_pause = 150 * millisecond;
constexpr Time away_max = 5 * second;

class Consumer {
public:
    Consumer(Client& client, Progress& progress, std::string group)
        : client_(client),
          progress_(progress),
          member_(client, progress, std::move(group)),
          reader_(client, progress, client.random.one_in(2)) {}

    Task<> run() {
        while (!services().over) {
            bool const joined = co_await member_.join();
            if (joined) co_await go_on();
            co_await services().schedule.sleep(retry_pause);
        }
    }

private:
    Services& services() { return client_.services(); }

    Task<> go_on() {
        bool const found = co_await member_.find_committed(committed_);
        if (!found) co_return;
        reader_.seek(committed_);
        co_await read_and_commit();
    }

    Task<> read_and_commit() {
        auto last_heartbeat = services().schedule.now();
        while (!services().over) {
            std::vector<ReadPiece> pieces;
            bool const fetched = co_await reader_.fetch(pieces);
            if (!fetched) co_await services().schedule.sleep(retry_pause);
            bool const committed = co_await commit();
            if (!committed) co_return;
            if (services().schedule.now() - last_heartbeat >= heartbeat_interval) {
                last_heartbeat = services().schedule.now();
                bool const remains = co_await member_.beat();
                if (!remains) co_return;
            }
            if (services().strikes(Fault::client_gone, client_.random)) {
                services().trace.note("{} dies", client_.name());
                client_.drop();
                member_.forget();
                co_await services().schedule.sleep(Time(client_.random.below(away_max)));
                co_return;
            }
            if (!services().calm && client_.random.one_in(60)) {
                co_await member_.leave();
                co_await services().schedule.sleep(Time(client_.random.below(away_max)));
                co_return;
            }
        }
    }

    /// False: the member must join again.
    Task<bool> commit() {
        auto const committing = reader_.positions();
        if (committing == committed_ || client_.random.one_in(3)) co_return true;
        kafka::OffsetCommitRequest request;
        request.group_id = member_.group();
        request.generation_id_or_member_epoch = member_.generation();
        request.member_id = member_.member_id();
        request.group_instance_id = member_.instance();
        auto& topic = request.topics.emplace_back();
        topic.name = main_topic;
        for (auto const& [number, position] : committing) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = number;
            partition.committed_offset = position;
        }
        auto const answer = co_await client_.ask(std::move(request), 8);
        if (!answer) {  // again, later
            for (auto const& [number, offset] : committing)
                services().checkers.tell(&Checker::commit_unanswered, member_.group(),
                                         main_partition(number), offset);
            co_return true;
        }
        for (auto const& part : answer->topics.at(0).partitions) {
            if (part.error_code == ErrorCode::none) {
                auto const offset = committing.at(part.partition_index);
                committed_[part.partition_index] = offset;
                ++progress_.commits;
                auto const name = main_partition(part.partition_index);
                services().checkers.tell(&Checker::commit_acked, member_.group(), name, offset,
                                         services().schedule.now());
                auto& best = progress_.committed[{member_.group(), name}];
                best = std::max(best, offset);
            } else if (!kafka::is_retriable(part.error_code)) {
                if (part.error_code == ErrorCode::unknown_member_id) member_.forget();
                co_return false;
            }
        }
        co_return true;
    }

    Client& client_;
    Progress& progress_;
    Member member_;
    Reader reader_;
    Offsets committed_;
};

}  // namespace

Task<> consume(Client& client, Progress& progress, std::string group) {
    Consumer consumer{client, progress, std::move(group)};
    co_await consumer.run();
}

}  // namespace klamm::sim
