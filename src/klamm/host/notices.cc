#include "klamm/host/notices.h"

#include "klamm/host/log.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string_view>
#include <utility>

namespace klamm::host {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& out, char const* name, std::string_view value) {
    out.Key(name);
    out.String(value.data(), rapidjson::SizeType(value.size()));
}

void put(Writer& out, char const* name, std::int64_t value) {
    out.Key(name);
    out.Int64(value);
}

}  // namespace

void Notices::add(std::vector<broker::Notice> notices) {
    for (auto const& notice : notices) log_warning(notice.text);
    std::lock_guard const lock(mutex_);
    for (auto& notice : notices) recent_.push_back(std::move(notice));
    while (recent_.size() > kept_max) recent_.pop_front();
}

std::string Notices::to_json() const {
    rapidjson::StringBuffer text;
    Writer out(text);
    out.StartArray();
    std::lock_guard const lock(mutex_);
    for (auto const& notice : recent_) {
        out.StartObject();
        put(out, "kind", broker::name_of(notice.kind));
        put(out, "at_ms", notice.at_ms);
        put(out, "topic", notice.topic);
        put(out, "partition", notice.partition);
        put(out, "group", notice.group);
        put(out, "records", notice.records);
        put(out, "text", notice.text);
        out.EndObject();
    }
    out.EndArray();
    return std::string(text.GetString(), text.GetSize()) + "\n";
}

}  // namespace klamm::host
