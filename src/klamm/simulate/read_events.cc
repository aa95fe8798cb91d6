#include "klamm/simulate/read_events.h"

#include "klamm/handler/progress.h"

namespace klamm::simulated {

namespace {

/// Does at once what is asked of it.
class AtOnce final : public bus::Loop {
public:
    Now now() const override { return {}; }
    void post(Job job) override { job(); }
    void after(Duration, Job) override {}
};

}  // namespace

std::vector<std::shared_ptr<void const>> read_events(SchemaRegistry& registry,
                                                     std::span<StoredMessage const> messages,
                                                     EventType const& type) {
    std::vector<std::shared_ptr<void const>> events;
    AtOnce loop;
    auto const client = registry.client(loop);
    auto const codecs = handler::make_codecs(Format::json, client.get(), loop);
    for (auto const& stored : messages) {
        if (stored.event.type != type.name) continue;
        Message const message{stored.position, stored.timestamp, stored.key,
                              stored.value,    stored.headers,   stored.event};
        codecs->decode(type, message, [&](auto decoded) {
            if (decoded && *decoded) events.push_back(std::move(**decoded));
        });
    }
    return events;
}

bool waits(std::map<bus::TopicPartition, bus::Committed> const& redriven, Position const& letter) {
    auto const found = redriven.find({letter.topic, letter.partition});
    if (found == redriven.end() || found->second.offset < 0) return true;
    auto const progress = handler::Progress::read(found->second.offset, found->second.metadata);
    return progress ? !progress->finished(letter.offset) : letter.offset >= found->second.offset;
}

void add(Counts& sum, Counts const& counts) {
    sum.handled += counts.handled;
    sum.done += counts.done;
    sum.skipped += counts.skipped;
    sum.unknown += counts.unknown;
    sum.duplicates += counts.duplicates;
    sum.retries += counts.retries;
    sum.dead_letters += counts.dead_letters;
    sum.parked += counts.parked;
    sum.redriven += counts.redriven;
    sum.sent += counts.sent;
    sum.transactions += counts.transactions;
    sum.transactions_failed += counts.transactions_failed;
    sum.rebalances += counts.rebalances;
}

}  // namespace klamm::simulated
