#include "klamm/broker/validation/validate.h"

#include "klamm/base/ensure.h"
#include "klamm/broker/validation/side_check.h"
#include "klamm/records/contents.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::broker {

Verdict validate(records::Contents const& contents, records::BatchInfo const& info,
                 std::string_view topic, ValidationRules const& rules,
                 registry::State const& registry, std::int32_t refused_max) {
    Verdict verdict{
        .rules = rules, .registry_version = registry.version(), .records = info.records_count};
    SideCheck key(Side::key, topic, rules.key, registry);
    SideCheck value(Side::value, topic, rules.value, registry);
    auto const walked = records::for_each(
        contents.view(), info, [&](records::RecordView const& record, auto, auto) {
            auto why = key.refuse(record);
            if (!why) why = value.refuse(record);
            if (why) verdict.refused.push_back({verdict.looked_at, std::move(*why)});
            ++verdict.looked_at;
            return !why || std::int32_t(verdict.refused.size()) < refused_max;
        });
    ensure(walked.has_value());
    return verdict;
}

std::string in_words(Verdict const& verdict, std::string_view topic) {
    auto const& first = verdict.refused.at(0);
    return fmt::format(
        "{}{} of {} records do not obey the schemas of topic '{}', so that nothing of the batch "
        "was stored. Record {} (from 0): {}",
        verdict.looked_at < verdict.records ? "At least " : "", verdict.refused.size(),
        verdict.records, topic, first.index, first.why);
}

void refuse(kafka::ProduceResponse::PartitionProduceResponse& out, Verdict const& verdict,
            std::string_view topic) {
    out.error_code = kafka::ErrorCode::invalid_record;
    out.base_offset = -1;
    out.error_message = in_words(verdict, topic);
    for (auto const& [index, why] : verdict.refused)
        out.record_errors.push_back({.batch_index = index, .batch_index_error_message = why});
}

}  // namespace klamm::broker
