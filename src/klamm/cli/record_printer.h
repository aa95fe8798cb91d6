// cli/record_printer.h - how the records of a topic look, to people and to programs.
#pragma once

#include "klamm/cli/json.h"
#include "klamm/cli/payloads.h"
#include "klamm/cli/terminal.h"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::cli {

enum class RecordLook : std::uint8_t { row, json, raw };

class RecordPrinter {
public:
    /// With a reader, keys and values that name a schema are shown as JSON; it stays the caller's.
    RecordPrinter(RecordLook look, PayloadReader* payloads) : look_(look), payloads_(payloads) {}

    void print(rd_kafka_message_t const& message);

private:
    struct Decoded {
        std::string schema;  ///< id or GUID
        std::string json;
    };
    using Decoding = std::expected<Decoded, std::string>;

    /// None: it is shown as it is. The error: why it could not be decoded.
    std::optional<Decoding> decode(rd_kafka_message_t const& message, Part part,
                                   std::optional<std::string_view> bytes);
    void print_raw(rd_kafka_message_t const& message);
    void print_json(rd_kafka_message_t const& message);
    void print_row(rd_kafka_message_t const& message);
    void write_part(rd_kafka_message_t const& message, Part part);
    std::string text_of(rd_kafka_message_t const& message, Part part);

    RecordLook look_;
    PayloadReader* payloads_;
    Style style_{stdout};
    Json json_;
    bool has_heading_ = false;
};

}  // namespace klamm::cli
