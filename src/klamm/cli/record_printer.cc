#include "klamm/cli/record_printer.h"

#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"
#include "klamm/cli/text.h"
#include "klamm/cli/topic_reader.h"

#include <fmt/core.h>

#include <utility>

namespace klamm::cli {
namespace {

/// Text as text; other bytes under a name that says so.
void write_bytes(Json& json, std::string const& name, std::optional<std::string_view> bytes) {
    if (!bytes || is_utf8(*bytes))
        json.field(name, bytes);
    else
        json.field(name + "_base64", base64_encoded(*bytes));
}

template <class Visit>
void each_header(rd_kafka_message_t const& message, Visit visit) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    char const* name = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
        visit(name, value == nullptr
                        ? std::nullopt
                        : std::optional(std::string_view(static_cast<char const*>(value), size)));
}

std::optional<std::string_view> bytes_of(rd_kafka_message_t const& message, Part part) {
    return part == Part::key ? key_of(message) : value_of(message);
}

}  // namespace

void RecordPrinter::print(rd_kafka_message_t const& message) {
    switch (look_) {
        case RecordLook::row:
            return print_row(message);
        case RecordLook::json:
            return print_json(message);
        case RecordLook::raw:
            return print_raw(message);
    }
}

std::optional<RecordPrinter::Decoding> RecordPrinter::decode(
    rd_kafka_message_t const& message, Part part, std::optional<std::string_view> bytes) {
    if (payloads_ == nullptr || !bytes) return std::nullopt;
    // Keys are most often plain text, and that is no mistake.
    auto const is_plain_key = part == Part::key && !header_of(message, "__key_schema_id") &&
                              !bytes->starts_with('\0') && !bytes->starts_with('\1');
    if (is_plain_key) return std::nullopt;
    auto const framed = payloads_->read(message, part, *bytes);
    if (!framed) return std::unexpected(framed.error());
    auto const json = framed->schema->to_json(framed->payload, framed->indexes);
    if (!json) return std::unexpected(words_of(json.error()));
    return Decoded{framed->id != 0 ? std::to_string(framed->id) : framed->guid, *json};
}

void RecordPrinter::print_raw(rd_kafka_message_t const& message) {
    auto const value = value_of(message);
    auto const decoding = decode(message, Part::value, value);
    if (decoding && !*decoding) {
        fmt::print(stderr, "klamm: {}/{} offset {}: {}\n", rd_kafka_topic_name(message.rkt),
                   message.partition, message.offset, printable(decoding->error()));
        return;
    }
    auto const text = decoding ? std::string_view((*decoding)->json) : value.value_or("");
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
}

void RecordPrinter::write_part(rd_kafka_message_t const& message, Part part) {
    std::string const name = part == Part::key ? "key" : "value";
    auto const bytes = bytes_of(message, part);
    auto const decoding = decode(message, part, bytes);
    if (decoding && *decoding) {
        json_.key(name).raw((*decoding)->json).field(name + "_schema", (*decoding)->schema);
        return;
    }
    write_bytes(json_, name, bytes);
    if (decoding) json_.field(name + "_error", decoding->error());
}

void RecordPrinter::print_json(rd_kafka_message_t const& message) {
    json_.object()
        .field("topic", rd_kafka_topic_name(message.rkt))
        .field("partition", message.partition)
        .field("offset", message.offset)
        .field("timestamp", rd_kafka_message_timestamp(&message, nullptr));
    write_part(message, Part::key);
    write_part(message, Part::value);
    json_.key("headers").array();
    each_header(message, [&](std::string_view name, auto value) {
        json_.object().field("name", name);
        write_bytes(json_, "value", value);
        json_.end_object();
    });
    json_.end_array().end_object().print_line(stdout);
}

std::string RecordPrinter::text_of(rd_kafka_message_t const& message, Part part) {
    auto const bytes = bytes_of(message, part);
    if (!bytes) return fmt::format("{}null{}", style_.dim(), style_.off());
    auto const decoding = decode(message, part, bytes);
    if (!decoding) return printable(*bytes);
    if (*decoding) return printable((*decoding)->json);
    return fmt::format("{}  {}({}){}", printable(*bytes), style_.warm(),
                       printable(decoding->error()), style_.off());
}

void RecordPrinter::print_row(rd_kafka_message_t const& message) {
    if (!std::exchange(has_heading_, true))
        fmt::print("{}{:>9}  {:>10}  {:24}  {:12}  VALUE{}\n", style_.bold(), "PARTITION", "OFFSET",
                   "TIME (UTC)", "KEY", style_.off());
    auto const time = rd_kafka_message_timestamp(&message, nullptr);
    fmt::print("{:>9}  {:>10}  {:24}  {}  {}", message.partition, message.offset,
               time < 0 ? "-" : utc_text(time), padded(text_of(message, Part::key), 12),
               text_of(message, Part::value));
    each_header(message, [&](std::string_view name, auto value) {
        fmt::print("  {}{}={}{}", style_.dim(), printable(name),
                   value ? printable(*value) : std::string("null"), style_.off());
    });
    fmt::print("\n");
}

}  // namespace klamm::cli
