// cli/admin.h - one administrative request of librdkafka, sent and waited for.
#pragma once

#include "klamm/cli/client.h"

#include <fmt/core.h>

#include <chrono>
#include <thread>

namespace klamm::cli {

constexpr auto patience = std::chrono::milliseconds(100);

using Event = Handle<rd_kafka_event_t, rd_kafka_event_destroy>;

/// The reason that the cluster gave, or else the error's own words.
inline std::string reason(rd_kafka_resp_err_t error, char const* text) {
    return text != nullptr && *text != '\0' ? without_prefix(text) : error_text(error);
}

/// Whether the cluster is only not ready yet: a new topic without leader, a coordinator that loads,
/// a broker that went away and whose partitions others take over.
inline bool passes_by_itself(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR__TRANSPORT ||
           error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
           error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
           error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           error == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
           error == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH ||
           error == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE;
}

/// A failure with the cluster's reason.
inline std::unexpected<Failure> refused(std::string const& doing, rd_kafka_resp_err_t error,
                                        char const* text) {
    auto failure = failed(fmt::format("{}: {}", doing, reason(error, text)));
    failure.error().is_transient = passes_by_itself(error);
    return failure;
}

/// `send(options, queue)` starts the request. The event holds its result; a failure begins
/// with `doing`, for instance "create topic orders".
template <class Send>
Outcome<Event> ask(Client& client, rd_kafka_admin_op_t operation, std::string const& doing,
                   Send send) {
    Handle<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
        rd_kafka_AdminOptions_new(client.rk(), operation));
    rd_kafka_AdminOptions_set_request_timeout(options.get(), client.timeout_ms(), nullptr, 0);
    Handle<rd_kafka_queue_t, rd_kafka_queue_destroy> queue(rd_kafka_queue_new(client.rk()));
    send(options.get(), queue.get());
    Event event(rd_kafka_queue_poll(queue.get(), -1));  // the request has a timeout of its own
    if (auto const error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return refused(doing, error, rd_kafka_event_error_string(event.get()));
    return event;
}

/// Does `work` again while the cluster says that it will be able to soon, for instance while a
/// group's coordinator moves.
template <class Work>
auto patiently(Client& client, Work work) {
    auto const give_up = std::chrono::steady_clock::now() + client.options().timeout();
    for (;;) {
        auto outcome = work();
        if (outcome || !outcome.error().is_transient) return outcome;
        if (std::chrono::steady_clock::now() > give_up) return outcome;
        std::this_thread::sleep_for(patience);
    }
}

}  // namespace klamm::cli
