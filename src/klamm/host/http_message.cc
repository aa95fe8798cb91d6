#include "klamm/host/http_message.h"

#include "klamm/json/value.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <iterator>

namespace klamm::host {

std::string random_request_id(Random& random) {
    auto high = random.next();
    auto low = random.next();
    high = (high & ~0xf000ULL) | 0x4000ULL;
    low = (low & ~(3ULL << 62)) | (1ULL << 63);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string id(36, '-');
    std::size_t at = 0;
    for (int nibble = 0; nibble < 32; ++nibble) {
        if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) ++at;
        auto const word = nibble < 16 ? high : low;
        id[at++] = digits[(word >> (60 - 4 * (nibble % 16))) & 15];
    }
    return id;
}

bool good_request_id(std::string_view id) {
    constexpr std::size_t bytes_max = 128;
    return !id.empty() && id.size() <= bytes_max &&
           std::ranges::all_of(id, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string_view CommonFields::at(std::chrono::system_clock::time_point now) {
    auto const second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    if (second != second_) {
        second_ = second;
        text_ = fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\nServer: klamm\r\n",
                            fmt::gmtime(std::time_t(second.count())));
    }
    return text_;
}

HttpAnswer http_error(unsigned status, std::string_view message) {
    return {
        .status = status,
        .content_type = "application/vnd.schemaregistry.v1+json",
        .body = fmt::format(R"({{"error_code":{},"message":{}}})", status, json::quote(message))};
}

void append_response(std::string& out, HttpAnswer const& answer, ResponseHead const& head) {
    auto const reason =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(answer.status));
    auto const no_body = answer.status == 204;
    auto to = std::back_inserter(out);
    if (answer.status == 200)
        out += "HTTP/1.1 200 OK\r\n";
    else
        fmt::format_to(to, "HTTP/1.1 {} {}\r\n", answer.status,
                       std::string_view(reason.data(), reason.size()));
    out += head.common;
    if (!no_body) {
        out += "Content-Type: ";
        out += answer.content_type;
        fmt::format_to(to, "\r\nContent-Length: {}\r\n", answer.body.size());
    }
    out += "X-Request-ID: ";
    out += head.request_id;
    out += "\r\n";
    if (!answer.allow.empty()) fmt::format_to(to, "Allow: {}\r\n", answer.allow);
    if (answer.retry_after_s > 0) fmt::format_to(to, "Retry-After: {}\r\n", answer.retry_after_s);
    if (head.close)
        out += "Connection: close\r\n";
    else if (head.say_kept)
        out += "Connection: keep-alive\r\n";
    out += "\r\n";
    if (!head.head_only && !no_body) out += answer.body;
}

}  // namespace klamm::host
