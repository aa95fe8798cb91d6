// bus/bus_fixture.h - for tests: a broker in virtual time, and connections to it that can be cut.
//
//     BrokerWorld world;
//     auto bus = world.make_bus();
//     world.cut = [](auto api) { return api == kafka::EndTxnRequest::api.key ? Cut::answer : ...;
//     }; world.run_until([&] { return done; });
//
// Requests and answers go through their frames, so that what cannot be encoded is noticed. What
// is committed to the journal is durable at once.
#pragma once

#include "klamm/broker/story.h"
#include "klamm/bus/embedded_bus.h"
#include "klamm/bus/link.h"
#include "klamm/bus/loop_fixture.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace klamm::bus {

/// What becomes of a request.
enum class Cut : std::uint8_t {
    none,
    request,  ///< the connection is lost before it arrives
    answer,   ///< it is done, and the connection is lost before the answer arrives
    silence,  ///< it is done, and no answer ever arrives
};

class BrokerWorld final : public Connector {
public:
    explicit BrokerWorld(broker::Options given = {}) : options(std::move(given)) { start(); }
    ~BrokerWorld() override { *alive_ = false; }

    VirtualLoop virtual_loop;
    broker::Options options;
    broker::StoryJournal journal;
    journal::MemoryExtents extents;
    /// Asked for each request; empty: none is cut.
    std::function<Cut(std::int16_t api)> cut;
    std::map<std::int16_t, int> requests;  ///< how many of each API arrived

