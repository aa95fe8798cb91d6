#include "klamm/kafka/print.h"

#include <array>
#include <cstdio>

namespace klamm::kafka::detail {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_hex(std::string& out, unsigned byte) {
    out += hex_digits[byte >> 4 & 15];
    out += hex_digits[byte & 15];
}

}  // namespace

void print_value(PrintContext const& to, std::string const& text) {
    to.out += '"';
    for (char c : std::string_view{text}.substr(0, to.limits.text_bytes_max)) {
        auto const code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            (to.out += '\\') += c;
        } else if (code < 0x20 || code == 0x7f) {
            append_hex(to.out += "\\x", code);
        } else {
            to.out += c;
        }
    }
    to.out += '"';
    if (text.size() > to.limits.text_bytes_max)
        to.out += " ... " + std::to_string(text.size()) + " bytes";
}

void print_value(PrintContext const& to, Bytes const& bytes) {
    to.out += std::to_string(bytes.size()) + " bytes";
    if (bytes.empty()) return;
    to.out += ' ';
    for (auto byte : ByteView{bytes}.first(std::min(bytes.size(), to.limits.bytes_max)))
        append_hex(to.out, std::to_integer<unsigned>(byte));
    if (bytes.size() > to.limits.bytes_max) to.out += "...";
}

void print_value(PrintContext const& to, Records const& records) {
    to.out += std::to_string(records.size()) + " bytes of records";
}

void print_value(PrintContext const& to, Uuid const& id) { to.out += to_string(id); }

void print_value(PrintContext const& to, ErrorCode error) {
    auto const name = to_string(error);
    if (name == unknown_error_code)
        print_integer(to, std::int64_t(std::to_underlying(error)));
    else
        to.out += name;
}

void print_value(PrintContext const& to, double value) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%g", value);
    to.out += text.data();
}

void print_value(PrintContext const& to, bool value) { to.out += value ? "true" : "false"; }

void print_integer(PrintContext const& to, std::int64_t value) { to.out += std::to_string(value); }

}  // namespace klamm::kafka::detail
