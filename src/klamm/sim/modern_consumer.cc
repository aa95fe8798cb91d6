// sim/modern_consumer.cc - members of groups of the consumer protocol (KIP-848).
//
// A member reads what its last heartbeat gave it, goes on reading for a while what a heartbeat took
// away, and says that it gave it up only after it really did.
#include "klamm/sim/audit.h"
#include "klamm/sim/fetched.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

#include <set>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;
using Heartbeat = kafka::ConsumerGroupHeartbeatRequest;

constexpr kafka::ApiVersion heartbeat_version = 1;
constexpr kafka::ApiVersion commit_version = 9;
constexpr kafka::ApiVersion offsets_version = 9;
constexpr std::int32_t joins = 0;
constexpr std::int32_t leaves = -1;
constexpr std::int32_t leaves_for_a_while = -2;
constexpr Time heartbeat_interval = 800 * millisecond;
constexpr std::int32_t fetch_wait_ms = 300;
constexpr std::int32_t fetch_bytes_max = 200'000;
constexpr Time retry_pause = 150 * millisecond;
constexpr Time away_max = 5 * second;

class ModernMember {
public:
    ModernMember(Client& client, Progress& progress, std::string group)
        : client_(client), progress_(progress), group_(std::move(group)) {
        if (client.random.one_in(3)) instance_ = client.name();
        regex_ = client.random.one_in(3);
    }

    Task<> run() {
        while (!services().over) {
            if (epoch_ == joins && !fresh_) new_life();
            bool const heard = co_await beat();  // in an `if` with a `continue`, gcc 12 fails
            if (heard)
                co_await read_for_a_while();
            else
                co_await services().schedule.sleep(retry_pause);
            if (heard && !services().over && !services().calm) co_await perhaps_go();
        }
    }

private:
    Services& services() { return client_.services(); }
    std::string who() const { return instance_.value_or(member_id_); }

    void new_life() {
        member_id_ = fmt::format("{}-{}", client_.name(), ++lives_);
        fresh_ = true;
        give_up_everything();
    }
    void give_up_everything() {
        owned_.clear();
        positions_.clear();
        epoch_ = joins;
        tell_what_it_has(0);
    }
    /// What it may be reading, and until when its session surely lasts.
    void tell_what_it_has(Time heard) {
        std::vector<PartitionName> names;
        for (auto const number : owned_) names.push_back({std::string(main_topic), number});
        services().checkers.tell(&Checker::holds, group_, who(),
                                 std::span<PartitionName const>{names}, services().schedule.now(),
                                 heard + modern_session);
    }

    Heartbeat request() {
        Heartbeat out;
        out.group_id = group_;
        out.member_id = member_id_;
        out.member_epoch = epoch_;
        out.instance_id = instance_;
        if (say_all_ || epoch_ == joins) {
            out.rebalance_timeout_ms = std::int32_t(2 * modern_session / millisecond);
            out.subscribed_topic_names.emplace();
            if (regex_)
                out.subscribed_topic_regex = "ev[a-z]+";
            else
                out.subscribed_topic_names->emplace_back(main_topic);
        }
        auto& mine = out.topic_partitions.emplace();
        if (epoch_ != joins && !owned_.empty())
            mine.push_back({topic_id_, {owned_.begin(), owned_.end()}});
        return out;
    }

    /// False: try again, after a pause.
    Task<bool> beat() {
        auto const asked = services().schedule.now();
        auto const answer = co_await client_.ask(request(), heartbeat_version);
        say_all_ = !answer;
        if (!answer) co_return false;
        switch (answer->error_code) {
            case ErrorCode::none:
                break;
            case ErrorCode::fenced_member_epoch:
            case ErrorCode::unknown_member_id:
            case ErrorCode::fenced_instance_id:
                give_up_everything();
                fresh_ = false;
                co_return false;
            case ErrorCode::unreleased_instance_id:  // its last life has not ended yet
            case ErrorCode::coordinator_not_available:
                co_return false;
            default:
                services().violations.report("protocol",
                                             fmt::format("a heartbeat is refused with {}",
                                                         kafka::to_string(answer->error_code)));
                co_return false;
        }
        fresh_ = false;
        epoch_ = answer->member_epoch;
        if (answer->assignment) co_await take(*answer->assignment);
        tell_what_it_has(asked);
        co_return true;
    }

