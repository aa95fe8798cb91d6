#include "klamm/schema/json/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

namespace klamm::schema::jsonschema {
namespace {

// ECMA-262's white space and line ends, which are more than RE2's \s.
constexpr std::string_view spaces =
    R"(\t\n\x0b\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f})"
    R"(\x{3000}\x{feff})";
constexpr std::string_view no_spaces =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027})"
    R"(\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr std::string_view any_but_line_ends = R"([^\n\r\x{2028}\x{2029}])";
constexpr std::string_view anything = R"([\x{0}-\x{10ffff}])";
constexpr std::string_view nothing = R"([^\x{0}-\x{10ffff}])";

/// Long names of Unicode's categories, which RE2 knows by their short ones.
constexpr std::array categories{
    std::pair{"Letter", "L"},
    std::pair{"Lowercase_Letter", "Ll"},
    std::pair{"Uppercase_Letter", "Lu"},
    std::pair{"Titlecase_Letter", "Lt"},
    std::pair{"Modifier_Letter", "Lm"},
    std::pair{"Other_Letter", "Lo"},
    std::pair{"Mark", "M"},
    std::pair{"Nonspacing_Mark", "Mn"},
    std::pair{"Spacing_Mark", "Mc"},
    std::pair{"Enclosing_Mark", "Me"},
    std::pair{"Number", "N"},
    std::pair{"Decimal_Number", "Nd"},
    std::pair{"digit", "Nd"},
    std::pair{"Letter_Number", "Nl"},
    std::pair{"Other_Number", "No"},
    std::pair{"Punctuation", "P"},
    std::pair{"punct", "P"},
    std::pair{"Connector_Punctuation", "Pc"},
    std::pair{"Dash_Punctuation", "Pd"},
    std::pair{"Open_Punctuation", "Ps"},
    std::pair{"Close_Punctuation", "Pe"},
    std::pair{"Initial_Punctuation", "Pi"},
    std::pair{"Final_Punctuation", "Pf"},
    std::pair{"Other_Punctuation", "Po"},
    std::pair{"Symbol", "S"},
    std::pair{"Math_Symbol", "Sm"},
    std::pair{"Currency_Symbol", "Sc"},
    std::pair{"Modifier_Symbol", "Sk"},
    std::pair{"Other_Symbol", "So"},
    std::pair{"Separator", "Z"},
    std::pair{"Space_Separator", "Zs"},
    std::pair{"Line_Separator", "Zl"},
    std::pair{"Paragraph_Separator", "Zp"},
    std::pair{"Other", "C"},
    std::pair{"Control", "Cc"},
    std::pair{"Format", "Cf"},
};

using Refused = std::unexpected<std::string>;

class Translator {
public:
    explicit Translator(std::string_view text) : text_(text) {}

    std::expected<std::string, std::string> all() {
        while (at_ < text_.size() && why_.empty()) next();
        if (!why_.empty()) return Refused(why_);
        if (in_class_) return Refused("a [ has no ]");
        return std::move(out_);
    }

private:
    void next() {
        auto const c = text_[at_++];
        if (c == '\\')
            escape();
        else if (in_class_)
            in_class(c);
        else if (c == '.')
            out_ += any_but_line_ends;
        else if (c == '[')
            open_class();
        else if (c == '(')
            open_group();
        else
            out_ += c;
    }
    bool take(std::string_view next) {
        if (!text_.substr(at_).starts_with(next)) return false;
        at_ += next.size();
        return true;
    }
    void refuse(std::string_view why) { why_ = why; }

    void open_class() {
        if (take("]")) {
            out_ += nothing;
        } else if (take("^]")) {
            out_ += anything;
        } else {
            in_class_ = true;
            out_ += take("^") ? "[^" : "[";
        }
    }
    void in_class(char c) {
        if (c == ']') in_class_ = false;
        // RE2 would take [: for the name of a class.
        if (c == '[') out_ += '\\';
        out_ += c;
    }
    void open_group() {
        if (take("?=") || take("?!")) return refuse("look-ahead is not supported");
        if (take("?<=") || take("?<!")) return refuse("look-behind is not supported");
        if (take("?>")) return refuse("atomic groups are not supported");
        out_ += take("?<") ? "(?P<" : "(";
    }

