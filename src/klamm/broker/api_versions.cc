// ApiVersions: what this broker understands; the first thing that every client asks.
#include "klamm/broker/broker.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/identity.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

/// What clients choose a protocol by (KIP-584), by name: its versions from 0 to this one are there,
/// and this one is in force.
struct Feature {
    std::string_view name;
    std::int16_t version;
};
constexpr auto features = std::to_array<Feature>(
    {{"group.version", 1}, {"transaction.version", 2}, {klamm_feature, klamm_feature_version}});

void add_features(kafka::ApiVersionsResponse& response, kafka::ApiVersion version) {
    constexpr kafka::ApiVersion zero_from = 4;  // before it, 0 as the lowest one was no value
    if (features.empty()) return;
    response.finalized_features_epoch = 0;  // without one, clients do not look at what follows
    for (auto const& [name, in_force] : features) {
        if (version >= zero_from)
            response.supported_features.push_back({std::string{name}, 0, in_force});
        response.finalized_features.push_back({std::string{name}, in_force, in_force});
    }
}

/// KIP-511: letters, digits, '-' and '.', with a letter or digit at both ends.
bool good_software_name(std::string_view name) {
    auto const alphanumeric = [](char c) {
        return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
    };
    return !name.empty() && alphanumeric(name.front()) && alphanumeric(name.back()) &&
           std::ranges::all_of(name,
                               [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

ErrorCode check(Request const& request, kafka::ApiVersionsRequest const& api_versions) {
    constexpr kafka::ApiVersion names_from = 3;
    auto const version = request.header.api_version;
    if (!kafka::ApiVersionsRequest::api.supports(version)) return ErrorCode::unsupported_version;
    if (version >= names_from && (!good_software_name(api_versions.client_software_name) ||
                                  !good_software_name(api_versions.client_software_version)))
        return ErrorCode::invalid_request;
    return ErrorCode::none;
}

}  // namespace

void handle(Step& step, Request const& request, kafka::ApiVersionsRequest const& api_versions) {
    kafka::ApiVersionsResponse response;
    response.error_code = check(request, api_versions);
    if (response.error_code != ErrorCode::invalid_request) {
        for (auto const& api : Broker::apis())
            response.api_keys.push_back({api.key, api.first, api.last});
        add_features(response, request.header.api_version);
    }
    answer(step, request, std::move(response), After::nothing);
}

}  // namespace klamm::broker
