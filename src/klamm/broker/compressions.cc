#include "klamm/broker/compressions.h"

#include "klamm/broker/state.h"

#include <utility>

namespace klamm::broker {
namespace {

template <class Map, class Name>
WantedCompression look_up(Map const& map, Name const& name, WantedCompression const& otherwise) {
    auto const found = map.find(name);
    return found == map.end() ? otherwise : found->second;
}

}  // namespace

Compressions::Compressions(State const& state)
    : others_(settings_of({}, state.broker_configs, state.options).compression) {
    for (auto const& [name, topic] : state.topics) {
        if (topic.settings.compression == others_) continue;
        by_name_.emplace(name, topic.settings.compression);
        by_id_.emplace(topic.id, topic.settings.compression);
    }
}

WantedCompression Compressions::of(std::string_view topic) const {
    return look_up(by_name_, topic, others_);
}

WantedCompression Compressions::of(Uuid const& topic) const {
    return look_up(by_id_, topic, others_);
}

bool Compressions::knows(Topic const& topic) const {
    return of(topic.id) == topic.settings.compression &&
           of(topic.name) == topic.settings.compression;
}

Recompressed recompressed(ByteView batch, records::BatchInfo const& info,
                          WantedCompression const& wanted, std::size_t bytes_max) {
    if (!wanted || wanted->codec == info.codec()) return Slice{};
    auto bytes = records::recompress(batch, *wanted, {.batch_bytes_max = bytes_max});
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    return Slice{std::move(*bytes)};
}

}  // namespace klamm::broker