    Task<> take(kafka::ConsumerGroupHeartbeatResponse::Assignment const& assignment) {
        std::set<std::int32_t> next;
        for (auto const& topic : assignment.topic_partitions) {
            topic_id_ = topic.topic_id;
            next.insert(topic.partitions.begin(), topic.partitions.end());
        }
        bool const loses = !std::ranges::includes(next, owned_);
        owned_.insert(next.begin(), next.end());
        tell_what_it_has(services().schedule.now());
        if (loses) co_await commit();
        owned_ = next;
        std::erase_if(positions_, [&](auto const& at) { return !next.contains(at.first); });
        ++progress_.generations;
        services().trace.note("{} has {} partitions in epoch {}", client_.name(), owned_.size(),
                              epoch_);
        std::vector<PartitionName> names;
        for (auto const number : owned_) names.push_back({std::string(main_topic), number});
        services().checkers.tell(&Checker::assigned, group_, epoch_, who(),
                                 std::span<PartitionName const>{names});
    }

    Task<> read_for_a_while() {
        auto const until = services().schedule.now() + heartbeat_interval;
        while (!services().over && services().schedule.now() < until) {
            if (owned_.empty() || !co_await find_positions() || !co_await fetch()) {
                co_await services().schedule.sleep(retry_pause);
                continue;
            }
            if (!client_.random.one_in(3)) co_await commit();
        }
    }

    Task<> perhaps_go() {
        if (services().strikes(Fault::client_gone, client_.random)) {
            services().trace.note("{} dies", client_.name());
            client_.drop();
            give_up_everything();
            fresh_ = false;
            co_await services().schedule.sleep(Time(client_.random.below(away_max)));
        } else if (client_.random.one_in(30)) {
            auto body = request();
            body.member_epoch = instance_ && client_.random.one_in(2) ? leaves_for_a_while : leaves;
            give_up_everything();
            fresh_ = false;
            co_await client_.ask(std::move(body), heartbeat_version);
            co_await services().schedule.sleep(Time(client_.random.below(away_max)));
        }
    }

    // ---- reading --------------------------------------------------------------------------

    static PartitionName events(std::int32_t number) { return {std::string(main_topic), number}; }

    Task<bool> find_positions() {
        kafka::OffsetFetchRequest body;
        auto& group = body.groups.emplace_back();
        group.group_id = group_;
        group.member_id = member_id_;
        group.member_epoch = epoch_;
        auto& topic = group.topics.emplace().emplace_back();
        topic.name = main_topic;
        for (auto const number : owned_)
            if (!positions_.contains(number)) topic.partition_indexes.push_back(number);
        if (topic.partition_indexes.empty()) co_return true;
        auto const asked = services().schedule.now();
        auto const answer = co_await client_.ask(std::move(body), offsets_version);
        if (!answer || answer->groups.at(0).error_code != ErrorCode::none) co_return false;
        for (auto const& found : answer->groups[0].topics)
            for (auto const& part : found.partitions) {
                if (part.error_code != ErrorCode::none) co_return false;
                auto const name = events(part.partition_index);
                services().checkers.tell(&Checker::commit_read, group_, name, part.committed_offset,
                                         asked);
                auto const offset = std::max<std::int64_t>(part.committed_offset, 0);
                positions_[part.partition_index] = offset;
                auto& best = progress_.committed[{group_, name}];
                best = std::max(best, offset);  // a commit without an answer was done
            }
        co_return true;
    }

