// simulate/inputs.h - events that come from outside: as records, and when they are published.
#pragma once

#include "klamm/base/random.h"
#include "klamm/bus/bus.h"
#include "klamm/handler/codecs.h"
#include "klamm/simulate.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::simulated {

/// A record of any bytes.
bus::Outgoing raw_record(std::string_view topic, std::optional<std::string> key,
                         std::optional<std::string> value, Headers headers);

/// Of events that are written without a schema's id: all Apps read them, whatever their format.
std::unique_ptr<handler::Codecs> plain_codecs(EventType const& type);

struct Input {
    milliseconds at{0};  ///< after the beginning
    bus::Outgoing record;
    std::string id;  ///< empty: any bytes, that no id names
    std::string type;
};

/// What the user's function publishes.
class RecordedInputs final : public Inputs {
public:
    RecordedInputs(App const& app, std::uint64_t seed, Time start)
        : app_(app), random_(seed), start_(start) {}
    std::vector<Input> take() { return std::move(inputs_); }

    void publish_raw(std::string_view topic, std::optional<std::string> key,
                     std::optional<std::string> value, Headers headers) override;
    void wait(milliseconds time) override { at_ += time; }
    std::uint64_t below(std::uint64_t limit) override { return random_.below(limit); }

private:
    void publish_event(std::string_view topic, EventType const& type, void const* event,
                       PublishOptions options) override;

    App const& app_;
    Random random_;
    Time start_;
    milliseconds at_{0};
    std::vector<Input> inputs_;
};

}  // namespace klamm::simulated
