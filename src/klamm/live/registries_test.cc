// An App's formats with the registry of a broker, in the same process.
#include "klamm/live/registries.h"

#include "klamm/live/embedded_broker.h"
#include "klamm/live/thread_loop.h"

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

namespace klamm::live {
namespace {

using testing::HasSubstr;

struct Old {
    static constexpr EventName event{"orders.placed"};
    std::string order;
    std::int32_t cents = 0;
    bool operator==(Old const&) const = default;
    static constexpr void describe(auto& field) {
        field("order", &Old::order);
        field("cents", &Old::cents);
    }
};
struct More {  // than the old one: a field with a default, and a wider number
    static constexpr EventName event{"orders.placed"};
    std::string order;
    std::int64_t cents = 0;
    std::string currency = "EUR";
    bool operator==(More const&) const = default;
    static constexpr void describe(auto& field) {
        field("order", &More::order);
        field("cents", &More::cents);
        field("currency", &More::currency);
    }
};
struct Other {  // with cents that nobody can read as such
    static constexpr EventName event{"orders.placed"};
    std::string order;
    std::string cents;
    static constexpr void describe(auto& field) {
        field("order", &Other::order);
        field("cents", &Other::cents);
    }
};

class Registries : public testing::Test {
protected:
    Registries() {
        host::Options options;
        options.kafka.reset();
        options.http.reset();
        options.durability = host::Durability::memory;
        auto started = EmbeddedBroker::start(loop, options);
        EXPECT_TRUE(started.has_value()) << started.error();
        broker = std::move(*started);
        registry =
            loop.call([&] { return local_registry(broker->server().core().registry(), loop); });
    }
    ~Registries() override {
        loop.call([&] {
            codecs.clear();
            registry.reset();
        });
        broker.reset();
    }

    template <class E>
    static App sends() {
        App app{"a"};
        app.sends<E>("orders");
        return app;
    }
    template <class E>
    static App handles() {
        App app{"a"};
        app.on<E>("orders", [](E const&, Context&) { return done(); });
        return app;
    }
    /// What prepare() said; the codecs behind it are codecs.back().
    std::string prepare(Format format, App const& app) {
        std::promise<std::string> said;
        loop.call([&] {
            codecs.push_back(handler::make_codecs(format, registry.get(), loop));
            codecs.back()->prepare(app, [&](bus::Result<void> result) {
                said.set_value(result ? "" : result.error().why);
            });
        });
        return said.get_future().get();
    }
    template <class E>
    E read(std::string const& value) {
        std::promise<E> read;
        Message message;
        message.value = value;
        loop.call([&] {
            codecs.back()->decode(event_type<E>(), message, [&](auto result) {
                EXPECT_TRUE(result && *result);
                read.set_value(*static_cast<E const*>((*result)->get()));
            });
        });
        return read.get_future().get();
    }

    ThreadLoop loop;
    std::unique_ptr<EmbeddedBroker> broker;
    std::unique_ptr<handler::Registry> registry;
    std::vector<std::unique_ptr<handler::Codecs>> codecs;
};

TEST_F(Registries, TakeANewVersionAndRefuseABreakingOne) {
    for (auto const format : {Format::json, Format::avro}) {
        EXPECT_EQ(prepare(format, sends<Old>()), "");
        Old const event{"o-1", 7};
        auto const encoded = codecs.back()->encode("orders", event_type<Old>(), &event);
        EXPECT_EQ(encoded.error, "");
        EXPECT_EQ(encoded.value.front(), '\0');

        EXPECT_EQ(prepare(format, handles<More>()), "");
        EXPECT_EQ(prepare(format, sends<More>()), "") << "adding a field with a default";
        EXPECT_EQ(read<More>(encoded.value), (More{"o-1", 7, "EUR"}));

        auto const why = prepare(format, sends<Other>());
        EXPECT_THAT(why,
                    HasSubstr("the schema of orders.placed was refused: subject orders-value"));
        EXPECT_THAT(why, HasSubstr(format == Format::avro ? "TYPE_MISMATCH" : "TYPE_CHANGED"));
        EXPECT_THAT(why, HasSubstr(format == Format::avro ? "/fields/1" : "#/properties/cents"));
        EXPECT_THAT(why, HasSubstr("doc/events.md"));

        std::promise<void> deleted;
        broker->server().core().registry().ask(
            {.method = "DELETE", .target = "/subjects/orders-value"}, [&](host::HttpAnswer answer) {
                EXPECT_EQ(answer.status, 200) << answer.body;
                deleted.set_value();
            });
        deleted.get_future().wait();
    }
}

TEST_F(Registries, SayWhatIsNoUrl) {
    std::promise<bus::Error> said;
    std::unique_ptr<handler::Registry> http;
    loop.call([&] {
        http = http_registry("gopher://name:secret@host", loop);
        http->schema_by_id(7, [&](auto found) { said.set_value(found.error()); });
    });
    auto const error = said.get_future().get();
    loop.call([&] { http.reset(); });
    EXPECT_EQ(error.kind, bus::Error::Kind::refused);
    EXPECT_THAT(error.why, testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace klamm::live
