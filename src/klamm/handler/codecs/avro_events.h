// handler/codecs/avro_events.h - events in Avro's binary encoding, with the schema that
// avro_schema() derives for them.
//
// Source: https://avro.apache.org/docs/1.12.0/specification/, "Binary encoding".
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/event.h"
#include "klamm/json/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

class AvroWriter final : public Writer {
public:
    /// Appends to `out`, which lives longer.
    explicit AvroWriter(std::string& out) : out_(out) {}

    /// Empty: all could be written. Else what could not, with its field.
    std::string const& error() const { return error_; }

    void boolean(bool value) override;
    void int32(std::int32_t value) override;
    void int64(std::int64_t value) override;
    void float32(float value) override;
    void float64(double value) override;
    void string(std::string_view value) override;
    void bytes(Binary const& value) override;
    void time(Time value) override;
    void enumeration(std::size_t index, std::string_view symbol) override;
    void begin_record(std::string_view) override {}
    void field(std::string_view name) override { field_ = name; }
    void end_record() override {}
    void begin_array(std::size_t items) override;
    void end_array() override;
    void begin_map(std::size_t entries) override;
    void key(std::string_view key) override;
    void end_map() override;
    void optional(bool present) override;

private:
    void fail(std::string why);

    std::string& out_;
    std::string_view field_;
    std::string error_;
};

/// Reads what was written with the same schema.
class AvroReader final : public Reader {
public:
    /// Items that take no bytes at all, in one event.
    static constexpr std::uint64_t empty_items_max = 10'000;

    explicit AvroReader(std::string_view bytes) : left_(bytes) {}

    /// "field cents: the value ends inside a number"
    std::string const& error() const { return error_; }
    /// Once the event was read: fails if bytes are left.
    void expect_end();

    bool boolean(bool& value) override;
    bool int32(std::int32_t& value) override;
    bool int64(std::int64_t& value) override;
    bool float32(float& value) override;
    bool float64(double& value) override;
    bool string(std::string& value) override;
    bool bytes(Binary& value) override;
    bool time(Time& value) override;
    bool enumeration(std::size_t& index, std::vector<std::string> const& symbols) override;
    bool begin_record() override { return !failed(); }
    bool field(std::string_view name) override;
    bool end_record() override { return !failed(); }
    bool begin_array() override;
    bool next_item() override;
    bool begin_map() override { return begin_array(); }
    bool next_key(std::string& key) override;
    bool optional(bool& present) override;
    bool failed() const override { return !error_.empty(); }

private:
    bool fail(std::string_view why);
    bool take(std::size_t size, std::string_view& bytes);
    template <class T>
    bool take_real(T& value);

    std::string_view left_;
    std::string_view field_;
    struct Block {
        std::uint64_t items = 0;              ///< that are left
        std::optional<std::uint64_t> behind;  ///< bytes left at its end, if it says how long it is
    };
    bool next_block(Block& block);

    std::vector<Block> blocks_;  ///< that are read, the innermost last
    std::uint64_t empty_items_left_ = empty_items_max;
    std::string error_;
};

/// A value that was written with another schema, as JSON of which JsonReader reads the event:
/// unions without tags, and each number, text and time as the field wants it. `value` is what
/// schema::Schema::to_json() gave, `schema` the writer's as JSON, without references.
json::Value resolved(json::Value const& value, json::Value const& schema, Shape const& shape);

}  // namespace klamm::handler
