#include "klamm/handler/engine/services.h"

#include <algorithm>

namespace klamm::handler {
namespace {

RequestOptions request_options(Core const& core) {
    auto const& app = core.app.options().topics;
    bus::TopicSpec replies{.name = reply_topic(core.app.name()), .partitions = app.partitions};
    replies.configs = {{"retention.ms", "3600000"}};  // nobody reads what is older
    return {.group = core.app.name(),
            .instance = core.options.instance,
            .topic = std::move(replies),
            .seed = core.options.seed};
}

WaitOptions wait_options(Core const& core) {
    WaitOptions options{.group = core.app.name()};
    for (auto const& topic : core.routes.topics()) options.topics.insert(topic);
    return options;
}

}  // namespace

Services::Services(Core& core, std::function<Partitions const*()> partitions)
    : core_(core),
      partitions_(std::move(partitions)),
      ids_(seed_of_ids(core.options.seed, core.options.instance, "events",
                       core.parts.loop.now().wall_ms)),
      requests_(core.parts.loop, core.parts.bus, core.parts.codecs, request_options(core)),
      waits_(
          core.parts.loop, core.parts.bus, wait_options(core),
          [this](Position const& position) { return finished(position); },
          [this](Position const& position) { return what_keeps(position); }) {}

bus::Outgoing Services::record(std::string const& topic, EventType const& type, void const* event,
                               PublishOptions options) {
    return make_published(core_.app, core_.parts.codecs, topic, type, event, std::move(options),
                          ids_, core_.time());
}

void Services::publish(std::string const& topic, EventType const& type,
                       std::shared_ptr<void const> event, PublishOptions options,
                       bus::Done<Position> done) {
    std::vector<bus::Outgoing> records;
    records.push_back(record(topic, type, event.get(), std::move(options)));
    core_.parts.bus.send(std::move(records), [done = std::move(done)](auto sent) mutable {
        if (sent)
            done(sent->front());
        else
            done(std::unexpected(std::move(sent.error())));
    });
}

void Services::request(std::string const& topic, EventType const& type,
                       std::shared_ptr<void const> event, EventType const& reply_type,
                       Duration patience, PublishOptions options,
                       bus::Done<std::shared_ptr<void const>> done) {
    requests_.request(record(topic, type, event.get(), std::move(options)), reply_type, patience,
                      std::move(done));
}

std::optional<bool> Services::finished(Position const& position) const {
    auto const* const partitions = partitions_();
    if (partitions == nullptr) return std::nullopt;
    auto const found = partitions->find({position.topic, position.partition});
    if (found == partitions->end() || found->second->phase == Partition::Phase::restoring)
        return std::nullopt;
    auto const& partition = *found->second;
    // The checkpoint is ahead of what is committed by the transaction that is under way.
    return partition.checkpoint.progress.finished(position.offset) &&
           std::ranges::none_of(partition.in_flight, [&](Result const& result) {
               return result.offset == position.offset;
           });
}

std::string Services::what_keeps(Position const& position) const {
    auto const& partition = *partitions_()->at({position.topic, position.partition});
    return Watch::what_keeps(partition, position.offset);
}

}  // namespace klamm::handler
