#include "klamm/postgres/relay.h"

#include "klamm/handler/cloud_event.h"
#include "klamm/json/value.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::postgres {
namespace {

constexpr auto batch_key = "last batch";
constexpr std::int32_t read_bytes_max = 1024 * 1024;

std::string text_of(std::vector<std::string> const& ids) {
    json::Array array;
    for (auto const& id : ids) array.emplace_back(id);
    return json::print(json::Value{std::move(array)});
}

std::vector<std::string> ids_of(std::string_view text) {
    std::vector<std::string> ids;
    auto const parsed = json::parse(text);
    if (!parsed || !parsed->is_array()) return ids;
    for (auto const& id : parsed->array())
        if (id.is_string()) ids.push_back(id.string());
    return ids;
}

/// The value of a property in the text form of java.util.Properties, as tracers write it.
std::string property(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        auto const equals = line.find('=');
        if (equals != std::string_view::npos && line.substr(0, equals) == name)
            return std::string(line.substr(equals + 1));
    }
    return {};
}

}  // namespace

std::string progress_topic(std::string const& name) { return name + "-outbox-progress"; }

bus::Outgoing record_of(Row const& row, RelayOptions const& options) {
    bus::Outgoing out;
    out.topic = options.topic_prefix + row.aggregate_type;
    out.key = row.aggregate_id;
    out.value = row.payload;
    out.timestamp_ms = row.timestamp_ms;
    EventContext context;
    context.id = row.id;
    context.source = "/" + options.name;
    context.type = row.type;
    context.content_type = "application/json";
    context.traceparent = property(row.tracing, "traceparent");
    context.tracestate = property(row.tracing, "tracestate");
    if (auto const headers = json::parse(row.headers); headers && headers->is_object())
        for (auto const& [name, value] : headers->object())
            if (value.is_string()) {
                if (name == "ce_correlationid")
                    context.correlation_id = value.string();
                else if (name == "ce_causationid")
                    context.causation_id = value.string();
                else if (name == "ce_source")
                    context.source = value.string();
                else if (name == "ce_subject")
                    context.subject = value.string();
                else if (name == "traceparent")
                    context.traceparent = value.string();
                else if (name == "content-type")
                    context.content_type = value.string();
                else
                    out.headers.push_back({name, value.string()});
            }
    handler::write_context(out.headers, context);
    out.headers.push_back({"id", row.id});  // where Debezium's event router puts it
    return out;
}

struct Relay::Parts : std::enable_shared_from_this<Relay::Parts> {
    Parts(bus::Loop& on, bus::Bus& to, Table& from, RelayOptions given,
          std::function<void(std::string const&)> tell)
        : loop(on), bus(to), table(from), options(std::move(given)), log(std::move(tell)) {}

    /// A function that does nothing when the relay is gone.
    template <class F>
    auto guarded(F function) {
        return [weak = weak_from_this(), function = std::move(function)](auto&&... given) mutable {
            if (auto const alive = weak.lock()) function(std::forward<decltype(given)>(given)...);
        };
    }

    void take_over();
    void make_topics();
    void read_progress(std::int64_t offset);
    void go_on();
    void commit();
    void committed(bus::Result<void> result);
    void remove(std::vector<std::string> ids);
    void later(std::string why, void (Parts::*what)());
    void fine() { trouble.reset(); }

    bus::Loop& loop;
    bus::Bus& bus;
    Table& table;
    RelayOptions const options;
    std::function<void(std::string const&)> log;
    std::unique_ptr<bus::Producer> producer;
    std::set<std::string> known_topics;
    std::vector<Row> batch;             ///< under way
    std::vector<std::string> in_doubt;  ///< what the progress topic names
    std::uint64_t relayed = 0;
    std::optional<Problem> trouble;
};

Relay::Relay(bus::Loop& loop, bus::Bus& bus, Table& table, RelayOptions options,
             std::function<void(std::string const&)> log)
    : parts_(std::make_shared<Parts>(loop, bus, table, std::move(options), std::move(log))) {}
Relay::~Relay() = default;

void Relay::start() { parts_->make_topics(); }
std::uint64_t Relay::relayed() const { return parts_->relayed; }
std::vector<Problem> Relay::problems() const {
    if (!parts_->trouble) return {};
    return {*parts_->trouble};
}

