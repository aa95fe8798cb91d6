// registry/compatibility.h - a schema held against the versions that are there.
#pragma once

#include "klamm/registry/candidate.h"

namespace klamm::registry {

/// What breaks between the candidate and one version.
struct Breakage {
    std::int32_t version = 0;
    schema::Breaks breaks = schema::Breaks::new_readers;
    schema::Difference difference;
};

struct Verdict {
    std::vector<std::string> messages;  ///< as Confluent's registry words them; empty: compatible
    std::vector<Breakage> breakages;    ///< the same, for who explains
};

/// Holds the candidate against `previous` (ascending), as the config's level asks for.
std::expected<Verdict, Refusal> check_compatibility(Tables const& tables, Config const& config,
                                                    Candidate const& candidate,
                                                    schema::Schema const& parsed,
                                                    std::vector<VersionKey> previous);

/// "[first, second]"
std::string listed(std::vector<std::string> const& messages);

}  // namespace klamm::registry
