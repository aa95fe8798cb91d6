// handler/codecs/flat_events.h - events from JSON as it should be, fast.
//
// Reads what JsonReader reads. Whatever it does not expect it fails on, without a word: then the
// document is parsed as a whole, and JsonReader reads it, or says what is wrong.
#pragma once

#include "klamm/event.h"
#include "klamm/json/flat.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

class FlatReader final : public Reader {
public:
    /// `document` lives longer.
    explicit FlatReader(json::Flat const& document) : parts_(document.parts()) {}

    bool boolean(bool& value) override;
    bool int32(std::int32_t& value) override;
    bool int64(std::int64_t& value) override;
    bool float32(float& value) override;
    bool float64(double& value) override;
    bool string(std::string& value) override;
    bool bytes(Binary& value) override;
    bool time(Time& value) override;
    bool enumeration(std::size_t& index, std::vector<std::string> const& symbols) override;
    bool begin_record() override { return begin(json::Part::Kind::object); }
    bool field(std::string_view name) override;
    bool end_record() override;
    bool begin_array() override { return begin(json::Part::Kind::array); }
    bool next_item() override;
    bool begin_map() override { return begin(json::Part::Kind::object); }
    bool next_key(std::string& key) override;
    bool optional(bool& present) override;
    bool failed() const override { return failed_; }

private:
    struct Level {
        std::uint32_t first;  ///< what is in it
        std::uint32_t end;
        std::uint32_t next;  ///< where the next member is looked for first
    };

    json::Part const& current() const { return parts_[current_]; }
    bool is(json::Part::Kind kind) const { return !failed_ && current().kind == kind; }
    bool unexpected();
    bool begin(json::Part::Kind kind);
    bool take_member(std::uint32_t key);

    std::vector<json::Part> const& parts_;
    std::uint32_t current_ = 0;
    std::array<Level, json::Flat::depth_max> levels_;
    std::size_t depth_ = 0;
    bool failed_ = false;
};

}  // namespace klamm::handler
