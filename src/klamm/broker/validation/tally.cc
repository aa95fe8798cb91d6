#include "klamm/broker/validation/tally.h"

#include "klamm/broker/state.h"

#include <fmt/format.h>

namespace klamm::broker {

void ValidationTally::count(Partition const& partition, Verdict const& verdict,
                            std::int64_t now_ms) {
    auto& topic = topics_[partition.topic->id];
    for (auto* stats : {&all_, &topic.stats}) {
        stats->validated += std::uint64_t(verdict.looked_at);
        stats->refused += verdict.refused.size();
    }
    if (verdict.refused.empty()) return;
    topic.last = {now_ms, partition.number, in_words(verdict, partition.topic->name)};
    tell(partition, topic, now_ms);
}

void ValidationTally::tell(Partition const& partition, OfTopic& topic, std::int64_t now_ms) {
    if (topic.told > 0 && now_ms - topic.told_ms < notice_every_ms) return;
    if (now_ms - while_began_ms_ >= notice_every_ms) {
        while_began_ms_ = now_ms;
        notices_in_while_ = 0;
    }
    if (++notices_in_while_ > notices_in_a_while_max) return;
    auto const since = topic.stats.refused - topic.told;
    topic.told = topic.stats.refused;
    topic.told_ms = now_ms;
    notices_.push_back({.kind = Notice::Kind::records_refused,
                        .at_ms = now_ms,
                        .topic = partition.topic->name,
                        .partition = partition.number,
                        .group = {},
                        .records = std::int64_t(since),
                        .text = fmt::format("Topic '{}' has refused {} record{} since this was "
                                            "last said. The latest, in partition {}: {}",
                                            partition.topic->name, since, since == 1 ? "" : "s",
                                            partition.number, topic.last->text)});
}

auto ValidationTally::of(Uuid const& topic) const -> OfTopic const* {
    auto const found = topics_.find(topic);
    return found == topics_.end() ? nullptr : &found->second;
}

}  // namespace klamm::broker
