#include "klamm/broker/registry_readers.h"

#include "klamm/broker/groups/subscription.h"

#include <algorithm>

namespace klamm::broker {
namespace {

/// ":.ctx:name" without its context.
std::string_view unqualified(std::string_view subject) {
    if (!subject.starts_with(":.")) return subject;
    auto const end = subject.find(':', 1);
    return end == std::string_view::npos ? subject : subject.substr(end + 1);
}

std::int64_t members_of(StoredGroup const& group) {
    return std::int64_t(group.consumer ? group.consumer->members.size() : group.members.size());
}

/// Records between what is committed and the end; -1: nothing is committed.
std::int64_t lag_of(StoredGroup const& group, Topic const& topic) {
    std::int64_t lag = -1;
    for (auto const& partition : topic.partitions) {
        auto const* committed = group.offset(topic.name, partition->number);
        if (committed == nullptr) continue;
        auto const from = std::max(committed->offset, partition->log_start);
        lag = std::max<std::int64_t>(lag, 0) +
              std::max<std::int64_t>(partition->high_watermark - from, 0);
    }
    return lag;
}

bool is_subscribed(StoredGroup const& group, std::string const& topic) {
    if (members_of(group) == 0) return false;
    if (!group.consumer && group.protocol_type != consumer_protocol_type) return false;
    Subscriptions const subscriptions(group);
    return subscriptions.known() && subscriptions.contains(topic);
}

/// Whether its subjects are TOPIC-RECORD, of the keys or of the values.
bool names_records(Topic const& topic) {
    auto const& rules = topic.settings.validation;
    return rules.key.strategy == SubjectNameStrategy::topic_record_name ||
           rules.value.strategy == SubjectNameStrategy::topic_record_name;
}

}  // namespace

std::vector<std::string> topics_of_subject(State const& state, std::string_view subject) {
    auto const name = unqualified(subject);
    for (auto dash = name.find('-'); dash != std::string_view::npos;
         dash = name.find('-', dash + 1)) {
        auto const* topic = state.topic(name.substr(0, dash));
        if (topic != nullptr && names_records(*topic)) return {topic->name};
    }
    for (std::string_view const suffix : {"-value", "-key"}) {
        if (!name.ends_with(suffix)) continue;
        auto const* topic = state.topic(name.substr(0, name.size() - suffix.size()));
        if (topic != nullptr) return {topic->name};
    }
    return {};
}

std::vector<registry::Reader> readers_of(State const& state,
                                         std::vector<std::string> const& topics) {
    std::vector<registry::Reader> readers;
    for (auto const& name : topics) {
        auto const* topic = state.topic(name);
        if (topic == nullptr) continue;
        for (auto const& [id, group] : state.groups.all()) {
            auto const lag = lag_of(group, *topic);
            bool const subscribed = is_subscribed(group, name);
            if (lag < 0 && !subscribed) continue;
            if (readers.size() >= readers_max) return readers;
            readers.push_back({.group = id,
                               .topic = name,
                               .members = subscribed ? members_of(group) : 0,
                               .lag = lag});
        }
    }
    return readers;
}

}  // namespace klamm::broker
