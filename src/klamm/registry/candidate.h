// registry/candidate.h - a schema that a client sent for a subject: understood, parsed, looked for.
#pragma once

#include "klamm/registry/call.h"
#include "klamm/registry/tags.h"

namespace klamm::registry {

struct Candidate {
    Subject subject;
    std::int32_t version = 0;     ///< 0: whichever; -1: a new one; else: just this one
    std::int32_t id = -1;         ///< -1: the registry gives one
    Content content;              ///< the text as it was sent; canonical once it was parsed
    bool propagate_tags = false;  ///< tags inside of the latest version stay
    std::vector<Tagged> tags_to_add;
    std::vector<Tagged> tags_to_remove;

    bool changes_tags() const {
        return propagate_tags || !tags_to_add.empty() || !tags_to_remove.empty();
    }
};

std::expected<Candidate, Refusal> read_candidate(Subject const& subject, json::Value const& body);

/// Parses the text, which becomes canonical, or normal when `normalize`; references to the latest
/// versions become numbers. Requires a text.
std::expected<schema::SchemaPtr, Refusal> canonicalize(Tables const& tables, Candidate& candidate,
                                                       bool strict, bool normalize);

bool is_empty(Candidate const& candidate);

/// Changes the tags inside of the candidate's text.
std::expected<void, Refusal> retag(Candidate& candidate, std::vector<Tagged> const& added,
                                   std::vector<Tagged> const& removed);

/// Metadata and rules as they are stored: the config's defaults under the client's own (or those
/// of the previous version) under the config's overrides. `version`: what the new one would be
/// numbered; 0: it is only looked for.
void complete_contract(Config const& config, Candidate& candidate, Content const* previous,
                       std::int32_t version);

/// The version of the subject that has just this content, by its hash.
std::optional<VersionKey> version_with(Tables const& tables, Subject const& subject,
                                       Content const& content, bool deleted);

/// Whether a version is what a client means by this candidate, although the texts differ.
bool means(Candidate const& candidate, schema::Schema const& parsed, VersionKey const& key,
           Version const& version);

/// The version of the subject (not of others) which the candidate is.
std::expected<std::optional<VersionKey>, Refusal> find_version(Tables const& tables,
                                                               Candidate candidate, bool normalize,
                                                               bool deleted, bool latest_only);

/// Whether the request or the config in scope asks for normal texts.
bool wants_normal(Call const& call, Subject const& subject);

}  // namespace klamm::registry
