#include "klamm/simulate/inputs.h"

#include "klamm/handler/publish.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::simulated {

bus::Outgoing raw_record(std::string_view topic, std::optional<std::string> key,
                         std::optional<std::string> value, Headers headers) {
    return {.topic = std::string(topic),
            .key = std::move(key),
            .value = std::move(value),
            .headers = std::move(headers)};
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
    if (options.id.empty()) options.id = fmt::format("input-{}", inputs_.size() + 1);
    auto id = options.id;
    auto record = handler::make_record(app_, *plain_codecs(type), std::string(topic), type, event,
                                       std::move(options), start_ + at_);
    inputs_.push_back({at_, std::move(record), std::move(id), type.name});
}

void RecordedInputs::publish_raw(std::string_view topic, std::optional<std::string> key,
                                 std::optional<std::string> value, Headers headers) {
    inputs_.push_back({at_,
                       raw_record(topic, std::move(key), std::move(value), std::move(headers)),
                       {},
                       "a record"});
}

}  // namespace klamm::simulated
