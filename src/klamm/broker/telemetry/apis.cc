#include "klamm/broker/telemetry/apis.h"

#include "klamm/base/crc32c.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/state.h"

#include <bit>
#include <span>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

/// Changes with what is asked for, so that clients ask again.
std::int32_t subscription_id(WantedMetrics const& wanted, Uuid const& instance) {
    auto text = to_string(instance) + " " + std::to_string(wanted.interval_ms);
    for (auto const& name : wanted.names) text += "," + name;
    return std::bit_cast<std::int32_t>(crc32c(std::as_bytes(std::span{text})));
}

}  // namespace

void Telemetry::met(Request const& request, kafka::ApiVersionsRequest const& api_versions) {
    if (api_versions.client_software_name.empty()) return;
    software_[request.id.connection] = {
        api_versions.client_software_name.substr(0, software_bytes_max),
        api_versions.client_software_version.substr(0, software_bytes_max)};
}

WantedMetrics Telemetry::wanted(Step& step, Request const& request, Uuid const& instance) {
    auto const& configured = step.state().client_metrics;
    ClientFacts client;
    if (!configured.empty()) {
        auto const software = software_.find(request.id.connection);
        auto const known = software != software_.end() ? software->second : Software{};
        client = {{"client_id", request.header.client_id.value_or("")},
                  {"client_instance_id", to_string(instance)},
                  {"client_software_name", known.name},
                  {"client_software_version", known.version},
                  {"client_source_address", request.peer},
                  {"client_source_port", std::to_string(request.peer_port)}};
    }
    return subscriptions_.wanted(configured, step.options(), client);
}

void Telemetry::get(Step& step, Request const& request,
                    kafka::GetTelemetrySubscriptionsRequest const& get) {
    kafka::GetTelemetrySubscriptionsResponse response;
    response.client_instance_id = get.client_instance_id;
    while (response.client_instance_id.is_none())
        response.client_instance_id = Uuid::random(step.random());
    auto wanted = this->wanted(step, request, response.client_instance_id);
    response.subscription_id = subscription_id(wanted, response.client_instance_id);
    for (auto const codec : push_codecs)
        response.accepted_compression_types.push_back(std::int8_t(codec));
    response.push_interval_ms = wanted.interval_ms;
    response.telemetry_max_bytes = std::int32_t(push_bytes_max);
    response.requested_metrics = std::move(wanted.names);
    answer(step, request, std::move(response), After::nothing);
}

ErrorCode Telemetry::check(Request const& request, kafka::PushTelemetryRequest const& push,
                           WantedMetrics const& wanted) {
    if (push.client_instance_id.is_none()) return ErrorCode::invalid_request;
    if (push.subscription_id != subscription_id(wanted, push.client_instance_id))
        return ErrorCode::unknown_subscription_id;
    if (!request.client_metrics) return request.client_metrics.error();
    return ErrorCode::none;
}

void Telemetry::push(Step& step, Request const& request, kafka::PushTelemetryRequest const& push) {
    Reply reply;
    kafka::PushTelemetryResponse response;
    auto const wanted = this->wanted(step, request, push.client_instance_id);
    response.error_code = check(request, push, wanted);
    if (response.error_code == ErrorCode::none)
        reply.push = std::make_shared<ClientPush>(
            ClientPush{push.client_instance_id, request.header.client_id.value_or(""),
                       *request.client_metrics, wanted.interval_ms});
    reply.id = request.id;
    reply.body = response;
    step.reply(std::move(reply), After::nothing);
}

}  // namespace klamm::broker
