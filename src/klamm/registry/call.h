// registry/call.h - a request that was understood, and what its handlers give back.
#pragma once

#include "klamm/registry/http.h"
#include "klamm/registry/tables.h"

#include <expected>
#include <string>
#include <vector>

namespace klamm::registry {

struct Call {
    Tables const& tables;
    Target const& target;
    std::vector<std::string> const& arguments;  ///< what stands in the path's gaps
    std::string_view body;
    World const& world;
    /// The client wants findings explained, not only named.
    bool explain = false;
};

struct Outcome {
    std::string body;
    std::vector<Record> changes;
    unsigned status = 200;
    std::string content_type;  ///< empty: as it was negotiated
};

using Result = std::expected<Outcome, Refusal>;
using Handler = Result (*)(Call const&);

inline Result reply(json::Value const& value, std::vector<Record> changes = {}) {
    return Outcome{.body = json::print(value), .changes = std::move(changes), .content_type = {}};
}
inline Result reply_text(std::string text) {
    return Outcome{.body = std::move(text), .changes = {}, .content_type = {}};
}

/// A segment that may be "latest", "-1" or a number from 1; -1: the latest.
std::expected<std::int32_t, Refusal> version_in(std::string_view text);

// ---- the handlers, by what they are about ------------------------------------------------------

Result get_root(Call const& call);

Result list_types(Call const& call);
Result list_schemas(Call const& call);
Result get_schema_by_id(Call const& call);
Result get_text_by_id(Call const& call);
Result list_subjects_of_id(Call const& call);
Result list_versions_of_id(Call const& call);
Result get_schema_by_guid(Call const& call);
Result list_ids_of_guid(Call const& call);

Result list_subjects(Call const& call);
Result list_versions(Call const& call);
Result get_version(Call const& call);
Result get_text_of_version(Call const& call);
Result list_referrers(Call const& call);
Result get_latest_with_metadata(Call const& call);

Result look_up_schema(Call const& call);
Result register_schema(Call const& call);
Result tag_version(Call const& call);
Result delete_subject(Call const& call);
Result delete_version(Call const& call);

Result check_against_version(Call const& call);
Result check_against_subject(Call const& call);

Result get_config(Call const& call);
Result put_config(Call const& call);
Result delete_config(Call const& call);
Result get_mode(Call const& call);
Result put_mode(Call const& call);
Result delete_mode(Call const& call);
Result list_contexts(Call const& call);
Result delete_context(Call const& call);

Result get_cluster_ids(Call const& call);
Result get_server_version(Call const& call);
Result get_deployment(Call const& call);

}  // namespace klamm::registry