    void escape() {
        if (at_ == text_.size()) return refuse("it ends with a \\");
        auto const c = text_[at_++];
        switch (c) {
            case 's':
                out_ += in_class_ ? std::string(spaces) : fmt::format("[{}]", spaces);
                break;
            case 'S':
                out_ += in_class_ ? std::string(no_spaces) : fmt::format("[^{}]", spaces);
                break;
            case 'd':
            case 'D':
            case 'w':
            case 'W':
            case 't':
            case 'n':
            case 'v':
            case 'f':
            case 'r':
                (out_ += '\\') += c;
                break;
            case 'b':
                out_ += in_class_ ? R"(\x{8})" : R"(\b)";
                break;
            case 'B':
                out_ += R"(\B)";
                break;
            case 'c':
                control();
                break;
            case 'x':
                hexadecimal(2);
                break;
            case 'u':
                unicode();
                break;
            case 'p':
            case 'P':
                property(c);
                break;
            case '0':
                code_point(0);
                break;
            case 'k':
                refuse("back-references are not supported");
                break;
            case 'A':
            case 'z':
            case 'Z':
                // Not ECMA-262's, but meant by those who wrote for Java: the ends of the text.
                out_ += c == 'A' ? R"(\A)" : R"(\z)";
                break;
            default:
                literal(c);
        }
    }
    void literal(char c) {
        if (c >= '1' && c <= '9') return refuse("back-references are not supported");
        auto const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter) return refuse(fmt::format("\\{} is not known", c));
        if (static_cast<unsigned char>(c) < 0x80 && c != '_') out_ += '\\';
        out_ += c;
    }
    void code_point(std::uint32_t point) {
        fmt::format_to(std::back_inserter(out_), "\\x{{{:x}}}", point);
    }
    void control() {
        if (at_ == text_.size()) return refuse("\\c has no letter");
        code_point(static_cast<unsigned char>(text_[at_++]) % 32);
    }
    std::optional<std::uint32_t> digits(std::size_t count) {
        auto const hex = text_.substr(at_, count);
        std::uint32_t value = 0;
        for (char const c : hex) {
            auto const digit = std::string_view("0123456789abcdef").find(char(c | 0x20));
            if (digit == std::string_view::npos) return std::nullopt;
            value = value * 16 + std::uint32_t(digit);
        }
        if (hex.size() < count) return std::nullopt;
        at_ += count;
        return value;
    }
    void hexadecimal(std::size_t count) {
        if (auto const value = digits(count)) return code_point(*value);
        refuse("an escape has too few hexadecimal digits");
    }
    void unicode() {
        if (take("{")) {
            auto const end = text_.find('}', at_);
            auto const size = end == text_.npos ? 0 : end - at_;
            auto const point = size > 0 && size <= 6 ? digits(size) : std::nullopt;
            if (!point || !take("}")) return refuse("\\u{ has no code point and }");
            return code_point(*point);
        }
        auto const high = digits(4);
        if (!high) return refuse("\\u has no four hexadecimal digits");
        auto const before = at_;
        if (*high >= 0xD800 && *high < 0xDC00 && take("\\u")) {
            auto const low = digits(4);
            if (low && *low >= 0xDC00 && *low < 0xE000)
                return code_point(0x10000 + ((*high - 0xD800) << 10) + (*low - 0xDC00));
            at_ = before;
        }
        code_point(*high);
    }
    void property(char p) {
        auto const end = text_.find('}', at_);
        if (!take("{") || end == text_.npos) return refuse("\\p has no name in { }");
        auto name = text_.substr(at_, end - at_);
        at_ = end + 1;
        for (std::string_view const kind :
             {"Script=", "sc=", "Script_Extensions=", "scx=", "General_Category=", "gc="})
            if (name.starts_with(kind)) name.remove_prefix(kind.size());
        if (name == "ASCII" && p == 'p') {
            out_ += in_class_ ? R"(\x{0}-\x{7f})" : R"([\x{0}-\x{7f}])";
            return;
        }
        for (auto const& [from, to] : categories)
            if (name == from) name = to;
        fmt::format_to(std::back_inserter(out_), "\\{}{{{}}}", p, name);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool in_class_ = false;
    std::string out_;
    std::string why_;
};

}  // namespace

std::expected<std::string, std::string> translate_pattern(std::string_view ecma) {
    return Translator(ecma).all();
}

std::expected<Pattern, std::string> Pattern::from(std::string_view ecma) {
    auto const refused = [&](std::string_view why) {
        return Refused(
            fmt::format("the regular expression {} cannot be used: {}", ecma.substr(0, 200), why));
    };
    auto const translated = translate_pattern(ecma);
    if (!translated) return refused(translated.error());
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(pattern_bytes_max);
    auto compiled = std::make_unique<re2::RE2>(*translated, options);
    if (!compiled->ok()) return refused(compiled->error());
    return Pattern(std::move(compiled));
}

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::size_t Pattern::size() const { return std::size_t(compiled_->ProgramSize()); }

bool Pattern::finds(std::string_view text) const {
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

}  // namespace klamm::schema::jsonschema
