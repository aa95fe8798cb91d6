// broker/validation/validate.h - the records of one batch against what their topic demands.
//
// prepare() does it on the thread that decodes the request, from a copy of the registry that may be
// behind (validations.h). What it let pass stays so. What it refused the broker looks at again when
// the registry has changed since: a schema that was just registered and acknowledged is never
// unknown.
#pragma once

#include "klamm/broker/validation/rules.h"
#include "klamm/kafka/messages/produce.h"
#include "klamm/records/batch.h"
#include "klamm/registry/state.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::records {
class Contents;
}

namespace klamm::broker {

/// The most records that one answer names, of all its batches; but of each that is refused, one.
inline constexpr std::int32_t refused_named_max = 1000;

struct RefusedRecord {
    std::int32_t index = 0;  ///< within the batch
    std::string why;
};

struct Verdict {
    ValidationRules rules;  ///< that it goes by; off: nothing was looked at
    std::uint64_t registry_version = 0;
    std::int32_t records = 0;  ///< of the batch
    std::int32_t looked_at = 0;
    std::vector<RefusedRecord> refused;  ///< of those that were looked at

    /// Whether it is what validate() would say now.
    bool holds(ValidationRules const& now, registry::State const& registry) const {
        return rules == now && (refused.empty() || registry_version == registry.version());
    }
};

/// Requires that records::check() took the batch, as `info` says, and gave out the contents. Ends
/// with the `refused_max`th record that is refused.
Verdict validate(records::Contents const& contents, records::BatchInfo const& info,
                 std::string_view topic, ValidationRules const& rules,
                 registry::State const& registry, std::int32_t refused_max);

/// "3 of 100 records do not obey ...", with what is wrong with the first. Requires a refused one.
std::string in_words(Verdict const& verdict, std::string_view topic);

/// Answers INVALID_RECORD, naming each record (KIP-467).
void refuse(kafka::ProduceResponse::PartitionProduceResponse& out, Verdict const& verdict,
            std::string_view topic);

}  // namespace klamm::broker
