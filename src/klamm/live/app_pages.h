// live/app_pages.h - an App over HTTP: whether it does its work, and what it has done.
//
//     /healthz   200 or 503, with {"healthy": …, "problems": […]}
//     /readyz    200 once it has its partitions
//     /metrics   for Prometheus
#pragma once

#include "klamm/health.h"
#include "klamm/host/http.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::live {

/// What the pages show. Any thread.
struct AppView {
    std::string name;
    std::function<Health()> health;
    std::function<Counts()> counts;
    std::function<bool()> ready;
};

/// None: it is not one of an App's.
std::optional<host::HttpAnswer> app_page(AppView const& app, std::string_view path);
std::string app_metrics(AppView const& app);
/// All of it, where there is no broker with pages of its own.
void serve_app(AppView const& app, host::HttpExchange& exchange);

}  // namespace klamm::live
