// handler/codecs/preparation.h - what an App's formats need from a registry before it starts.
#pragma once

#include "klamm/handler/codecs.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace klamm::handler {

/// Which schemas of a registry are those of our types.
class SchemaIds {
public:
    /// What to write in front of an event; 0: nothing was registered for it.
    std::int32_t id_of(std::string const& topic, EventType const& type) const {
        auto const it = sent_.find({topic, &type});
        return it == sent_.end() ? 0 : it->second;
    }
    /// Whether values with this id are written just as we write them.
    bool is_ours(std::int32_t id, EventType const& type) const {
        return ours_.contains({id, &type});
    }

    void add(std::string const& topic, EventType const& type, std::int32_t id) {
        sent_[{topic, &type}] = id;
        ours_.insert({id, &type});
    }

private:
    std::map<std::pair<std::string, EventType const*>, std::int32_t> sent_;
    std::set<std::pair<std::int32_t, EventType const*>> ours_;
};

/// Goes through what the App declares, one after the other. Ends when it is destroyed.
class Preparation {
public:
    virtual ~Preparation() = default;
    virtual void start(bus::Done<SchemaIds> done) = 0;
};

/// `registry` may be null. It lives longer.
std::unique_ptr<Preparation> make_preparation(Format format, Registry* registry, App const& app);

}  // namespace klamm::handler
