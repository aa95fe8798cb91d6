#include "klamm/cli/demo/flight_stream.h"

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/codecs.h"

#include <fmt/core.h>

#include <algorithm>

namespace klamm::cli {
namespace {

cli::Headers headers_of(flights::FlightLanded const& flight) {
    EventContext context;
    context.id = flight.flight;
    context.source = "/airports";
    context.type = flights::FlightLanded::event.name;
    context.content_type = "application/json";
    context.time = flight.departed;
    klamm::Headers headers;
    handler::write_context(headers, context);
    cli::Headers out;
    for (auto& header : headers)
        if (header.value) out.emplace_back(std::move(header.name), std::move(*header.value));
    return out;
}

}  // namespace

Outcome<> FlightStream::open(ClientOptions const& options) {
    auto client =
        Client::producer(options,
                         {{"acks", "all"},
                          {"enable.idempotence", "true"},
                          // With several, a leader that dies can leave a gap between them, which
                          // is fatal for the producer.
                          {"max.in.flight.requests.per.connection", "1"},
                          {"linger.ms", "5"},
                          {"reconnect.backoff.max.ms", "500"},
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
        auto const value = handler::to_json(event_type<flights::FlightLanded>(), &flight);
        auto const headers = headers_of(flight);
        auto const error = send(
            *client_,
            {.topic = topic_.c_str(), .key = flight.origin, .value = value, .headers = &headers});
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return {};
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(fmt::format("publish a flight: {}", error_text(error)));
    }
    return {};
}

Outcome<> FlightStream::publish_nonsense(std::string_view key, std::string_view value) {
    auto const error =
        send(*client_, {.topic = topic_.c_str(), .key = std::string(key), .value = value});
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(fmt::format("publish a record: {}", error_text(error)));
    --acknowledged_;  // it is none of the flights
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
