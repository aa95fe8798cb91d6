// registry/compatibility.h - a schema held against the versions that are there.
#pragma once

#include "klamm/registry/candidate.h"

namespace klamm::registry {

struct Verdict {
    std::vector<std::string> messages;  ///< as Confluent's registry words them; empty: compatible
};

/// Holds the candidate against `previous` (ascending), as the config's level asks for.
std::expected<Verdict, Refusal> check_compatibility(Tables const& tables, Config const& config,
                                                    Candidate const& candidate,
                                                    schema::Schema const& parsed,
                                                    std::vector<VersionKey> previous);

/// The same explained (explain.h): a document with findings, mends and readers.
std::expected<json::Value, Refusal> explain_compatibility(Call const& call, Config const& config,
                                                          Candidate const& candidate,
                                                          schema::SchemaPtr const& parsed,
                                                          std::vector<VersionKey> previous,
                                                          Verdict const& verdict);

/// "[first, second]"
std::string listed(std::vector<std::string> const& messages);

}  // namespace klamm::registry
