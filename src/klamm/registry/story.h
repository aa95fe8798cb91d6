// registry/story.h - a registry to tell stories about: requests go in, records are applied, answers
// are looked at. For tests.
#pragma once

#include "klamm/json/value.h"
#include "klamm/registry/registry.h"

#include <string>
#include <utility>
#include <vector>

namespace klamm::registry {

struct Got {
    unsigned status = 0;
    std::string type;
    std::string text;
    json::Value body;  ///< null when the text is no JSON

    std::int64_t number(std::string_view key) const {
        auto const* value = body.find(key);
        return value == nullptr ? -1 : value->as_int64().value_or(-1);
    }
    std::string string(std::string_view key) const {
        auto const* value = body.find_string(key);
        return value == nullptr ? std::string() : *value;
    }
    std::int64_t id() const { return number("id"); }
    std::int64_t version() const { return number("version"); }
    std::int64_t code() const { return number("error_code"); }
    std::string message() const { return string("message"); }
};

class Story {
public:
    explicit Story(State state = {}) : state_(std::move(state)) {
        world_.wall_ms = 1'700'000'000'000;
        world_.cluster_id = "cluster";
        world_.klamm_version = "1.2.3";
    }

    Got ask(std::string_view method, std::string_view target, std::string_view body = {},
            std::string_view accept = {}, std::string_view content_type = {}) {
        auto answer = registry::answer(state_,
                                       {.method = method,
                                        .target = target,
                                        .accept = accept,
                                        .content_type = content_type,
                                        .body = body},
                                       world_);
        for (auto const& record : answer.changes) {
            state_.apply(record);
            log_.push_back(record);
        }
        Got got{.status = answer.response.status,
                .type = answer.response.content_type,
                .text = answer.response.body,
                .body = {}};
        if (auto parsed = json::parse(got.text)) got.body = std::move(*parsed);
        return got;
    }
    Got get(std::string_view target) { return ask("GET", target); }
    Got post(std::string_view target, std::string_view body) { return ask("POST", target, body); }
    Got put(std::string_view target, std::string_view body) { return ask("PUT", target, body); }
    Got erase(std::string_view target) { return ask("DELETE", target); }

    /// The body of a request for a schema; `more` is JSON to go before it: R"("version":3,)".
    static std::string body_of(std::string_view schema, std::string_view more = {}) {
        return "{" + std::string(more) + "\"schema\":" + json::quote(schema) + "}";
    }
    Got register_schema(std::string const& subject, std::string_view schema,
                        std::string_view more = {}, std::string const& query = {}) {
        return post("/subjects/" + subject + "/versions" + query, body_of(schema, more));
    }
    Got look_up(std::string const& subject, std::string_view schema, std::string_view more = {},
                std::string const& query = {}) {
        return post("/subjects/" + subject + query, body_of(schema, more));
    }
    Got check(std::string const& subject, std::string const& version, std::string_view schema,
              std::string_view more = {}) {
        return post("/compatibility/subjects/" + subject + "/versions/" + version + "?verbose=true",
                    body_of(schema, more));
    }

    State const& state() const { return state_; }
    void apply(Record const& record) { state_.apply(record); }
    /// All records that the answers gave, in order.
    std::vector<Record> const& log() const { return log_; }
    World& world() { return world_; }

private:
    State state_;
    World world_;
    std::vector<Record> log_;
};

/// A record "User" with a string field of each name; a name with '?' behind it has a default.
inline std::string user(std::vector<std::string> const& fields) {
    std::string text = R"({"type":"record","name":"User","fields":[)";
    for (auto const& field : fields) {
        if (!text.ends_with('[')) text += ',';
        auto const has_default = field.ends_with('?');
        text += R"({"name":")" + field.substr(0, field.size() - (has_default ? 1 : 0)) +
                R"(","type":"string")" + (has_default ? R"(,"default":"")" : "") + "}";
    }
    return text + "]}";
}

}  // namespace klamm::registry
