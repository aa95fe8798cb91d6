// Any request to the schema registry: an answer comes back, errors are JSON with a code, and what
// the answer changes gives the same state however it is read back.
#include "klamm/base/ensure.h"
#include "klamm/json/value.h"
#include "klamm/registry/registry.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace klamm::registry;

void ask(State& state, HttpRequest const& request) {
    auto const answer = klamm::registry::answer(state, request, {.wall_ms = 1});
    if (answer.response.status >= 400) {
        auto const body = klamm::json::parse(answer.response.body);
        klamm::ensure(body.has_value());
        klamm::ensure(body->find("error_code") != nullptr);
        klamm::ensure(answer.changes.empty());
    }
    klamm::ensure(answer.changes.empty() || may_change(request));
    for (auto const& record : answer.changes) state.apply(record);
}

/// A deleted version, a live one with metadata, one in a context that refers to it, settings.
State prepared() {
    State state;
    auto const post = [&](std::string_view target, std::string_view body) {
        ask(state, {.method = "POST", .target = target, .body = body});
    };
    post("/subjects/s/versions", R"({"schema":"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}"})");
    post("/subjects/s/versions", R"({"schema":"{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}",)"
                                 R"("metadata":{"properties":{"a":"b"}}})");
    post("/subjects/:.c:t/versions",
         R"({"schema":"{\"type\":\"array\",\"items\":\"F\"}",)"
         R"("references":[{"name":"F","subject":":.:s","version":2}]})");
    ask(state, {.method = "DELETE", .target = "/subjects/s/versions/1"});
    ask(state,
        {.method = "PUT", .target = "/config/s", .body = R"({"normalize":true,"alias":"t"})"});
    return state;
}

}  // namespace

// method \n target \n accept \n content type \n body
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static State const start = prepared();
    std::string_view rest(reinterpret_cast<char const*>(data), size);
    auto const line = [&] {
        auto const end = rest.find('\n');
        auto const text = rest.substr(0, end);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
        return text;
    };
    HttpRequest request;
    request.method = line();
    request.target = line();
    request.accept = line();
    request.content_type = line();
    request.body = rest;
    auto state = start;
    ask(state, request);
    State again;
    for (auto const& record : state.dump()) again.apply(record);
    klamm::ensure(again.dump() == state.dump());

    // The same bytes as a record of the topic.
    auto const colon = rest.find('\n');
    state.apply({.key = std::string(rest.substr(0, colon)),
                 .value = colon == rest.npos ? std::nullopt
                                             : std::optional(std::string(rest.substr(colon + 1)))});
    State read;
    for (auto const& record : state.dump()) read.apply(record);
    klamm::ensure(read.dump() == state.dump());
    return 0;
}
