// broker/registry_readers.h - which consumer groups read the topics of a subject.
#pragma once

#include "klamm/broker/state.h"
#include "klamm/registry/registry.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

inline constexpr std::size_t readers_max = 100;

/// The topics whose records have the schemas of a subject (":.ctx:name", or plain). By the subject
/// name strategy that clients have unless they are told otherwise, T-key and T-value are of T; by
/// that of a topic T whose records are validated by it, T-RECORD is. A subject RECORD may belong to
/// any topic: none is named.
std::vector<std::string> topics_of_subject(State const& state, std::string_view subject);

/// Groups of both protocols that are subscribed to one of these topics, or have committed offsets
/// of it; in the order of topics and names, the first readers_max. Looks at every group.
std::vector<registry::Reader> readers_of(State const& state,
                                         std::vector<std::string> const& topics);

}  // namespace klamm::broker
