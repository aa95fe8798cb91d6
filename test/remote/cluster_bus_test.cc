// Which bus it is, by what answers at the bootstrap addresses.
#include "klamm/live/cluster_bus.h"
#include "klamm/broker/broker.h"
#include "klamm/broker/identity.h"

#include "../kafka_bus/world.h"
#include "fake_server.h"

#include <gmock/gmock.h>

namespace klamm::live {
namespace {

using kafka_bus::test::server;
using remote::test::FakeServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ClusterBus : public testing::Test {
protected:
    void open(std::string bootstrap, std::map<std::string, std::string> client = {},
              Duration patience = Duration{30'000}) {
        auto made = make_cluster_bus(
            loop, loop.poller,
            {.bootstrap = std::move(bootstrap),
             .client = std::move(client),
             .patience = patience,
             .log = {},
             .say = [this](std::string const& line) { said.push_back(line); },
             .trouble = [this](std::string const& line) { troubles.push_back(line); }});
        ASSERT_TRUE(made.has_value()) << made.error();
        bus = std::move(*made);
    }
    void probe() {
        found.reset();
        bus->probe([this](auto result) { found = std::move(result); });
        EXPECT_FALSE(found.has_value());
    }
    bool answered() {
        return loop.run_until([&] { return found.has_value(); });
    }
    std::string description() {
        probe();
        EXPECT_TRUE(answered());
        return *found ? (**found).description : found->error().why;
    }
    /// Plays a server that says what it knows.
    static kafka::ApiVersionsResponse knows_all() {
        kafka::ApiVersionsResponse answer;
        for (auto const& api : broker::Broker::apis())
            answer.api_keys.push_back({api.key, api.first, api.last});
        answer.finalized_features_epoch = 0;
        answer.finalized_features.push_back({std::string(broker::klamm_feature), 1, 1});
        return answer;
    }
    static kafka::MetadataResponse brokers(std::int32_t count) {
        kafka::MetadataResponse answer;
        for (std::int32_t id = 1; id <= count; ++id)
            answer.brokers.push_back({.node_id = id, .host = "h", .port = 1});
        return answer;
    }

    kafka_bus::test::TestLoop loop;
    std::vector<std::string> said, troubles;
    std::unique_ptr<bus::Bus> bus;
    std::optional<bus::Result<bus::Capabilities>> found;
};

TEST_F(ClusterBus, AKlammServerIsSpokenToDirectly) {
    open(server().bootstrap());
    EXPECT_EQ(description(), "Klamm");
    EXPECT_EQ((**found).transaction_version, 2);
    EXPECT_EQ(description(), "Klamm");
    EXPECT_THAT(said, IsEmpty());
}

TEST_F(ClusterBus, WithSettingsOfLibrdkafkaItIsLibrdkafka) {
    open(server().bootstrap(), {{"client.id", "mine"}});
    EXPECT_THAT(description(), HasSubstr("a Kafka cluster"));
}

TEST_F(ClusterBus, ASettingThatLibrdkafkaDoesNotKnowIsRefused) {
    auto const made = make_cluster_bus(loop, loop.poller,
                                       {.bootstrap = "127.0.0.1:1",
                                        .client = {{"no.such", "x"}},
                                        .log = {},
                                        .say = {},
                                        .trouble = {}});
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error(), HasSubstr("no.such"));
}

TEST_F(ClusterBus, WhatWasAskedWhileNobodyWasThereIsAnsweredWhenSomebodyComes) {
    FakeServer fake(loop);
    open(fake.address());
    std::optional<bus::Result<std::vector<bus::TopicDescription>>> topics;
    bus->describe_topics({}, [&](auto result) { topics = std::move(result); });
    fake.accept();
    fake.request();
    fake.hang_up();  // and it is tried again
    fake.accept();
    fake.answer(fake.request().header, knows_all());
    fake.answer(fake.request().header, brokers(1));
    fake.accept();
    fake.answer(fake.request().header, brokers(1));
    ASSERT_TRUE(loop.run_until([&] { return topics.has_value(); }));
    EXPECT_TRUE(topics->has_value());
    EXPECT_THAT(troubles, ElementsAre(HasSubstr("closed the connection without an answer")));
    EXPECT_THAT(said, IsEmpty());
}

TEST_F(ClusterBus, WhoDoesNotAnswerIsAwayAndItsReasonIsNamed) {
    FakeServer fake(loop);
    auto const address = fake.address();
    fake.stop_listening();
    open(address, {}, Duration{200});
    for (int n = 0; n < 2; ++n) {
        probe();
        ASSERT_TRUE(answered());
        ASSERT_FALSE(found->has_value());
        EXPECT_EQ(found->error().kind, bus::Error::Kind::away);
        EXPECT_EQ(found->error().why,
                  address + " does not answer (" + address + ": Connection refused)");
    }
}

TEST_F(ClusterBus, ItMayBeDestroyedInItsAnswerOrBefore) {
    FakeServer fake(loop);
    auto const address = fake.address();
    fake.stop_listening();
    open(address, {}, Duration{200});
    bool called = false;
    bus->probe([&](auto const&) {
        bus.reset();
        called = true;
    });
    bus->probe([&](auto const&) { ADD_FAILURE() << "it is gone"; });
    EXPECT_TRUE(loop.run_until([&] { return called; }));
    open(address);
    probe();
    bus.reset();
    EXPECT_FALSE(loop.run_until([&] { return found.has_value(); }, Duration{50}));
}

TEST_F(ClusterBus, WhatIsNoKlammOfOurKindIsLeftToLibrdkafka) {
    auto old = knows_all();
    std::erase_if(old.api_keys, [](auto const& api) { return api.api_key == 68; });
    auto kafka = knows_all();
    kafka.finalized_features.clear();
    kafka::ApiVersionsResponse ancient;
    ancient.error_code = kafka::ErrorCode::unsupported_version;
    for (auto const& [answer, why] :
         {std::pair(old, "is a Klamm server of another version, without ConsumerGroupHeartbeat"),
          std::pair(kafka, "is no Klamm server"), std::pair(ancient, "is no Klamm server")}) {
        said.clear();
        FakeServer fake(loop);
        open(fake.address(), {}, Duration{200});
        probe();
        fake.accept();
        auto header = fake.request().header;
        if (answer.error_code != kafka::ErrorCode::none) header.api_version = 99;
        fake.answer(header, answer);
        ASSERT_TRUE(loop.run_until([&] { return !said.empty(); }));
        EXPECT_THAT(said, ElementsAre(HasSubstr(why)));
    }
}

TEST_F(ClusterBus, OneOfSeveralServersIsLeftToLibrdkafka) {
    FakeServer fake(loop);
    open(fake.address(), {}, Duration{200});
    probe();
    fake.accept();
    fake.answer(fake.request().header, knows_all());
    fake.answer(fake.request().header, brokers(3));
    ASSERT_TRUE(loop.run_until([&] { return !said.empty(); }));
    EXPECT_THAT(said, ElementsAre(HasSubstr("is one of 3 servers: it is reached by librdkafka")));
}

}  // namespace
}  // namespace klamm::live
