#include "klamm/simulate/inputs.h"

#include "klamm/handler/cloud_event.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::simulated {

std::string source_of(App const& app) {
    auto const& source = app.options().source;
    return source.empty() ? "/" + app.name() : source;
}

bus::Outgoing make_record(App const& app, handler::Codecs& codecs, std::string_view topic,
                          EventType const& type, void const* event, PublishOptions options,
                          std::string id, Time now) {
    auto encoded = codecs.encode(std::string(topic), type, event);
    EventContext context;
    context.id = options.id.empty() ? std::move(id) : std::move(options.id);
    context.source = options.source.empty() ? source_of(app) : std::move(options.source);
    context.type = type.name;
    context.subject = std::move(options.subject);
    context.content_type = std::move(encoded.content_type);
    context.time = options.time.value_or(now);
    context.correlation_id =
        options.correlation_id.empty() ? context.id : std::move(options.correlation_id);
    bus::Outgoing record;
    record.topic = topic;
    record.partition = options.partition;
    record.key = std::move(options.key);
    record.value = std::move(encoded.value);
    record.headers = std::move(options.headers);
    handler::write_context(record.headers, context);
    return record;
}

namespace {

/// For codecs that never have to wait.
class NoLoop final : public bus::Loop {
public:
    Now now() const override { return {}; }
    void post(Job) override {}
    void after(Duration, Job) override {}
};

}  // namespace

std::unique_ptr<handler::Codecs> plain_codecs(EventType const& type) {
    static NoLoop no_loop;
    return handler::make_codecs(type.protobuf ? Format::protobuf : Format::json, nullptr, no_loop);
}

void RecordedInputs::publish_event(std::string_view topic, EventType const& type, void const* event,
                                   PublishOptions options) {
    auto id = options.id.empty() ? fmt::format("input-{}", inputs_.size() + 1) : options.id;
    auto record = make_record(app_, *plain_codecs(type), topic, type, event, std::move(options), id,
                              start_ + at_);
    inputs_.push_back({at_, std::move(record), std::move(id), type.name});
}

void RecordedInputs::publish_raw(std::string_view topic, std::optional<std::string> key,
                                 std::optional<std::string> value, Headers headers) {
    bus::Outgoing record;
    record.topic = topic;
    record.key = std::move(key);
    record.value = std::move(value);
    record.headers = std::move(headers);
    inputs_.push_back({at_, std::move(record), {}, "a record"});
}

}  // namespace klamm::simulated
