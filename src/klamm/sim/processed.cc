#include "klamm/sim/processed.h"

#include <fmt/format.h>

#include <charconv>

namespace klamm::sim {
namespace {

/// The text before `end`, which is taken away with it; nothing when it is not there.
std::optional<std::string_view> take(std::string_view& text, char end) {
    auto const at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    auto const taken = text.substr(0, at);
    text.remove_prefix(at + 1);
    return taken;
}

template <class Number>
bool read(std::optional<std::string_view> text, Number& number, int base = 10) {
    if (!text) return false;
    auto const* end = text->data() + text->size();
    auto const [at, error] = std::from_chars(text->data(), end, number, base);
    return error == std::errc{} && at == end;
}

}  // namespace

std::string to_value(Piece const& piece) {
    return fmt::format("{}:{}:{}-{}#{:08x}", piece.transaction, to_string(piece.input), piece.from,
                       piece.to, piece.hash);
}

std::optional<Piece> parse_piece(std::string_view value) {
    Piece piece;
    if (!value.starts_with('x')) return std::nullopt;
    auto const transaction = take(value, ':');
    auto const topic = take(value, '/');
    if (!transaction || !topic) return std::nullopt;
    piece.transaction = *transaction;
    piece.input.topic = *topic;
    if (!read(take(value, ':'), piece.input.number) || !read(take(value, '-'), piece.from) ||
        !read(take(value, '#'), piece.to) || !read(std::optional{value}, piece.hash, 16))
        return std::nullopt;
    return piece;
}

}  // namespace klamm::sim
