// Whatever clients send, in any version of any API: the broker lives, and what it answers can be
// encoded in that version. Requests are random, but speak of topics and groups that exist.
#include "klamm/broker/story.h"
#include "klamm/kafka/sample.h"

#include <map>

namespace klamm::broker {
namespace {

constexpr int requests_per_seed = 3000;

/// Makes random values meet what is there: names, ids and small numbers.
struct Aim {
    Random& random;
    std::vector<std::string> const& names;
    Uuid topic_id;
    kafka::ApiVersion version;

    bool hits() const { return !random.one_in(4); }

    template <class T>
    void at(T& value) {
        if constexpr (kafka::Described<T>) {
            Fields<T> visit{*this, value};
            T::describe(visit);
        } else if constexpr (std::same_as<T, std::string>) {
            if (hits()) value = names[random.below(names.size())];
        } else if constexpr (std::same_as<T, Uuid>) {
            if (hits()) value = topic_id;
        } else if constexpr (std::signed_integral<T>) {
            if (hits()) value = T(std::int64_t(random.below(4)) - 1);
        }
    }
    template <class T>
    void at(std::optional<T>& value) {
        if (value) at(*value);
    }
    void at(Bytes&) {}
    template <class T>
    void at(std::vector<T>& values) {
        for (auto& value : values) at(value);
    }

    template <class T>
    struct Fields {
        Aim& aim;
        T& message;
        void operator()(std::string_view, auto member, kafka::Presence p = kafka::always) {
            if (p.in(aim.version)) aim.at(message.*member);
        }
    };
};

/// Sends one random request of type T, and remembers the ids that the broker invents.
template <class T>
void send_one(Story& story, Random& random, std::vector<std::string>& names, Uuid& topic_id) {
    auto const versions = std::uint64_t(T::api.last - T::api.first + 1);
    auto const version = kafka::ApiVersion(T::api.first + std::int64_t(random.below(versions)));
    auto message = kafka::sample<T>(random, version);
    Aim{random, names, topic_id, version}.at(message);
    if constexpr (std::same_as<T, kafka::JoinGroupRequest>) {
        if (random.one_in(2)) message.session_timeout_ms = 10000;
        if (random.one_in(2)) message.member_id.clear();
    }
    auto const id = story.send(message, version);
    story.sync();
    auto const answer = story.reply<typename T::Response>(id);
    if (!answer) return;
    if constexpr (std::same_as<T, kafka::JoinGroupRequest>) names[4] = answer->member_id;
    if constexpr (std::same_as<T, kafka::CreateTopicsRequest>) {
        for (auto const& topic : answer->topics)
            if (!topic.topic_id.is_none()) topic_id = topic.topic_id;
    }
}

class AnyRequest : public testing::TestWithParam<std::uint64_t> {};

TEST_P(AnyRequest, IsAnsweredInAWayThatItsVersionCanSay) {
    using Send = void (*)(Story&, Random&, std::vector<std::string>&, Uuid&);
    std::map<std::int16_t, Send> described;
#define X(Name) described[kafka::Name##Request::api.key] = send_one<kafka::Name##Request>;
    KLAMM_KAFKA_APIS(X)
#undef X
    std::vector<Send> senders;
    for (auto const& api : Broker::apis()) senders.push_back(described.at(api.key));
    Story story;
    Random random{GetParam()};
    std::vector<std::string> names{"flights", "group", "consumer", "range", ""};
    Uuid topic_id;
    kafka::CreateTopicsRequest create;
    create.topics.push_back({.name = "flights", .num_partitions = 2, .replication_factor = 1});
    topic_id = story.ask(create).topics[0].topic_id;
    for (int i = 0; i < requests_per_seed; ++i) {
        senders[random.below(senders.size())](story, random, names, topic_id);
        if (random.one_in(4)) story.pass(Duration{std::int64_t(random.below(5000))});
        if (random.one_in(500)) story.checkpoint();
        if (random.one_in(500)) story.crash();
    }
}
INSTANTIATE_TEST_SUITE_P(Seeds, AnyRequest, testing::Range<std::uint64_t>(1, 11));

}  // namespace
}  // namespace klamm::broker
