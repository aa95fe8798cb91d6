// schema/avro/decode.h - payloads as JSON, in Avro's JSON encoding: what console tools print.
//
// Unions as {"type": value} and null as null, bytes as characters up to U+00FF, logical types as
// what they are made of, NaN and infinities as strings.
#pragma once

#include "klamm/schema/avro/binary.h"
#include "klamm/schema/avro/check.h"
#include "klamm/schema/avro/model.h"

#include <string>

namespace klamm::schema::avro {

/// One value after the other, from a reader that is shared with those who decide what comes next.
class Decoder {
public:
    Decoder(Model const& model, Sizes const& sizes, BinaryReader& reader, Path& path)
        : model_(model), sizes_(sizes), reader_(reader), path_(path) {}

    /// Reads one value and appends it to `out`. `depth` counts what it is inside of.
    [[nodiscard]] std::expected<void, PayloadError> append(TypeId type, std::size_t depth,
                                                           std::string& out);

private:
    using Done = std::expected<void, PayloadError>;
    Done append_record(Type const& type, std::size_t depth, std::string& out);
    Done append_blocks(Type const& type, std::size_t depth, std::string& out);
    Done append_element(Type const& type, std::size_t depth, std::size_t index, std::string& out);

    Model const& model_;
    Sizes const& sizes_;
    BinaryReader& reader_;
    Path& path_;
};

[[nodiscard]] std::expected<std::string, PayloadError> decode(Model const& model,
                                                              Sizes const& sizes, ByteView payload);

/// What takes no bytes: null, an empty fixed, a record of those.
void append_nothing(Model const& model, TypeId type, std::string& out);
/// Bytes as a JSON string of as many characters.
std::string quote_bytes(ByteView bytes);
/// A float too is written with all digits that it has as a double, as the console tools do.
std::string quote_real(double number);
/// "more than N values inside each other"
std::string too_deep();

}  // namespace klamm::schema::avro