    /// False: nothing came, for a reason.
    Task<bool> fetch() {
        kafka::FetchRequest body;
        body.max_wait_ms = fetch_wait_ms;
        body.min_bytes = 1;
        body.max_bytes = fetch_bytes_max;
        body.session_epoch = -1;
        auto& topic = body.topics.emplace_back();
        topic.topic = main_topic;
        for (auto const& [number, position] : positions_) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition = number;
            partition.fetch_offset = position;
            partition.partition_max_bytes = fetch_bytes_max;
        }
        auto const asked = services().schedule.now();
        auto const answer = co_await client_.ask(std::move(body), 12);
        if (!answer || answer->error_code != ErrorCode::none) co_return false;
        bool all_good = true;
        std::vector<std::int32_t> behind;
        for (auto const& found : answer->responses)
            for (auto const& part : found.partitions) {
                if (part.error_code == ErrorCode::offset_out_of_range)
                    behind.push_back(part.partition_index);
                all_good &= part.error_code == ErrorCode::none;
                if (part.error_code == ErrorCode::none) read(part, asked);
            }
        for (auto const number : behind) {
            auto const begin = co_await list_offset(client_, events(number), earliest_offset);
            if (begin) positions_[number] = std::max(positions_[number], begin->offset);
        }
        co_return all_good;
    }

    void read(kafka::FetchResponse::PartitionData const& part, Time asked) {
        auto const name = events(part.partition_index);
        auto& position = positions_.at(part.partition_index);
        auto const batches = services().batches.read(name, part.records);
        auto const seen = records_of(batches);
        services().checkers.tell(
            &Checker::read,
            ReadRecords{name, asked, services().schedule.now(), position, part.log_start_offset,
                        part.high_watermark, seen, part.last_stable_offset, batches, std::nullopt});
        if (!seen.empty() && seen.back().offset >= position) {
            progress_.records_read += std::uint64_t(seen.back().offset + 1 - position);
            position = seen.back().offset + 1;
        }
        if (part.partition_index >= services().plan.partitions) return;  // added by the admin
        auto& end = progress_.ends[name];
        end = std::max(end, part.high_watermark);
    }

    Task<> commit() {
        if (positions_.empty() || positions_ == committed_) co_return;
        kafka::OffsetCommitRequest body;
        body.group_id = group_;
        body.generation_id_or_member_epoch = epoch_;
        body.member_id = member_id_;
        body.group_instance_id = instance_;
        auto& topic = body.topics.emplace_back();
        topic.name = main_topic;
        auto const committing = positions_;
        for (auto const& [number, position] : committing) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = number;
            partition.committed_offset = position;
        }
        auto const answer = co_await client_.ask(std::move(body), commit_version);
        if (!answer) {
            for (auto const& [number, offset] : committing)
                services().checkers.tell(&Checker::commit_unanswered, group_, events(number),
                                         offset);
            co_return;
        }
        for (auto const& part : answer->topics.at(0).partitions) {
            if (part.error_code != ErrorCode::none) continue;
            auto const offset = committing.at(part.partition_index);
            auto const name = events(part.partition_index);
            ++progress_.commits;
            services().checkers.tell(&Checker::commit_acked, group_, name, offset,
                                     services().schedule.now());
            auto& best = progress_.committed[{group_, name}];
            best = std::max(best, offset);
        }
        committed_ = committing;
    }

    Client& client_;
    Progress& progress_;
    std::string group_;
    std::optional<std::string> instance_;
    bool regex_ = false;
    std::string member_id_;
    int lives_ = 0;
    bool fresh_ = false;    ///< it has an id under which it has not joined yet
    bool say_all_ = false;  ///< the last answer was lost
    std::int32_t epoch_ = joins;
    Uuid topic_id_;
    std::set<std::int32_t> owned_;
    std::map<std::int32_t, std::int64_t> positions_, committed_;
};

}  // namespace

Task<> consume_modern(Client& client, Progress& progress, std::string group) {
    ModernMember member{client, progress, std::move(group)};
    co_await member.run();
}

}  // namespace klamm::sim
