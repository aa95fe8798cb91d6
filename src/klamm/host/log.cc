#include "klamm/host/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <mutex>

namespace klamm::host {
namespace {

spdlog::logger& logger() {
    static auto const stderr_logger = [] {
        auto made = std::make_shared<spdlog::logger>(
            "klamm", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
        made->flush_on(spdlog::level::info);
        return made;
    }();
    return *stderr_logger;
}

/// How many lines of this second were written, and how many were not.
struct PeerLines {
    std::mutex mutex;
    std::chrono::steady_clock::time_point second;
    std::uint32_t written = 0;
    std::uint64_t left_out = 0;
};

}  // namespace

void log_info(std::string_view line) { logger().info("{}", line); }
void log_warning(std::string_view line) { logger().warn("{}", line); }
void log_error(std::string_view line) { logger().error("{}", line); }

void log_peer(std::string_view line) {
    static PeerLines lines;
    std::lock_guard const lock(lines.mutex);
    auto const now = std::chrono::steady_clock::now();
    if (now - lines.second >= std::chrono::seconds(1)) {
        if (lines.left_out > 0) logger().warn("{} lines about peers left out", lines.left_out);
        lines.second = now;
        lines.written = 0;
        lines.left_out = 0;
    }
    if (lines.written == peer_lines_per_second_max) {
        ++lines.left_out;
        return;
    }
    ++lines.written;
    logger().warn("{}", line);
}

void log_only_problems() { logger().set_level(spdlog::level::warn); }

void stop_process(std::string_view why) {
    log_error(why);
    ::_exit(1);
}

}  // namespace klamm::host
