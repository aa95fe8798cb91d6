#include "klamm/broker/groups/subscription.h"

#include "klamm/kafka/wire.h"

#include <algorithm>
#include <span>

namespace klamm::broker {

namespace {

constexpr std::int16_t has_owned_partitions = 1;
constexpr std::int16_t version_max = 3;

/// A length that may be -1 for null counts as 0.
std::int32_t length_of(kafka::Reader& in, std::int32_t length) {
    if (length < -1 || (length > 0 && std::size_t(length) > in.bytes_left()))
        in.fail(kafka::Refusal::bad_length);
    return in.failed() ? 0 : std::max(length, 0);
}

std::string read_string(kafka::Reader& in) {
    auto const bytes = in.take(std::size_t(length_of(in, in.integer<std::int16_t>())));
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

PartitionsByTopic read_partitions(kafka::Reader& in) {
    PartitionsByTopic out;
    for (auto topics = length_of(in, in.integer<std::int32_t>()); topics > 0; --topics) {
        auto& partitions = out[read_string(in)];
        for (auto n = length_of(in, in.integer<std::int32_t>()); n > 0 && !in.failed(); --n)
            partitions.push_back(in.integer<std::int32_t>());
        if (in.failed()) break;
    }
    return out;
}

}  // namespace

std::optional<std::vector<std::string>> subscribed_topics(ByteView metadata) {
    kafka::Reader in{metadata};
    if (in.integer<std::int16_t>() < 0) return std::nullopt;
    auto const count = in.integer<std::int32_t>();
    if (count < 0) return std::nullopt;
    std::vector<std::string> topics;
    for (auto n = length_of(in, count); n > 0 && !in.failed(); --n)
        topics.push_back(read_string(in));
    if (in.failed()) return std::nullopt;
    return topics;
}

std::optional<ClassicSubscription> read_subscription(ByteView metadata) {
    kafka::Reader in{metadata};
    ClassicSubscription out;
    out.version = in.integer<std::int16_t>();
    if (out.version < 0) return std::nullopt;
    for (auto n = length_of(in, in.integer<std::int32_t>()); n > 0 && !in.failed(); --n)
        out.topics.push_back(read_string(in));
    in.take(std::size_t(length_of(in, in.integer<std::int32_t>())));  // user data
    if (out.version >= has_owned_partitions) out.owned = read_partitions(in);
    if (in.failed()) return std::nullopt;
    return out;
}

std::optional<PartitionsByTopic> read_assignment(ByteView assignment) {
    if (assignment.empty()) return PartitionsByTopic{};
    kafka::Reader in{assignment};
    if (in.integer<std::int16_t>() < 0) return std::nullopt;
    auto out = read_partitions(in);
    auto const user_data = length_of(in, in.integer<std::int32_t>());
    if (in.failed() || user_data > 0) return std::nullopt;
    return out;
}

Bytes write_assignment(PartitionsByTopic const& partitions, std::int16_t version) {
    kafka::Writer out;
    out.integer(std::min(version, version_max));
    out.integer(std::int32_t(partitions.size()));
    for (auto const& [topic, numbers] : partitions) {
        out.integer(std::int16_t(topic.size()));
        out.raw(std::as_bytes(std::span{topic}));
        out.integer(std::int32_t(numbers.size()));
        for (auto const number : numbers) out.integer(number);
    }
    out.integer(std::int32_t(-1));  // no user data
    return std::move(out).finish_bytes();
}

Subscriptions::Subscriptions(StoredGroup const& group) {
    if (group.consumer) add(*group.consumer);
    if (group.members.empty()) return;
    known_ = group.protocol_type == consumer_protocol_type;
    for (auto const& [member_id, member] : group.members) {
        auto topics = subscribed_topics(member.subscription);
        if (!topics) known_ = false;
        if (topics) topics_.insert(topics->begin(), topics->end());
    }
}

void Subscriptions::add(ConsumerGroup const& group) {
    std::set<std::string> patterns;
    for (auto const& [member_id, member] : group.members) {
        topics_.insert(member.info.topics.begin(), member.info.topics.end());
        if (!member.info.topic_regex.empty()) patterns.insert(member.info.topic_regex);
    }
    for (auto const& pattern : patterns) regexes_.emplace_back(pattern);
}

bool Subscriptions::contains(std::string const& topic) const {
    return !known_ || topics_.contains(topic) ||
           std::ranges::any_of(regexes_, [&](TopicRegex const& regex) {
               return !regex.refused() && regex.matches(topic);
           });
}

}  // namespace klamm::broker
