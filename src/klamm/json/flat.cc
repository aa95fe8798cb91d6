#include "klamm/json/flat.h"

#include "klamm/base/utf8.h"

#include <array>
#include <bit>
#include <cstring>

namespace klamm::json {

namespace {

using Kind = Part::Kind;

/// Of a document that is expected: one part for so many bytes.
constexpr std::size_t bytes_of_part = 8;

constexpr std::uint64_t each_byte(std::uint64_t byte) { return byte * 0x0101010101010101U; }

/// How many of the next eight bytes, in the order of a little-endian machine, are a string's plain
/// characters: no quote, no escape, no control character, ASCII.
int plain_bytes(std::uint64_t eight) {
    // A byte borrows from the next only where it is found itself: the first one is right.
    auto const quote = (eight ^ each_byte('"')) - each_byte(1);
    auto const escape = (eight ^ each_byte('\\')) - each_byte(1);
    auto const control = eight - each_byte(' ');
    return std::countr_zero((quote | escape | control | eight) & each_byte(0x80)) / 8;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The code unit of four hexadecimal digits. None: they are none.
std::optional<std::uint32_t> code_unit(char const* at) {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
        auto const c = at[i];
        std::uint32_t digit = 0;
        if (is_digit(c))
            digit = std::uint32_t(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = std::uint32_t(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = std::uint32_t(c - 'A' + 10);
        else
            return std::nullopt;
        unit = unit << 4U | digit;
    }
    return unit;
}

void append_utf8(std::vector<char>& out, std::uint32_t code) {
    auto const tail = [&](int shift) {
        out.push_back(static_cast<char>(0x80U | ((code >> shift) & 0x3fU)));
    };
    if (code < 0x80) {
        out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
        out.push_back(static_cast<char>(0xc0U | code >> 6U));
        tail(0);
    } else if (code < 0x10000) {
        out.push_back(static_cast<char>(0xe0U | code >> 12U));
        tail(6), tail(0);
    } else {
        out.push_back(static_cast<char>(0xf0U | code >> 18U));
        tail(12), tail(6), tail(0);
    }
}

}  // namespace

class FlatScanner {
public:
    FlatScanner(std::string_view text, Flat& flat)
        : at_(text.data()), end_(text.data() + text.size()), size_(text.size()), flat_(flat) {
        parts().reserve(2 + text.size() / bytes_of_part);
    }

    bool document() {
        space();
        if (!value()) return false;
        while (depth_ > 0)
            if (!step()) return false;
        space();
        return at_ == end_;
    }

private:
    struct Open {
        std::size_t part;  ///< an array or an object
        std::size_t items;
    };

    std::vector<Part>& parts() { return flat_.parts_; }
    char peek() const { return at_ == end_ ? '\0' : *at_; }
    void space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    bool skip(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    bool add(Kind kind, std::string_view text) {
        parts().push_back({kind, static_cast<std::uint32_t>(parts().size() + 1), text});
        return true;
    }
    bool add(Kind kind, char const* begin, char const* end) {
        return add(kind, {begin, static_cast<std::size_t>(end - begin)});
    }

    /// The next item of what is open, or its end.
    bool step() {
        auto& open = open_[depth_ - 1];
        bool const is_object = parts()[open.part].kind == Kind::object;
        space();
        if (skip(is_object ? '}' : ']')) {
            parts()[open.part].next = static_cast<std::uint32_t>(parts().size());
            --depth_;
            return true;
        }
        if (open.items > 0) {
            if (!skip(',')) return false;
            space();
        }
        if (is_object && !key(open)) return false;
        ++open.items;
        return value();
    }

    bool key(Open const& open) {
        auto const at = parts().size();
        if (open.items >= Flat::keys_max || peek() != '"' || !string()) return false;
        auto const name = parts()[at].text;
        for (auto other = open.part + 1; other < at; other = parts()[other + 1].next)
            if (parts()[other].text == name) return false;
        space();
        if (!skip(':')) return false;
        space();
        return true;
    }

    bool value() {
        switch (peek()) {
            case '{':
                return begin(Kind::object);
            case '[':
                return begin(Kind::array);
            case '"':
                return string();
            case 't':
                return word("true", Kind::yes);
            case 'f':
                return word("false", Kind::no);
            case 'n':
                return word("null", Kind::null);
            default:
                return number();
        }
    }

    bool begin(Kind kind) {
        if (depth_ == open_.size()) return false;
        open_[depth_++] = {parts().size(), 0};
        ++at_;
        return add(kind, {});
    }

    bool word(std::string_view text, Kind kind) {
        if (!std::string_view(at_, end_).starts_with(text)) return false;
        at_ += text.size();
        return add(kind, {});
    }

    bool digits(std::size_t most) {
        auto const* const first = at_;
        while (is_digit(peek())) ++at_;
        return at_ != first && static_cast<std::size_t>(at_ - first) <= most;
    }
    bool number() {
        auto const* const begin = at_;
        skip('-');
        if (!skip('0') && !digits(Flat::digits_max)) return false;
        if (skip('.') && !digits(Flat::digits_max)) return false;
        if (skip('e') || skip('E')) {
            if (!skip('+')) skip('-');
            if (!digits(Flat::exponent_digits_max)) return false;
        }
        return add(Kind::number, begin, at_);
    }

    bool string() {
        auto const* const begin = ++at_;
        for (bool ascii = true;;) {
            plain();
            auto const c = peek();
            if (c == '"') {
                if (!ascii && !is_utf8({begin, at_})) return false;
                return add(Kind::string, begin, at_++);
            }
            if (c == '\\') return escaped(begin);
            if (static_cast<unsigned char>(c) < ' ') return false;
            ascii = ascii && static_cast<unsigned char>(c) < 0x80;
            ++at_;
        }
    }

    /// To the first character that is none, or to the last few.
    void plain() {
        if constexpr (std::endian::native != std::endian::little) return;
        constexpr int all = 8;
        for (int found = all; found == all && end_ - at_ >= all; at_ += found) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, at_, all);
            found = plain_bytes(eight);
        }
    }

    /// Of a string that has escapes all that it says is copied.
    bool escaped(char const* begin) {
        auto& out = flat_.unescaped_;
        // Nothing gets longer by it. So what looks into it stays where it is.
        if (out.capacity() == 0) out.reserve(size_);
        auto const from = out.size();
        out.insert(out.end(), begin, at_);
        while (peek() != '"') {
            auto const c = peek();
            if (static_cast<unsigned char>(c) < ' ') return false;
            ++at_;
            if (c != '\\')
                out.push_back(c);
            else if (!escape())
                return false;
        }
        ++at_;
        std::string_view const text(out.data() + from, out.size() - from);
        return is_utf8(text) && add(Kind::string, text);
    }

    bool escape() {
        constexpr std::string_view written = "\"\\/bfnrt";
        constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
        if (at_ == end_) return false;
        auto const c = *at_++;
        if (auto const known = written.find(c); known != written.npos) {
            flat_.unescaped_.push_back(meant[known]);
            return true;
        }
        return c == 'u' && character();
    }

    /// \u00e9, or both halves of a pair: \ud83d\ude00.
    bool character() {
        constexpr std::uint32_t first_half = 0xd800;
        constexpr std::uint32_t second_half = 0xdc00;
        constexpr std::uint32_t behind_halves = 0xe000;
        auto const high = take_unit();
        if (!high || (*high >= second_half && *high < behind_halves)) return false;
        auto code = *high;
        if (code >= first_half && code < second_half) {
            if (!skip('\\') || !skip('u')) return false;
            auto const low = take_unit();
            if (!low || *low < second_half || *low >= behind_halves) return false;
            code = 0x10000 + ((*high - first_half) << 10U) + (*low - second_half);
        }
        append_utf8(flat_.unescaped_, code);
        return true;
    }
    std::optional<std::uint32_t> take_unit() {
        if (end_ - at_ < 4) return std::nullopt;
        auto const unit = code_unit(at_);
        at_ += 4;
        return unit;
    }

    char const* at_;
    char const* const end_;
    std::size_t const size_;
    Flat& flat_;
    std::array<Open, Flat::depth_max> open_;
    std::size_t depth_ = 0;
};

std::optional<Flat> Flat::read(std::string_view text) {
    if (text.size() > bytes_max) return std::nullopt;
    std::optional<Flat> flat(std::in_place);
    if (!FlatScanner(text, *flat).document()) flat.reset();
    return flat;
}

}  // namespace klamm::json
