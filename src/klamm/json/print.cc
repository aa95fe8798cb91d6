#include "klamm/json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace klamm::json {
namespace {

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (char const c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    fmt::format_to(std::back_inserter(out), "\\u{:04X}", c);
                else
                    out += c;
        }
    }
    out += '"';
}

class Printer {
public:
    Printer(bool sorted, bool indented) : sorted_(sorted), indented_(indented) {}

    void append(Value const& value) {
        if (value.is_null()) {
            out_ += "null";
        } else if (value.is_bool()) {
            out_ += value.boolean() ? "true" : "false";
        } else if (value.is_number()) {
            out_ += value.number();
        } else if (value.is_string()) {
            append_quoted(out_, value.string());
        } else if (value.is_array()) {
            append_list('[', value.array(), ']', [&](Value const& element) { append(element); });
        } else {
            append_object(value.object());
        }
    }
    std::string take() { return std::move(out_); }

private:
    void append_member(Member const& member) {
        append_quoted(out_, member.key);
        out_ += indented_ ? ": " : ":";
        append(member.value);
    }
    void append_object(Object const& object) {
        if (!sorted_)
            return append_list('{', object, '}', [&](Member const& m) { append_member(m); });
        std::vector<Member const*> members;
        for (auto const& member : object) members.push_back(&member);
        std::ranges::sort(members, {}, &Member::key);
        append_list('{', members, '}', [&](Member const* m) { append_member(*m); });
    }
    void append_list(char begin, auto const& elements, char end, auto const& append_one) {
        out_ += begin;
        ++depth_;
        bool first = true;
        for (auto const& element : elements) {
            if (!first) out_ += ',';
            first = false;
            new_line();
            append_one(element);
        }
        --depth_;
        if (!first) new_line();
        out_ += end;
    }
    void new_line() {
        if (!indented_) return;
        out_ += '\n';
        out_.append(2 * depth_, ' ');
    }

    bool sorted_;
    bool indented_;
    std::size_t depth_ = 0;
    std::string out_;
};

std::string print(Value const& value, bool sorted, bool indented) {
    Printer printer(sorted, indented);
    printer.append(value);
    return printer.take();
}

}  // namespace

std::string print(Value const& value) { return print(value, false, false); }
std::string print_sorted(Value const& value) { return print(value, true, false); }
std::string print_indented(Value const& value) { return print(value, false, true); }

std::string quote(std::string_view text) {
    std::string out;
    append_quoted(out, text);
    return out;
}

}  // namespace klamm::json
