// registry/registry.h - the registry's HTTP, without sockets: a request and a state give an answer,
// and the records that are to be journaled before it may leave.
//
//   request ──▶ answer(state, …) ──▶ response + records ──▶ journal ──▶ response leaves
//                    ▲                        │
//                    └──────── apply ─────────┘
//
// A pure function: what it costs (parsing, comparing, proving mends) it costs the caller's thread.
// Whoever commits the records checks that the state has not changed since (State::version).
#pragma once

#include "klamm/registry/state.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::registry {

struct HttpRequest {
    std::string_view method;  ///< "GET"
    std::string_view target;  ///< as it was sent: percent-encoded, with its query
    std::string_view accept;  ///< these headers; empty: absent
    std::string_view content_type;
    std::string_view body;
};

struct HttpResponse {
    unsigned status = 200;
    std::string content_type = "application/vnd.schemaregistry.v1+json";
    std::string body;
};

struct Answer {
    HttpResponse response;
    std::vector<Record> changes;  ///< all of them or none; empty: nothing changes
};

/// A consumer group that reads the topics of a subject.
struct Reader {
    std::string group;
    std::string topic;
    std::int64_t members = 0;
    std::int64_t lag = -1;  ///< records, over all partitions; -1: it has committed nothing
};

/// What the registry asks of the rest.
struct World {
    std::int64_t wall_ms = 0;
    std::string_view cluster_id;
    std::string_view klamm_version;
    /// Who reads the topics of a subject now. Asked only for answers that explain.
    std::function<std::vector<Reader>(std::string_view subject)> readers;
};

/// Whether `target` (without its query) belongs to the registry.
bool is_registry_path(std::string_view path);
/// Whether the request may change something; then at most one answer() for such a request may be
/// under way.
bool may_change(HttpRequest const& request);

/// Always an answer; errors are answers.
Answer answer(State const& state, HttpRequest const& request, World const& world);

}  // namespace klamm::registry
