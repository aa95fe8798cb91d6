#include "klamm/remote/connector.h"

#include "klamm/remote/connection.h"

#include <utility>

namespace klamm::remote {
namespace {

/// What the owner holds: with it the connection ends, also inside an answer.
class Held final : public bus::Connection {
public:
    explicit Held(std::shared_ptr<remote::Connection> connection)
        : connection_(std::move(connection)) {}
    ~Held() override { connection_->close(); }
    void send(kafka::AnyRequest request, kafka::ApiVersion version, Answer answer) override {
        connection_->send(request, version, std::move(answer));
    }

private:
    std::shared_ptr<remote::Connection> const connection_;
};

}  // namespace

Connector::Connector(bus::Loop& loop, Poller& poller, std::vector<host::Address> bootstrap,
                     Route::Log log)
    : loop_(loop),
      poller_(poller),
      route_(std::make_shared<Route>(loop, std::move(bootstrap), std::move(log))) {}

std::unique_ptr<bus::Connection> Connector::connect(std::string const& client_id) {
    return std::make_unique<Held>(std::make_shared<Connection>(loop_, poller_, route_, client_id));
}

}  // namespace klamm::remote
