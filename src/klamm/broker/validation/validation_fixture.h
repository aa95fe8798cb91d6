// broker/validation/validation_fixture.h - for tests: schemas as _schemas has them, and payloads as
// serializers write them.
#pragma once

#include "klamm/broker/validation/validate.h"
#include "klamm/json/value.h"
#include "klamm/records/batch.h"
#include "klamm/records/contents.h"
#include "klamm/registry/state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

inline constexpr std::string_view order_schema =
    R"({"type":"record","name":"Order","namespace":"shop","fields":[{"name":"n","type":"int"},)"
    R"({"name":"customer","type":{"type":"record","name":"Customer","fields":[)"
    R"({"name":"email","type":"string"}]}}]})";
inline constexpr std::string_view refund_schema =
    R"({"type":"record","name":"Refund","namespace":"shop","fields":[{"name":"n","type":"int"}]})";
inline constexpr std::string_view proto_schema =
    "syntax = \"proto3\";\npackage shop;\n\nmessage First {\n  int32 n = 1;\n}\n"
    "message Second {\n  message Inner {\n    string s = 1;\n  }\n  Inner inner = 1;\n}\n";
inline constexpr std::string_view json_schema =
    R"({"title":"Visit","type":"object","properties":{"page":{"type":"string"}}})";

inline registry::Record schema_record(std::string_view subject, std::int32_t version,
                                      std::int32_t id, std::string_view text,
                                      std::string_view type = "AVRO") {
    json::Value key;
    key.set("keytype", "SCHEMA");
    key.set("subject", subject);
    key.set("version", version);
    key.set("magic", std::int32_t{1});
    json::Value value;
    value.set("subject", subject);
    value.set("version", version);
    value.set("id", id);
    if (type != "AVRO") value.set("schemaType", type);
    value.set("schema", text);
    value.set("deleted", false);
    return {json::print(key), json::print(value)};
}

inline Bytes bytes_of(std::string_view text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}
inline Bytes operator+(Bytes front, std::string_view text) {
    auto const more = bytes_of(text);
    auto const size = front.size();
    front.resize(size + more.size());
    std::ranges::copy(more, front.begin() + std::ptrdiff_t(size));
    return front;
}

/// Magic byte and id.
inline Bytes with_id(std::int32_t id, std::string_view payload) {
    Bytes front(5);
    for (std::size_t i = 0; i < 4; ++i) front[4 - i] = std::byte(std::uint32_t(id) >> (8 * i));
    return front + payload;
}
/// Magic byte and GUID, as a value or as a header has them.
inline Bytes with_guid(std::string_view guid, std::string_view payload = {}) {
    Bytes front{std::byte{1}};
    std::string digits;
    for (auto const c : guid) {
        if (c != '-') digits += c;
    }
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        front.push_back(std::byte(std::stoi(digits.substr(i, 2), nullptr, 16)));
    return front + payload;
}

/// A value of order_schema. An email has less than 64 bytes.
inline std::string order(std::string_view email, char n = 2) {
    return {std::string{n, char(email.size() * 2)} + std::string(email)};
}

inline records::Record record(std::optional<Bytes> value, std::optional<Bytes> key = {},
                              std::vector<records::Header> headers = {}) {
    return {.offset = 0,
            .timestamp = 1'700'000'000'000,
            .key = std::move(key),
            .value = std::move(value),
            .headers = std::move(headers)};
}

inline constexpr SideRules not_checked{};
inline constexpr SideRules by_id{ValidationDepth::id};
inline constexpr SideRules by_payload{ValidationDepth::payload};

/// A registry, and a topic `t` whose records are validated.
class Validate : public testing::Test {
protected:
    Validate() {
        registry.apply(schema_record("t-value", 3, 1, order_schema));
        registry.apply(schema_record("t-key", 1, 2, R"("string")"));
        registry.apply(schema_record("shop.Refund", 1, 3, refund_schema));
        registry.apply(schema_record("t-shop.Order", 2, 1, order_schema));
        registry.apply(schema_record("p-value", 1, 4, proto_schema, "PROTOBUF"));
        registry.apply(schema_record("shop.Second.Inner", 1, 4, proto_schema, "PROTOBUF"));
        registry.apply(schema_record("j-value", 1, 5, json_schema, "JSON"));
    }

    Verdict check(std::vector<records::Record> const& records, ValidationRules const& rules,
                  std::string_view topic = "t", records::Codec codec = records::Codec::none,
                  std::int32_t refused_max = refused_named_max) const {
        auto const batch = records::build(records, {.codec = codec});
        records::Contents contents;
        auto const info = records::check(batch, {}, contents).value();
        return validate(contents, info, topic, rules, registry, refused_max);
    }
    /// Why the one record is refused; empty: it is not.
    std::string why(records::Record const& one, ValidationRules const& rules,
                    std::string_view topic = "t") const {
        auto const verdict = check({one}, rules, topic);
        return verdict.refused.empty() ? "" : verdict.refused.at(0).why;
    }
    std::string guid(std::int32_t id) const { return registry.by_id(".", id)->guid(); }

    registry::State registry;
};

}  // namespace klamm::broker
