// bus/setting.h - what all clients of one embedded bus share.
#pragma once

#include "klamm/base/random.h"
#include "klamm/base/uuid.h"
#include "klamm/bus/embedded_bus.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace klamm::bus {

/// Topics as the broker described them, for a while: partitions may be added.
class Topics {
public:
    struct Topic {
        Uuid id;
        std::int32_t partitions = 0;
        Instant heard;
    };
    static constexpr Duration lifetime{60'000};
    static constexpr std::size_t topics_max = 10'000;

    Topic const* find(std::string const& name) const {
        auto const found = topics_.find(name);
        return found == topics_.end() ? nullptr : &found->second;
    }
    /// Whether it need not be asked for.
    bool fresh(std::string const& name, Instant now) const {
        auto const* topic = find(name);
        return topic != nullptr && now < topic->heard + lifetime;
    }
    std::optional<std::string> name_of(Uuid const& id) const {
        auto const found = names_.find(id);
        if (found == names_.end()) return std::nullopt;
        return found->second;
    }
    /// Those of the answer that exist.
    void hear(kafka::MetadataResponse const& answer, Instant now) {
        for (auto const& topic : answer.topics) {
            if (topic.error_code != kafka::ErrorCode::none || !topic.name) continue;
            if (topics_.size() >= topics_max) clear();
            topics_[*topic.name] = {topic.topic_id, std::int32_t(topic.partitions.size()), now};
            names_[topic.topic_id] = *topic.name;
        }
    }
    void forget(std::string const& name) {
        auto const found = topics_.find(name);
        if (found == topics_.end()) return;
        names_.erase(found->second.id);
        topics_.erase(found);
    }

private:
    void clear() {
        topics_.clear();
        names_.clear();
    }
    std::map<std::string, Topic> topics_;
    std::map<Uuid, std::string> names_;
};

struct Setting {
    Loop& loop;
    Connector& connector;
    EmbeddedOptions options;
    Random random;
    Topics topics{};
};

}  // namespace klamm::bus
