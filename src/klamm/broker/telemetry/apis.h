// broker/telemetry/apis.h - GetTelemetrySubscriptions and PushTelemetry.
//
// Subscriptions can be about the program that a client is, which it says once, when its connection
// is new; that is remembered here, for each connection.
#pragma once

#include "klamm/broker/request.h"
#include "klamm/broker/step.h"
#include "klamm/broker/telemetry/subscriptions.h"

#include <map>
#include <string>

namespace klamm::broker {

class Telemetry {
public:
    /// The longest name or version of a program that is remembered whole.
    static constexpr std::size_t software_bytes_max = 128;

    void met(Request const& request, kafka::ApiVersionsRequest const& api_versions);
    void disconnected(ConnectionId connection) { software_.erase(connection); }
    void get(Step& step, Request const& request,
             kafka::GetTelemetrySubscriptionsRequest const& get);
    void push(Step& step, Request const& request, kafka::PushTelemetryRequest const& push);

private:
    struct Software {
        std::string name, version;
    };

    WantedMetrics wanted(Step& step, Request const& request, Uuid const& instance);
    kafka::ErrorCode check(Request const& request, kafka::PushTelemetryRequest const& push,
                           WantedMetrics const& wanted);

    std::map<ConnectionId, Software> software_;
    MetricsSubscriptions subscriptions_;
};

}  // namespace klamm::broker