    Loop& loop() { return virtual_loop; }
    std::unique_ptr<Bus> make_bus(EmbeddedOptions bus_options = {}) {
        bus_options.seed = ++buses_;
        return make_embedded_bus(virtual_loop, *this, bus_options);
    }
    static constexpr Duration long_enough{300'000};
    /// False: it does not come true.
    bool run_until(std::function<bool()> const& reached, Duration at_most = long_enough) {
        auto const until = virtual_loop.now().instant + at_most;
        while (!reached())
            if (!virtual_loop.step(until)) return false;
        return true;
    }
    void pass(Duration duration) { virtual_loop.pass(duration); }

    /// They are there when it returns.
    void create_topics(Bus& bus, std::vector<TopicSpec> topics) {
        std::optional<Result<void>> made;
        bus.create_topics(std::move(topics),
                          [&](Result<void> result) { made = std::move(result); });
        ASSERT_TRUE(run_until([&] { return made.has_value(); })) << "no answer";
        ASSERT_TRUE(*made) << made->error().why;
    }

    // ---- the broker ----------------------------------------------------------------------

    bool up() const { return broker_ != nullptr; }
    /// It dies. What was answered is in the journal.
    void kill() {
        broker_.reset();
        ++life_;
        journal.crash();
        for (auto& [id, open] : std::exchange(open_, {})) open->lost();
    }
    void start() {
        ++life_;
        tick_.reset();
        broker_ = std::make_unique<broker::Broker>(options, journal, life_);
        for (auto const& entry : journal.entries)
            EXPECT_EQ(broker_->replay(entry.at, entry.head, entry.body), std::nullopt);
        broker_->start(virtual_loop.now());
        pump();
    }
    broker::Broker& broker() { return *broker_; }

    std::unique_ptr<Connection> connect(std::string const& client_id) override {
        return std::make_unique<Wire>(*this, client_id);
    }

private:
    /// One side of it is the client's, the other the broker's.
    struct Open {
        struct Asked {
            kafka::RequestHeader header;
            Connection::Answer answer;
            std::optional<Bytes> frame;  ///< of the answer, until those before it are answered
            Cut cut{};
        };
        BrokerWorld& world;
        broker::ConnectionId id{};
        std::map<std::uint64_t, Asked> asked;
        std::uint64_t next = 0;
        bool gone = false;

        void lost() {
            gone = true;
            for (auto& [number, one] : std::exchange(asked, {}))
                world.virtual_loop.post(
                    [answer = std::move(one.answer)]() mutable { answer(std::nullopt); });
        }
        void flush() {
            while (!asked.empty() && asked.begin()->second.frame) {
                auto one = asked.extract(asked.begin());
                auto response = kafka::decode_response(one.mapped().header,
                                                       Slice{std::move(*one.mapped().frame)});
                ASSERT_TRUE(response) << response.error();
                world.virtual_loop.after(
                    latency, [answer = std::move(one.mapped().answer),
                              response = std::move(*response)]() mutable { answer(response); });
            }
        }
    };

    class Wire final : public Connection {
    public:
        Wire(BrokerWorld& world, std::string client_id)
            : client_id_(std::move(client_id)),
              world_alive_(world.alive_),
              open_(std::make_shared<Open>(Open{
                  .world = world, .id = broker::ConnectionId(++world.connections_), .asked = {}})) {
        }
        ~Wire() override {
            if (!*world_alive_) return;
            open_->world.closed(*open_);
            *closed_ = true;
        }
        void send(kafka::AnyRequest request, kafka::ApiVersion version, Answer answer) override {
            auto& world = open_->world;
            auto guarded = [closed = closed_, answer = std::move(answer)](
                               std::optional<kafka::AnyResponse> response) mutable {
                if (!*closed) answer(std::move(response));
            };
            if (open_->gone || !world.up()) {
                world.virtual_loop.post(
                    [guarded = std::move(guarded)]() mutable { guarded(std::nullopt); });
                return;
            }
            world.open_[open_->id] = open_;
            kafka::RequestHeader header{0, version, std::int32_t(open_->next), client_id_};
            std::visit([&]<class R>(R const&) { header.api_key = R::api.key; }, request);
            auto const frame = kafka::flatten(kafka::encode_request(header, request));
            auto const number = open_->next++;
            open_->asked[number] = {header, std::move(guarded), std::nullopt};
            world.virtual_loop.after(latency,
                                     [&world, open = open_, number,
                                      bytes = Bytes(frame.begin() + 4, frame.end())]() mutable {
                                         world.arrived(*open, number, std::move(bytes));
                                     });
        }

    private:
        std::string client_id_;
        std::shared_ptr<bool> world_alive_;
        std::shared_ptr<bool> closed_ = std::make_shared<bool>(false);
        std::shared_ptr<Open> open_;
    };

    static constexpr Duration latency{1};

    void arrived(Open& open, std::uint64_t number, Bytes frame) {
        if (open.gone || !up()) return open.lost();
        auto& asked = open.asked.at(number);
        asked.cut = cut ? cut(asked.header.api_key) : Cut::none;
        if (asked.cut == Cut::request) return close_by_broker(open);
        ++requests[asked.header.api_key];
        auto request = broker::prepare({open.id, number}, Slice{std::move(frame)}, "127.0.0.1",
                                       broker_->compressions().get(), broker_->validations().get());
        ASSERT_TRUE(request) << request.error();
        broker_->submit(std::move(*request), virtual_loop.now());
        pump();
    }
    void close_by_broker(Open& open) {
        open_.erase(open.id);
        open.lost();
        if (up()) broker_->disconnected(open.id, virtual_loop.now());
    }
    void closed(Open& open) {
        open.gone = true;
        open.asked.clear();
        if (open_.erase(open.id) > 0 && up()) {
            broker_->disconnected(open.id, virtual_loop.now());
            pump();
        }
    }
    void pump() {
        while (journal.next() > journal.durable()) {
            ASSERT_TRUE(journal.commit());
            broker_->durable(journal.durable(), virtual_loop.now());
        }
        for (auto& reply : broker_->take_replies()) answer(std::move(reply));
        auto const tick = broker_->next_tick();
        if (!tick || (tick_ && *tick_ <= *tick)) return;
        tick_ = tick;
        auto const delay = std::max(*tick - virtual_loop.now().instant, Duration{0});
        virtual_loop.after(delay, [this, life = life_, tick] {
            if (life != life_ || !up() || tick_ != tick) return;
            tick_.reset();
            broker_->tick(virtual_loop.now());
            pump();
        });
    }
    void answer(broker::Reply reply) {
        auto const found = open_.find(reply.id.connection);
        if (found == open_.end()) return;
        auto const open = found->second;
        auto const at = open->asked.find(reply.id.number);
        if (at == open->asked.end()) return;
        if (at->second.cut == Cut::answer) return close_by_broker(*open);
        if (at->second.cut == Cut::silence) return;
        broker::fill(reply, [&](broker::BatchPlace const& place) {
            return broker::read_place(journal, extents, place);
        });
        auto const frame = kafka::flatten(kafka::encode_response(at->second.header, reply.body));
        at->second.frame = Bytes(frame.begin() + 4, frame.end());
        open->flush();
    }

    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unique_ptr<broker::Broker> broker_;
    std::map<broker::ConnectionId, std::shared_ptr<Open>> open_;
    std::uint64_t connections_ = 0;
    std::uint64_t buses_ = 0;
    std::uint64_t life_ = 0;
    std::optional<Instant> tick_;
};

}  // namespace klamm::bus
