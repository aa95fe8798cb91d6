// The embedded bus with a broker in virtual time: what every bus must do.
#include "klamm/bus/bus_fixture.h"
#include "klamm/bus/conformance.h"

namespace klamm::bus {
namespace {

class EmbeddedWorld {
public:
    std::unique_ptr<Bus> make_bus() { return world_.make_bus(); }
    std::unique_ptr<Bus> make_absent_bus() {
        return make_embedded_bus(world_.virtual_loop, nobody_, {.patience = Duration{10'000}});
    }
    void create_topics(Bus& bus, std::vector<TopicSpec> topics) {
        world_.create_topics(bus, std::move(topics));
    }
    bool run_until(std::function<bool()> const& reached) { return world_.run_until(reached); }
    void pass(Duration duration) { world_.pass(duration); }
    std::string unique(std::string name) { return name + std::to_string(++names_); }
    std::int64_t wall_ms() { return world_.virtual_loop.now().wall_ms; }

private:
    class Nobody final : public Connector {
    public:
        explicit Nobody(Loop& loop) : loop_(loop) {}
        std::unique_ptr<Connection> connect(std::string const&) override {
            return std::make_unique<Dead>(loop_);
        }

    private:
        struct Dead final : Connection {
            explicit Dead(Loop& on) : loop(on) {}
            void send(kafka::AnyRequest, kafka::ApiVersion, Answer answer) override {
                loop.post([answer = std::move(answer)]() mutable { answer(std::nullopt); });
            }
            Loop& loop;
        };
        Loop& loop_;
    };

    BrokerWorld world_;
    Nobody nobody_{world_.virtual_loop};
    int names_ = 0;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, BusConformance, EmbeddedWorld);

TEST(EmbeddedBus, AMemberThatComesAgainUnderItsNameTakesOverAtOnce) {
    EmbeddedWorld world;
    auto const bus = world.make_bus();
    world.create_topics(*bus, {{.name = "events"}});
    auto const come = [&](TestSubscriber& hears) {
        auto member =
            bus->make_consumer({.group = "group", .topics = {"events"}, .instance = "a"}, hears);
        hears.consumer = member.get();
        EXPECT_TRUE(world.run_until([&] { return !hears.mine.empty(); }));
        return member;
    };
    TestSubscriber first, second;
    come(first).reset();  // as in a crash
    auto const before = world.wall_ms();
    auto const member = come(second);
    EXPECT_LT(world.wall_ms() - before, 1'000);  // its session would have lasted for 45 s
}

TEST(EmbeddedBus, APredecessorThatLivesHearsThatItsNameIsTakenAndStaysAway) {
    EmbeddedWorld world;
    auto const bus = world.make_bus();
    world.create_topics(*bus, {{.name = "events"}});
    TestSubscriber first, second;
    auto const come = [&](TestSubscriber& hears) {
        auto member =
            bus->make_consumer({.group = "group", .topics = {"events"}, .instance = "a"}, hears);
        hears.consumer = member.get();
        return member;
    };
    auto const predecessor = come(first);
    ASSERT_TRUE(world.run_until([&] { return !first.mine.empty(); }));
    auto const member = come(second);
    ASSERT_TRUE(world.run_until([&] { return !second.mine.empty(); }));
    ASSERT_TRUE(world.run_until([&] { return first.mine.empty(); }));
    ASSERT_TRUE(world.run_until([&] { return !first.away_because.empty(); }));
    EXPECT_NE(first.away_because[0].find("'a'"), std::string::npos) << first.away_because[0];
    world.pass(Duration{120'000});
    EXPECT_TRUE(second.gone.empty());
    EXPECT_EQ(second.mine.size(), 1U);
    EXPECT_TRUE(first.mine.empty());
    EXPECT_EQ(first.away_because.size(), 1U);
}

}  // namespace
}  // namespace klamm::bus
