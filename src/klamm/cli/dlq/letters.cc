#include "klamm/cli/dlq/letters.h"

#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/text.h"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace klamm::cli {

std::string shortened(std::string_view bytes, std::size_t columns) {
    // Enough for any character; a long value is not made printable as a whole.
    auto const text = printable(bytes.substr(0, columns * 4));
    if (bytes.size() <= columns * 4 && width_of(text) <= columns) return text;
    std::string cut;
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size() && width + 1 < columns; ++width) {
        auto const size = std::max<std::size_t>(utf8_bytes(std::string_view(text).substr(at)), 1);
        cut += text.substr(at, size);
        at += size;
    }
    return cut + "…";
}

std::string short_error(std::string_view error_type) {
    // Of Java's and C++'s names, which are long before they say anything.
    auto const dot = error_type.find_last_of(".$");
    if (dot == std::string_view::npos || dot + 1 == error_type.size())
        return std::string(error_type);
    return std::string(error_type.substr(dot + 1));
}

std::string origin_text(handler::DeadLetter const& letter) {
    if (!letter.original) return "-";
    auto const& [topic, partition, offset] = *letter.original;
    if (partition < 0) return topic;
    if (offset < 0) return fmt::format("{}/{}", topic, partition);
    return to_string(*letter.original);
}

void write_bytes(Json& json, std::string name, std::optional<std::string> const& bytes) {
    if (bytes && !is_utf8(*bytes))
        json.field(name + "_base64", base64_encoded(*bytes));
    else
        json.field(name, bytes);
}

void write_letter(Json& json, handler::StoredDeadLetter const& stored) {
    auto const& letter = stored.letter;
    auto const text = [&](char const* name, std::string const& value) {
        if (!value.empty()) write_bytes(json, name, value);
    };
    json.object().field("place",
                        fmt::format("{}@{}", stored.position.partition, stored.position.offset));
    json.field("topic", stored.position.topic)
        .field("partition", stored.position.partition)
        .field("offset", stored.position.offset)
        .field("timestamp_ms", stored.timestamp.time_since_epoch().count())
        .field("written_by", std::string(to_string(letter.dialect)));
    json.key("original");
    if (letter.original)
        json.object()
            .field("topic", letter.original->topic)
            .field("partition", letter.original->partition)
            .field("offset", letter.original->offset)
            .end_object();
    else
        json.null();
    if (letter.original_timestamp)
        json.field("original_timestamp_ms", letter.original_timestamp->time_since_epoch().count());
    text("group", letter.group);
    text("handler", letter.handler);
    text("error_type", letter.error_type);
    text("reason", letter.reason);
    json.field("attempts", letter.attempts)
        .field("redrives", letter.redrives)
        .field("failed_at_ms", stored.failed_at().time_since_epoch().count())
        .field("parked", letter.parked);
    write_bytes(json, "key", stored.key);
    write_bytes(json, "value", stored.value);
    json.key("headers").array();
    for (auto const& header : stored.headers) {
        json.object().field("name", header.name);
        write_bytes(json, "value", header.value);
        json.end_object();
    }
    json.end_array().end_object();
}

std::size_t terminal_columns() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 120;
    return size.ws_col;
}

}  // namespace klamm::cli
