#include "klamm/schema/json/schema_of_json.h"
#include "klamm/schema/json/validate.h"

#include <fmt/format.h>

namespace klamm::schema::jsonschema {
namespace {

std::string_view text_of(ByteView payload) {
    return {reinterpret_cast<char const*>(payload.data()), payload.size()};
}

}  // namespace

std::expected<void, PayloadError> JsonSchema::check(ByteView payload, MessageIndexes const&) const {
    auto const text = text_of(payload);
    auto const tape = Tape::from(text);
    if (tape) return validate(program_, *tape);
    return std::unexpected(PayloadError{.path = {},
                                        .value = {},
                                        .rule = "json",
                                        .why = fmt::format("It is no JSON: {}.", tape.error())});
}

std::expected<std::string, PayloadError> JsonSchema::to_json(ByteView payload,
                                                             MessageIndexes const& indexes) const {
    if (auto const good = check(payload, indexes); !good) return std::unexpected(good.error());
    auto const value = json::parse(text_of(payload));
    if (value) return json::print(*value);
    return std::unexpected(
        PayloadError{.path = {},
                     .value = {},
                     .rule = "json",
                     .why = fmt::format("It is no JSON: {}.", value.error().why)});
}

std::expected<Bytes, PayloadError> JsonSchema::from_json(std::string_view text,
                                                         MessageIndexes const& indexes) const {
    auto const bytes = std::as_bytes(std::span(text));
    if (auto const good = check(bytes, indexes); !good) return std::unexpected(good.error());
    return Bytes(bytes.begin(), bytes.end());
}

std::expected<void, PayloadError> JsonSchema::check_reading(ByteView payload, Schema const&,
                                                            MessageIndexes const& indexes) const {
    return check(payload, indexes);
}

}  // namespace klamm::schema::jsonschema
