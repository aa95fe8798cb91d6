// handler/codecs/json_events.h - events as JSON.
//
//     bool        true                      Time     "2026-11-23T16:00:00.250Z"
//     int32/64    a number, all digits      enum     its name
//     float       a number; what is none    struct   an object
//                 "NaN", "Infinity", …      vector   an array
//     string      a string, UTF-8           map      an object
//     Binary      base64                    optional null, or the value
//
// Read: fields that are missing keep their defaults, unknown ones are ignored, null is no value but
// for an optional.
#pragma once

#include "klamm/event.h"
#include "klamm/json/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

/// Builds the text as it goes.
class JsonWriter final : public Writer {
public:
    JsonWriter() { out_.reserve(bytes_at_first); }

    /// Empty: all could be written. Else what could not, with its field.
    std::string const& error() const { return error_; }
    std::string take() { return std::move(out_); }

    void boolean(bool value) override;
    void int32(std::int32_t value) override;
    void int64(std::int64_t value) override;
    void float32(float value) override;
    void float64(double value) override;
    void string(std::string_view value) override;
    void bytes(Binary const& value) override;
    void time(Time value) override;
    void enumeration(std::size_t index, std::string_view symbol) override;
    void begin_record(std::string_view name) override;
    void field(std::string_view name) override;
    void end_record() override;
    void begin_array(std::size_t items) override;
    void end_array() override;
    void begin_map(std::size_t entries) override;
    void key(std::string_view key) override;
    void end_map() override;
    void optional(bool present) override;

private:
    static constexpr std::size_t bytes_at_first = 120;

    void before_value();
    void quote(std::string_view text);
    void fail(std::string why);

    std::string out_;
    std::string_view field_;  ///< the last one that began
    std::string error_;
};

/// Reads a document, which lives longer.
class JsonReader final : public Reader {
public:
    explicit JsonReader(json::Value const& document) : current_(&document) {}

    /// "/items/3/cents: expected a whole number, found \"x\""
    std::string const& error() const { return error_; }

    bool boolean(bool& value) override;
    bool int32(std::int32_t& value) override;
    bool int64(std::int64_t& value) override;
    bool float32(float& value) override;
    bool float64(double& value) override;
    bool string(std::string& value) override;
    bool bytes(Binary& value) override;
    bool time(Time& value) override;
    bool enumeration(std::size_t& index, std::vector<std::string> const& symbols) override;
    bool begin_record() override;
    bool field(std::string_view name) override;
    bool end_record() override;
    bool begin_array() override;
    bool next_item() override;
    bool begin_map() override;
    bool next_key(std::string& key) override;
    bool optional(bool& present) override;
    bool failed() const override { return !error_.empty(); }

private:
    struct Level {
        json::Value const* value;  ///< an object or an array
        std::size_t next = 0;      ///< where the next member is looked for first
        std::string_view name;     ///< of the member that is read now
    };

    std::string place() const;
    bool expected(std::string_view what);
    template <class T, class Parse>
    bool take(T& value, std::string_view what, Parse parse);
    template <class T>
    bool take_real(T& value, std::string_view what);

    std::vector<Level> levels_;
    json::Value const* current_;
    std::string error_;
};

}  // namespace klamm::handler
