#include "klamm/json/pointer.h"

#include <algorithm>
#include <charconv>

namespace klamm::json {

std::string escape_key(std::string_view key) {
    std::string out;
    for (char const c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

std::string unescape_key(std::string_view written) {
    std::string out;
    for (std::size_t i = 0; i < written.size(); ++i) {
        bool const escape = written[i] == '~' && i + 1 < written.size() &&
                            (written[i + 1] == '0' || written[i + 1] == '1');
        out += !escape ? written[i] : written[++i] == '0' ? '~' : '/';
    }
    return out;
}

std::string pointer_to(std::string_view parent, std::string_view key) {
    return std::string(parent) + "/" + escape_key(key);
}

std::vector<std::string> keys_of_pointer(std::string_view pointer) {
    std::vector<std::string> keys;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        auto const written = pointer.substr(0, pointer.find('/'));
        keys.push_back(unescape_key(written));
        pointer.remove_prefix(written.size());
    }
    return keys;
}

Value const* at_pointer(Value const& document, std::string_view pointer) {
    if (!pointer.empty() && pointer.front() != '/') return nullptr;
    auto const* at = &document;
    for (auto const& key : keys_of_pointer(pointer)) {
        if (at->is_array()) {
            std::size_t index = 0;
            auto const read = std::from_chars(key.data(), key.data() + key.size(), index);
            bool const fits = read.ec == std::errc{} && read.ptr == key.data() + key.size() &&
                              index < at->array().size();
            at = fits ? &at->array()[index] : nullptr;
        } else {
            at = at->find(key);
        }
        if (at == nullptr) return nullptr;
    }
    return at;
}

std::string decode_percent(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned byte = 0;
        auto const* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() &&
            std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
            out += char(byte);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace klamm::json
