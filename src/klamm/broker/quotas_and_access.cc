// What tools ask about and Klamm has not: quotas, SCRAM credentials, access rules. Questions are
// answered as by a Kafka without them; changes are refused.
#include "klamm/broker/handlers.h"
#include "klamm/broker/topics.h"

#include <algorithm>
#include <array>
#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using QuotaFilter = kafka::DescribeClientQuotasRequest;

std::optional<Refusal> check_match(QuotaFilter::ComponentData const& component) {
    enum : std::int8_t { exactly = 0, default_name = 1, any_name = 2 };
    auto const no = [](std::string why) {
        return Refusal{ErrorCode::invalid_request, std::move(why)};
    };
    switch (component.match_type) {
        case exactly:
            if (!component.match) return no("A match by name needs a name.");
            return std::nullopt;
        case default_name:
        case any_name:
            if (component.match) return no("A match of the default or of any name has no name.");
            return std::nullopt;
        default:
            return no("Unknown match type " + std::to_string(component.match_type) + ".");
    }
}

/// Whether quotas could be asked for in this way.
std::optional<Refusal> check(QuotaFilter const& filter) {
    static constexpr std::array types{"user", "client-id", "ip"};
    std::set<std::string> seen;
    for (auto const& component : filter.components) {
        auto const& type = component.entity_type;
        if (std::ranges::find(types, type) == types.end())
            return Refusal{ErrorCode::unsupported_version, "Unsupported entity type " + type};
        if (!seen.insert(type).second)
            return Refusal{ErrorCode::invalid_request,
                           "Entity type " + type + " cannot appear more than once in the filter."};
        if (auto why = check_match(component)) return why;
    }
    if (seen.contains("ip") && seen.size() > 1)
        return Refusal{ErrorCode::invalid_request,
                       "Invalid entity filter component combination. IP filter component should "
                       "not be used with user or clientId filter component."};
    return std::nullopt;
}

}  // namespace

void handle(Step& step, Request const& request, kafka::DescribeClientQuotasRequest const& filter) {
    kafka::DescribeClientQuotasResponse response;
    response.error_message.reset();
    if (auto const why = check(filter)) {
        response.error_code = why->code;
        response.error_message = why->message;
        response.entries.reset();
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::AlterClientQuotasRequest const& alter) {
    kafka::AlterClientQuotasResponse response;
    for (auto const& [entity, ops] : alter.entries) {
        auto& out = response.entries.emplace_back();
        for (auto const& [type, name] : entity) out.entity.push_back({type, name});
        out.error_message.reset();
        if (std::ranges::all_of(ops, [](auto const& op) { return op.remove; })) continue;
        out.error_code = ErrorCode::unsupported_version;
        out.error_message = "Klamm has no quotas: nothing was changed.";
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::DescribeUserScramCredentialsRequest const&) {
    kafka::DescribeUserScramCredentialsResponse response;
    response.error_code = ErrorCode::security_disabled;
    response.error_message = "Klamm has no authentication, and so no SCRAM credentials.";
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::DescribeAclsRequest const&) {
    kafka::DescribeAclsResponse response;
    response.error_code = ErrorCode::security_disabled;
    response.error_message = "No Authorizer is configured on the broker";  // as Kafka says it
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
