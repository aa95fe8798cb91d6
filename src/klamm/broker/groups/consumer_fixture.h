// broker/groups/consumer_fixture.h - members of the consumer protocol, for stories in the world of
// groups_fixture.h.
//
//     Consumer ann{"ann"}, bob{"bob"};
//     ann.joins(world); bob.joins(world);
//     settle(world, {&ann, &bob});
//     EXPECT_EQ(ann.owned.size(), 2u);
#pragma once

#include "klamm/broker/groups/groups_fixture.h"

#include <set>

namespace klamm::broker::group_stories {

/// A client as it should be: it does at once what it is told.
struct Consumer {
    std::string name;
    std::optional<std::string> instance = std::nullopt;
    std::string group = "g";
    std::vector<std::string> topics = {"t"};
    std::optional<std::string> regex = std::nullopt;
    std::optional<std::string> assignor = std::nullopt;
    std::int32_t rebalance_ms = 60'000;
    std::uint64_t connection = 1;

    std::int32_t epoch = 0;
    std::set<TopicIdPartition> owned = {};
    std::string message = "";      ///< of the last error
    std::int32_t interval_ms = 0;  ///< of heartbeats, as it was told
    bool was_told = false;         ///< an assignment, by the last answer

    std::vector<kafka::ConsumerGroupHeartbeatRequest::TopicPartitions> report() const {
        std::vector<kafka::ConsumerGroupHeartbeatRequest::TopicPartitions> out;
        for (auto const& at : owned) {
            if (out.empty() || out.back().topic_id != at.topic_id) out.push_back({at.topic_id, {}});
            out.back().partitions.push_back(at.partition);
        }
        return out;
    }
    kafka::ConsumerGroupHeartbeatRequest request() const {
        kafka::ConsumerGroupHeartbeatRequest out;
        out.group_id = group;
        out.member_id = name;
        out.member_epoch = epoch;
        out.instance_id = instance;
        return out;
    }
    /// Everything that a member can say.
    kafka::ConsumerGroupHeartbeatRequest full_request() const {
        auto out = request();
        out.rebalance_timeout_ms = rebalance_ms;
        out.subscribed_topic_names = topics;
        out.subscribed_topic_regex = regex;
        out.server_assignor = assignor;
        out.topic_partitions = report();
        return out;
    }
    /// Sends it and takes in what comes back.
    ErrorCode says(World& world, kafka::ConsumerGroupHeartbeatRequest body) {
        auto const told = world.ask(std::move(body), 1, name, connection);
        message = told.error_message.value_or("");
        was_told = told.assignment.has_value();
        if (told.error_code != ErrorCode::none) return told.error_code;
        epoch = told.member_epoch;
        interval_ms = told.heartbeat_interval_ms;
        if (!told.assignment) return ErrorCode::none;
        owned.clear();
        for (auto const& topic : told.assignment->topic_partitions)
            for (auto const number : topic.partitions) owned.insert({topic.topic_id, number});
        return ErrorCode::none;
    }
    ErrorCode joins(World& world) {
        epoch = joining_epoch;
        owned.clear();
        return says(world, full_request());
    }
    /// A heartbeat that reports what it has.
    ErrorCode beats(World& world) {
        auto body = request();
        body.topic_partitions = report();
        return says(world, std::move(body));
    }
    ErrorCode leaves(World& world, std::int32_t how = leaving_epoch) {
        auto body = request();
        body.member_epoch = how;
        auto const told = world.ask(std::move(body), 1, name, connection);
        owned.clear();
        return told.error_code;
    }
    ErrorCode commits(World& world, std::int64_t offset, std::int32_t at_epoch,
                      std::int32_t partition = 0, kafka::ApiVersion version = 9) {
        kafka::OffsetCommitRequest body;
        body.group_id = group;
        body.generation_id_or_member_epoch = at_epoch;
        body.member_id = name;
        body.group_instance_id = instance;
        auto& t = body.topics.emplace_back();
        t.name = "t";
        t.partitions.push_back({partition, offset, 3, "note"});
        return world.ask(std::move(body), version).topics.at(0).partitions.at(0).error_code;
    }
    std::vector<std::int32_t> numbers(World& world, std::string const& topic = "t") const {
        std::vector<std::int32_t> out;
        auto const* known = world.step.held->topic(topic);
        for (auto const& at : owned)
            if (known != nullptr && at.topic_id == known->id) out.push_back(at.partition);
        return out;
    }
};

inline ConsumerGroup const& consumer_group(World& world, std::string const& group = "g") {
    return *world.step.held->groups.consumer(group);
}

/// Heartbeats of all until nothing changes any more; then everybody has what it is to have.
inline void settle(World& world, std::vector<Consumer*> consumers) {
    constexpr int rounds_max = 20;
    for (int round = 0; round < rounds_max; ++round) {
        auto const before = world.step.journaled.size();
        for (auto* consumer : consumers) ensure(consumer->beats(world) == ErrorCode::none);
        if (world.step.journaled.size() == before) return;
    }
    ensure(!"the group does not settle");
}

}  // namespace klamm::broker::group_stories
