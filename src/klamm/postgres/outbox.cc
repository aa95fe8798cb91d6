#include "klamm/handler/companion.h"
#include "klamm/postgres/relay.h"
#include "klamm/postgres/table.h"

#include <memory>

namespace klamm {
namespace {

class Outbox final : public Companion {
public:
    explicit Outbox(OutboxOptions options) : options_(std::move(options)) {}

    void start(Parts parts) override {
        table_ = std::make_unique<postgres::PostgresTable>(parts.loop, options_);
        relay_ = std::make_unique<postgres::Relay>(parts.loop, parts.bus, *table_,
                                                   postgres::RelayOptions{
                                                       .name = options_.name,
                                                       .topic_prefix = options_.topic_prefix,
                                                       .partitions = options_.partitions,
                                                       .batch = options_.batch,
                                                       .poll_interval = options_.poll_interval,
                                                   },
                                                   parts.log);
        relay_->start();
    }
    void stop() override {
        relay_.reset();
        table_.reset();
    }
    std::vector<Problem> problems() const override {
        return relay_ ? relay_->problems() : std::vector<Problem>{};
    }

private:
    OutboxOptions const options_;
    std::unique_ptr<postgres::PostgresTable> table_;
    std::unique_ptr<postgres::Relay> relay_;
};

}  // namespace

std::shared_ptr<Companion> outbox(OutboxOptions options) {
    return std::make_shared<Outbox>(std::move(options));
}

}  // namespace klamm
