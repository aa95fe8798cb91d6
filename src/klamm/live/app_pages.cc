#include "klamm/live/app_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace klamm::live {
namespace {

struct Row {
    std::string_view name;
    std::string_view help;
    std::uint64_t Counts::*count;
};
constexpr std::array rows{
    Row{"handled", "Events with a committed outcome.", &Counts::handled},
    Row{"done", "Events that were handled successfully.", &Counts::done},
    Row{"skipped", "Events that a handler skipped.", &Counts::skipped},
    Row{"unknown", "Events of a type that no handler wants.", &Counts::unknown},
    Row{"duplicates", "Events recognized by source and id.", &Counts::duplicates},
    Row{"retries", "Runs of handlers after the first one of an event.", &Counts::retries},
    Row{"dead_letters", "Events that failed for good.", &Counts::dead_letters},
    Row{"parked", "Events that had to wait behind a dead letter.", &Counts::parked},
    Row{"redriven", "Dead letters that came again.", &Counts::redriven},
    Row{"sent", "Events sent by handlers.", &Counts::sent},
    Row{"transactions", "Committed transactions.", &Counts::transactions},
    Row{"transactions_failed", "Transactions done again, or given up with their partitions.",
        &Counts::transactions_failed},
    Row{"rebalances", "Changes of the partitions that are ours.", &Counts::rebalances},
};

std::string escaped(std::string_view text) {
    std::string out;
    for (auto const c : text) {
        if (c == '\\' || c == '"') out += '\\';
        c == '\n' ? out += "\\n" : out += c;
    }
    return out;
}

}  // namespace

std::optional<host::HttpAnswer> app_page(AppView const& app, std::string_view path) {
    if (path == "/healthz") {
        auto const health = app.health();
        return host::HttpAnswer{.status = health.healthy() ? 200u : 503u,
                                .content_type = "application/json",
                                .body = to_json(health) + "\n"};
    }
    if (path == "/readyz") {
        if (app.ready()) return host::HttpAnswer{.body = "ready\n"};
        return host::HttpAnswer{.status = 503, .body = "not ready: it has no partitions yet\n"};
    }
    return std::nullopt;
}

std::string app_metrics(AppView const& app) {
    auto const name = escaped(app.name);
    auto const counts = app.counts();
    std::string out;
    for (auto const& row : rows)
        out += fmt::format(
            "# HELP klamm_app_{0}_total {1}\n# TYPE klamm_app_{0}_total counter\n"
            "klamm_app_{0}_total{{app=\"{2}\"}} {3}\n",
            row.name, row.help, name, counts.*row.count);
    auto const health = app.health();
    out += fmt::format(
        "# HELP klamm_app_healthy 1: it does its work. /healthz says what keeps it.\n"
        "# TYPE klamm_app_healthy gauge\nklamm_app_healthy{{app=\"{}\"}} {}\n",
        name, health.healthy() ? 1 : 0);
    out +=
        "# HELP klamm_app_problems What keeps it from its work.\n"
        "# TYPE klamm_app_problems gauge\n";
    constexpr int kinds = std::to_underlying(Problem::Kind::fenced) + 1;
    for (int kind = 0; kind < kinds; ++kind) {
        auto const of = std::ranges::count_if(health.problems, [&](auto const& each) {
            return std::to_underlying(each.kind) == kind;
        });
        out += fmt::format("klamm_app_problems{{app=\"{}\",kind=\"{}\"}} {}\n", name,
                           to_string(Problem::Kind(kind)), of);
    }
    return out;
}

void serve_app(AppView const& app, host::HttpExchange& exchange) {
    auto const& request = exchange.request();
    auto const path = request.path();
    if (request.method != "GET" && request.method != "HEAD") {
        auto refused = host::http_error(405, "Only GET is answered here.");
        refused.allow = "GET, HEAD";
        return exchange.answer(refused);
    }
    if (auto const answer = app_page(app, path)) return exchange.answer(*answer);
    if (path == "/metrics")
        return exchange.answer(
            {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = app_metrics(app)});
    exchange.answer(host::http_error(
        404, fmt::format("There is no {} here. There are /healthz, /readyz and /metrics.", path)));
}

}  // namespace klamm::live
