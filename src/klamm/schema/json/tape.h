// schema/json/tape.h - a JSON text laid out flat, to be gone through once.
//
//   {"a":[1,2]}  ──▶  object 1 │ "a" │ array 2 │ 1 │ 2
//
// Each item knows how many children it has and where what follows it begins; a member is its key
// and then its value. Texts are not copied one by one: they stand in the tape's one copy of the
// whole, with their escapes resolved.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::schema::jsonschema {

/// What one payload may be.
constexpr std::size_t payload_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t payload_depth_max = 400;

enum class Is : std::uint8_t { null, boolean, number, string, array, object };

using At = std::uint32_t;  ///< an item's place on its tape

struct Item {
    Is is = Is::null;
    bool yes = false;        ///< a boolean; of a number: it has digits alone, but for a minus
    std::uint32_t size = 0;  ///< elements, members, or bytes of text
    At end = 0;              ///< behind it and all that is in it
    char const* text = nullptr;

    std::string_view view() const { return {text, size}; }  ///< of a string or number
};

class Tape {
public:
    /// The error: why it is no JSON, with line and column where they are known.
    static std::expected<Tape, std::string> from(std::string_view json);

    Item const& operator[](At at) const { return items_[at]; }
    /// "/customer/0" for the item there; a key counts as its member.
    std::string pointer_to(At at) const;
    std::size_t depth_of(At at) const;
    /// The item as JSON again, no longer than about `bytes_max`.
    std::string print(At at, std::size_t bytes_max) const;
    std::size_t bytes() const { return bytes_; }

private:
    friend class TapeWriter;
    template <typename Step>
    void descend_to(At at, Step const& step) const;

    std::unique_ptr<char[]> text_;
    std::vector<Item> items_;
    std::size_t bytes_ = 0;
};

}  // namespace klamm::schema::jsonschema
