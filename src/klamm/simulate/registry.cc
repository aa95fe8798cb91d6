#include "klamm/simulate/registry.h"

#include "klamm/handler/registry_client.h"
#include "klamm/registry/registry.h"

#include <string_view>
#include <utility>

namespace klamm::simulated {

class SchemaRegistry::Transport final : public handler::RegistryTransport {
public:
    Transport(SchemaRegistry& registry, bus::Loop& loop) : registry_(registry), loop_(loop) {}

    void send(Request request, bus::Done<Response> done) override {
        loop_.post([this, alive = std::weak_ptr(alive_), request = std::move(request),
                    done = std::move(done)]() mutable {
            if (alive.lock()) done(ask(request));
        });
    }

private:
    Response ask(Request const& request) {
        constexpr std::string_view json = "application/vnd.schemaregistry.v1+json";
        registry::World world;
        world.wall_ms = loop_.now().wall_ms;
        world.readers = [](std::string_view) { return std::vector<registry::Reader>{}; };
        auto answer = registry::answer(
            registry_.state_, {request.method, request.path, json, json, request.body}, world);
        for (auto const& change : answer.changes) registry_.state_.apply(change);
        return {answer.response.status, std::move(answer.response.body)};
    }

    SchemaRegistry& registry_;
    bus::Loop& loop_;
    std::shared_ptr<int> const alive_ = std::make_shared<int>(0);
};

std::unique_ptr<handler::Registry> SchemaRegistry::client(bus::Loop& loop) {
    return std::make_unique<handler::RegistryClient>(std::make_unique<Transport>(*this, loop));
}

std::unique_ptr<handler::Registry> SchemaRegistry::client_for(App const& app, bus::Loop& loop) {
    return app.options().format == Format::avro ? client(loop) : nullptr;
}

}  // namespace klamm::simulated
