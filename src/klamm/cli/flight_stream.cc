#include "klamm/cli/flight_stream.h"

#include <fmt/core.h>

#include <algorithm>

namespace klamm::cli {

Outcome<> FlightStream::open(ClientOptions const& options) {
    auto client =
        Client::producer(options,
                         {{"acks", "all"},
                          {"enable.idempotence", "true"},
                          {"linger.ms", "5"},
                          {"message.timeout.ms", "60000"}},
                         [this](rd_kafka_message_t const& message) { delivered(message); });
    if (!client) return std::unexpected(client.error());
    client_ = std::move(*client);
    // Learns the topic's leaders now rather than with the first record.
    Handle<rd_kafka_topic_t, rd_kafka_topic_destroy> const topic(
        rd_kafka_topic_new(client_->rk(), topic_.c_str(), nullptr));
    rd_kafka_metadata_t const* answer = nullptr;
    if (rd_kafka_metadata(client_->rk(), 0, topic.get(), &answer, client_->timeout_ms()) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(answer);
    return {};
}

Outcome<> FlightStream::publish_what_is_due() {
    auto const elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    auto const due = std::min(total(), std::int64_t(elapsed * per_second_));
    for (; published_ < due; ++published_) {
        auto const& flight = flights_[std::size_t(published_)];
        auto const value = to_json(flight);
        auto const error = send(*client_, {.topic = topic_.c_str(),
                                           .key = flight.origin,
                                           .value = value,
                                           .timestamp_ms = timestamp_ms(flight)});
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return {};
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(fmt::format("publish a flight: {}", error_text(error)));
    }
    return {};
}

Outcome<> FlightStream::poll(std::chrono::milliseconds patience) {
    rd_kafka_poll(client_->rk(), int(patience.count()));
    if (!refusal_.empty()) return failed("a flight was not acknowledged: " + refusal_);
    return {};
}

void FlightStream::delivered(rd_kafka_message_t const& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR)
        ++acknowledged_;
    else if (refusal_.empty())
        refusal_ = error_text(message.err);
}

}  // namespace klamm::cli
