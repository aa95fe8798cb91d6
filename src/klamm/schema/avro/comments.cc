#include "klamm/schema/avro/comments.h"

#include <algorithm>

namespace klamm::schema::avro {
namespace {

std::size_t end_of_string(std::string_view text, std::size_t begin) {
    for (auto at = begin + 1; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size();
}

}  // namespace

std::string without_comments(std::string_view text) {
    std::string out(text);
    for (std::size_t at = 0; at < text.size();) {
        auto const next = text.substr(at, 2);
        if (text[at] == '"') {
            at = end_of_string(text, at);
        } else if (next == "//" || next == "/*") {
            auto const closing = text.find(next == "//" ? "\n" : "*/", at + 2);
            auto const end = closing == text.npos ? text.size()
                             : next == "//"       ? closing
                                                  : closing + 2;
            // Lines stay lines, so that errors behind a comment name the right one.
            std::replace_if(
                out.begin() + std::ptrdiff_t(at), out.begin() + std::ptrdiff_t(end),
                [](char c) { return c != '\n'; }, ' ');
            at = end;
        } else {
            ++at;
        }
    }
    return out;
}

}  // namespace klamm::schema::avro
