// live/recognition.h - asks what it is that answers: a Klamm server, alone, or something else.
#pragma once

#include "klamm/bus/link.h"
#include "klamm/bus/loop.h"

#include <cstdint>
#include <memory>
#include <string>

namespace klamm::live {

struct Recognized {
    enum class What : std::uint8_t {
        silence,   ///< nobody answers
        klamm,     ///< one Klamm server that knows at least what this program knows
        stranger,  ///< any other cluster, which is not to be spoken to as if it were Klamm
    };
    What what{};
    std::string why;  ///< of a stranger: "is no Klamm server"
};

/// What ApiVersions tells of it; silence: nothing yet, it may be one of several.
Recognized recognize(kafka::ApiVersionsResponse const& answer);

/// One question at a time.
class Recognition {
public:
    using Done = std::move_only_function<void(Recognized)>;
    static constexpr Duration answer_timeout{5'000};

    /// Both live longer.
    Recognition(bus::Loop& loop, bus::Connector& connector) : loop_(loop), connector_(connector) {}

    /// Not inside this call; not any more once this is gone. In it this may be destroyed.
    void ask(Done done);

private:
    template <class Request>
    void send(Request request, kafka::ApiVersion version);
    void heard(kafka::ApiVersionsResponse const& answer);
    void heard(kafka::MetadataResponse const& answer);
    void end(Recognized recognized);

    bus::Loop& loop_;
    bus::Connector& connector_;
    std::shared_ptr<bus::Connection> connection_;
    Done done_;
};

}  // namespace klamm::live