/// Tries again after a pause; tells of it once.
void Relay::Parts::later(std::string why, void (Parts::*what)()) {
    why = fmt::format("outbox {}: {}; trying again", options.name, why);
    if (!trouble || trouble->why != why) log(why);
    trouble = Problem{.kind = Problem::Kind::stalled, .handler = options.name, .why = why};
    loop.after(options.retry_pause, guarded([this, what] { (this->*what)(); }));
}

void Relay::Parts::make_topics() {
    auto spec = bus::TopicSpec{.name = progress_topic(options.name),
                               .configs = {{"cleanup.policy", "compact"}}};
    bus.create_topics({std::move(spec)}, guarded([this](bus::Result<void> made) {
                          if (!made) return later(made.error().why, &Parts::make_topics);
                          take_over();
                      }));
}

/// From here on no predecessor commits anything, and what it left open is aborted: what the
/// progress topic says then is final.
void Relay::Parts::take_over() {
    producer = bus.make_producer(
        {.transactional_id = options.name + "-outbox", .client_id = options.name});
    producer->initialize(guarded([this](bus::Result<void> done) {
        if (!done) return later(done.error().why, &Parts::take_over);
        in_doubt.clear();
        read_progress(0);
    }));
}

void Relay::Parts::read_progress(std::int64_t offset) {
    bus.read(
        {progress_topic(options.name), 0}, offset, read_bytes_max,
        guarded([this](bus::Result<bus::ReadResult> read) {
            if (!read) return later(read.error().why, &Parts::take_over);
            for (auto const& record : read->records)
                if (record.value) {
                    auto const view = record.value->view();
                    in_doubt = ids_of({reinterpret_cast<char const*>(view.data()), view.size()});
                }
            if (read->next < read->end) return read_progress(read->next);
            if (options.wrong_no_progress) in_doubt.clear();
            remove(in_doubt);
        }));
}

void Relay::Parts::remove(std::vector<std::string> ids) {
    in_doubt = std::move(ids);
    if (in_doubt.empty()) return go_on();
    table.remove(in_doubt, guarded([this](std::expected<void, std::string> removed) {
                     if (!removed) return later(removed.error(), &Parts::take_over);
                     in_doubt.clear();
                     go_on();
                 }));
}

void Relay::Parts::go_on() {
    table.next(options.batch, guarded([this](std::expected<std::vector<Row>, std::string> rows) {
                   if (!rows) return later(rows.error(), &Parts::go_on);
                   fine();
                   if (rows->empty())
                       return table.wait(options.poll_interval, guarded([this] { go_on(); }));
                   batch = std::move(*rows);
                   if (!options.wrong_delete_first) return commit();
                   std::vector<std::string> ids;
                   for (auto const& row : batch) ids.push_back(row.id);
                   table.remove(std::move(ids), guarded([this](auto) { commit(); }));
               }));
}

void Relay::Parts::commit() {
    std::vector<bus::TopicSpec> missing;
    for (auto const& row : batch)
        if (auto name = options.topic_prefix + row.aggregate_type; known_topics.insert(name).second)
            missing.push_back({.name = name, .partitions = options.partitions});
    if (!missing.empty())
        return bus.create_topics(missing, guarded([this, missing](bus::Result<void> made) {
                                     if (made) return commit();
                                     for (auto const& topic : missing)
                                         known_topics.erase(topic.name);
                                     later(made.error().why, &Parts::commit);
                                 }));
    bus::Transaction transaction;
    std::vector<std::string> ids;
    for (auto const& row : batch) {
        transaction.records.push_back(record_of(row, options));
        ids.push_back(row.id);
    }
    transaction.records.push_back({.topic = progress_topic(options.name),
                                   .partition = 0,
                                   .key = batch_key,
                                   .value = text_of(ids)});
    producer->commit(std::move(transaction),
                     guarded([this](bus::Result<void> result) { committed(std::move(result)); }));
}

void Relay::Parts::committed(bus::Result<void> result) {
    if (!result && result.error().kind == bus::Error::Kind::aborted)
        return later(result.error().why, &Parts::commit);
    // Another relay of this name, or an outcome that is not known: what the log says counts.
    if (!result) return later(result.error().why, &Parts::take_over);
    fine();
    relayed += batch.size();
    std::vector<std::string> ids;
    for (auto const& row : batch) ids.push_back(row.id);
    remove(std::move(ids));
}

}  // namespace klamm::postgres
