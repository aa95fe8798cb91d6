// host/http_message.h - the bytes of responses.
#pragma once

#include "klamm/base/random.h"
#include "klamm/host/http.h"

#include <chrono>
#include <string>
#include <string_view>

namespace klamm::host {

/// A UUID of version 4, for requests that bring no X-Request-ID.
std::string random_request_id(Random& random);

/// Whether it is echoed: short, and nothing but visible ASCII.
bool good_request_id(std::string_view id);

/// What all responses of one second have in common: the fields Date and Server.
class CommonFields {
public:
    std::string_view at(std::chrono::system_clock::time_point now);

private:
    std::chrono::seconds second_{-1};
    std::string text_;
};

struct ResponseHead {
    std::string_view common;
    std::string_view request_id;
    bool head_only = false;  ///< for HEAD: without the body
    bool close = false;      ///< the connection ends with it
    bool say_kept = false;   ///< HTTP/1.0: that it does not has to be said
};

void append_response(std::string& out, HttpAnswer const& answer, ResponseHead const& head);

}  // namespace klamm::host
