#include "klamm/cli/demo/results.h"

#include "klamm/cli/admin.h"
#include "klamm/handler/codecs.h"
#include "klamm/schema/schema.h"

#include <fmt/core.h>

#include <array>
#include <span>

namespace klamm::cli {
namespace {

constexpr int poll_ms = 50;
constexpr std::array topics_read{"airports", "notices", "payments"};

template <class E>
std::optional<E> read(rd_kafka_message_t const& message) {
    std::string_view value{static_cast<char const*>(message.payload), message.len};
    // Where there is a registry, the id of the schema comes first.
    if (auto const framing = schema::read_framing(std::as_bytes(std::span{value})))
        value.remove_prefix(framing->prefix_bytes);
    auto const event = handler::from_json(event_type<E>(), value);
    if (!event) return std::nullopt;
    return *static_cast<E const*>(event->get());
}

std::string header(rd_kafka_message_t const& message, char const* name) {
    rd_kafka_headers_t* headers = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return {};
    return {static_cast<char const*>(value), size};
}

}  // namespace

Outcome<> FlightResults::start(ClientOptions const& options) {
    auto client = Client::consumer(options, {{"group.id", "klamm-demo-results"},  // never joined
                                             {"isolation.level", "read_committed"},
                                             {"enable.auto.commit", "false"},
                                             {"reconnect.backoff.max.ms", "500"},
                                             {"auto.offset.reset", "earliest"}});
    if (!client) return std::unexpected(client.error());
    client_ = std::move(*client);
    std::vector<TopicPartition> all;
    for (auto const* name : topics_read) {
        auto const found = patiently(*client_, [&] { return topic(*client_, name); });
        if (!found) return std::unexpected(found.error());
        auto const partitions = partitions_of(*found);
        all.insert(all.end(), partitions.begin(), partitions.end());
    }
    auto const begins = patiently(*client_, [&] { return offsets_at(*client_, all, latest); });
    if (!begins) return std::unexpected(begins.error());
    begins_ = *begins;
    PartitionList const list(rd_kafka_topic_partition_list_new(int(all.size())));
    for (auto const& [name, partition] : all)  // totals go on from those of earlier runs
        rd_kafka_topic_partition_list_add(list.get(), name.c_str(), partition)->offset =
            name == topics_read[0] ? RD_KAFKA_OFFSET_BEGINNING : begins_.at({name, partition});
    if (auto const error = rd_kafka_assign(client_->rk(), list.get());
        error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(fmt::format("read the results: {}", error_text(error)));
    thread_ = std::thread([this] { loop(); });
    return {};
}

void FlightResults::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

void FlightResults::loop() {
    while (!stopping_) {
        Message const message(rd_kafka_consumer_poll(client_->rk(), poll_ms));
        // Errors while the broker is away pass by themselves; librdkafka goes on trying.
        if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) take(*message);
    }
}

void FlightResults::take(rd_kafka_message_t const& message) {
    std::string const topic = rd_kafka_topic_name(message.rkt);
    std::lock_guard const lock(mutex_);
    if (topic == topics_read[0]) {
        if (auto delays = read<flights::AirportDelays>(message))
            return take_airport(message, std::move(*delays));
    } else if (topic == topics_read[1]) {
        if (auto const notice = read<flights::DelayNotice>(message)) {
            once(header(message, "ce_id"), topic);
            notices_.insert(notice->flight);
            ++counts_.notices;
            return;
        }
    } else if (auto const paid = read<flights::CompensationPaid>(message)) {
        once(header(message, "ce_id"), topic);
        return take_payment(*paid);
    }
    trouble_ = fmt::format("{}/{} offset {} is no event of the application", topic,
                           message.partition, message.offset);
}

void FlightResults::take_airport(rd_kafka_message_t const& message, flights::AirportDelays delays) {
    auto const name = delays.airport;
    if (message.offset < begins_.at({topics_read[0], message.partition})) {
        before_[name] = airports_[name] = std::move(delays);
        return;
    }
    once(header(message, "ce_id"), topics_read[0]);
    auto& last = airports_[name];
    // Compaction may have left some out, never the last.
    if (delays.flights <= last.flights)
        trouble_ =
            fmt::format("{} has {} flights, and then {}", name, last.flights, delays.flights);
    counts_.flights += delays.flights - last.flights;
    last = std::move(delays);
}

void FlightResults::take_payment(flights::CompensationPaid const& paid) {
    // What was paid to a card by earlier runs is not known: the first payment tells.
    auto const [account, is_first] =
        accounts_.try_emplace(paid.card, paid.paid_to_card - paid.cents);
    account->second += paid.cents;
    if (account->second != paid.paid_to_card)
        trouble_ = fmt::format("{} got {} cents, but flight {} says {}", paid.card, account->second,
                               paid.flight, paid.paid_to_card);
    payments_.insert(flights::text_of(paid));
    ++counts_.payments;
}

void FlightResults::once(std::string const& id, std::string const& topic) {
    if (!ids_.insert(id).second) trouble_ = fmt::format("event {} is in {} twice", id, topic);
}

FlightResults::Counts FlightResults::counts() const {
    std::lock_guard const lock(mutex_);
    return counts_;
}

flights::Results FlightResults::results() const {
    std::lock_guard const lock(mutex_);
    flights::Results results;
    for (auto const& [name, delays] : airports_) {
        auto of_this_run = delays;
        if (auto const it = before_.find(name); it != before_.end()) {
            of_this_run.flights -= it->second.flights;
            of_this_run.minutes -= it->second.minutes;
        }
        if (of_this_run.flights != 0) results.airports[name] = of_this_run;
    }
    results.notices = notices_;
    results.payments = payments_;
    return results;
}

std::string FlightResults::trouble() const {
    std::lock_guard const lock(mutex_);
    return trouble_;
}

}  // namespace klamm::cli
