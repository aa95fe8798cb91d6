// cli/json.h - JSON for programs, one document or one line at a time.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <concepts>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

namespace klamm::cli {

/// Writes compact JSON, in the order of the calls.
class Json {
public:
    Json& object() { return writer_.StartObject(), *this; }
    Json& end_object() { return writer_.EndObject(), *this; }
    Json& array() { return writer_.StartArray(), *this; }
    Json& end_array() { return writer_.EndArray(), *this; }
    Json& key(std::string_view name) {
        return writer_.Key(name.data(), rapidjson::SizeType(name.size())), *this;
    }

    Json& value(std::string_view text) {
        return writer_.String(text.data(), rapidjson::SizeType(text.size())), *this;
    }
    Json& value(char const* text) { return value(std::string_view(text)); }
    Json& value(bool yes) { return writer_.Bool(yes), *this; }
    Json& value(std::integral auto number) { return writer_.Int64(std::int64_t(number)), *this; }
    Json& value(double number) { return writer_.Double(number), *this; }
    template <class T>
    Json& value(std::optional<T> const& perhaps) {
        return perhaps ? value(*perhaps) : (writer_.Null(), *this);
    }
    /// A JSON document as it is written.
    Json& raw(std::string_view json) {
        return writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType), *this;
    }
    Json& null() { return writer_.Null(), *this; }

    template <class T>
    Json& field(std::string_view name, T const& it) {
        return key(name).value(it);
    }

    std::string_view text() const { return {buffer_.GetString(), buffer_.GetSize()}; }
    /// Writes what there is as a line, and starts afresh.
    void print_line(std::FILE* stream) {
        buffer_.Put('\n');
        std::fwrite(buffer_.GetString(), 1, buffer_.GetSize(), stream);
        buffer_.Clear();
        writer_.Reset(buffer_);
    }

private:
    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> writer_{buffer_};
};

}  // namespace klamm::cli
