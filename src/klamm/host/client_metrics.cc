#include "klamm/host/client_metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::host {
namespace {

namespace prom = ::prometheus;

/// What Prometheus takes for a name: letters, digits and '_'.
std::string sanitized(std::string_view text) {
    std::string name;
    for (char const c : text) {
        bool const good =
            ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9');
        name += good ? c : '_';
    }
    return name;
}

/// "org.apache.kafka.consumer.x.y" is client_consumer_x_y: never a name of the broker's own.
std::string family_name(std::string_view metric) {
    constexpr std::string_view standard = "org.apache.kafka.";
    if (metric.starts_with(standard)) metric.remove_prefix(standard.size());
    return "client_" + sanitized(metric);
}

prom::ClientMetric series(broker::ClientPush const& push, broker::ClientMetric const& metric) {
    prom::ClientMetric out;
    std::set<std::string> names{"client_id", "client_instance"};
    out.label.push_back({"client_id", push.client_id});
    out.label.push_back({"client_instance", to_string(push.client)});
    for (auto const& [key, value] : metric.attributes) {
        auto name = "l_" + sanitized(key);  // a name may not begin with a digit
        name.erase(0, 2 * std::size_t(!key.empty() && (key[0] < '0' || key[0] > '9')));
        if (names.insert(name).second) out.label.push_back({name, value});
    }
    out.gauge.value = metric.value;
    out.counter.value = metric.value;
    return out;
}

prom::MetricFamily counter(std::string name, std::string help, double value) {
    prom::ClientMetric metric;
    metric.counter.value = value;
    return {std::move(name), std::move(help), prom::MetricType::Counter, {metric}};
}

}  // namespace

void ClientMetrics::forget(std::map<Uuid, Kept>::iterator client) {
    series_ -= client->second.push->metrics.metrics.size();
    clients_.erase(client);
}

void ClientMetrics::forget_oldest() {
    forget(std::ranges::min_element(clients_, {}, [](auto const& c) { return c.second.at; }));
}

void ClientMetrics::keep(std::shared_ptr<broker::ClientPush const> push, TimePoint now) {
    std::lock_guard const lock{mutex_};
    ++pushes_;
    left_out_ += push->metrics.left_out;
    if (auto const known = clients_.find(push->client); known != clients_.end()) forget(known);
    auto const more = push->metrics.metrics.size();
    while (!clients_.empty() && (clients_.size() >= clients_max || series_ + more > series_max))
        forget_oldest();
    series_ += more;
    auto const client = push->client;
    clients_[client] = {std::move(push), now};
}

std::string ClientMetrics::to_prometheus(TimePoint now) {
    std::map<std::string, prom::MetricFamily> families;
    std::unique_lock lock{mutex_};
    for (auto client = clients_.begin(); client != clients_.end();) {
        auto const at = client++;
        std::chrono::milliseconds const interval{at->second.push->interval_ms};
        if (now - at->second.at > intervals_kept * interval) {
            forget(at);
            continue;
        }
        for (auto const& metric : at->second.push->metrics.metrics) {
            auto const name = family_name(metric.name);
            auto& family = families[name];
            if (family.name.empty())
                family = {name,
                          "Pushed by clients: " + metric.name,
                          metric.counter ? prom::MetricType::Counter : prom::MetricType::Gauge,
                          {}};
            family.metric.push_back(series(*at->second.push, metric));
        }
    }
    std::vector<prom::MetricFamily> all{
        counter("klamm_client_pushes_total", "Pushes of client metrics", double(pushes_)),
        counter("klamm_client_metrics_left_out_total", "Beyond the limits of one push",
                double(left_out_))};
    lock.unlock();
    for (auto& [name, family] : families) all.push_back(std::move(family));
    return prom::TextSerializer().Serialize(all);
}

}  // namespace klamm::host
