// cli/dlq/letters.h - how dead letters look, to people and to programs.
#pragma once

#include "klamm/cli/json.h"
#include "klamm/handler/dead_letters.h"

#include <optional>
#include <string>
#include <string_view>

namespace klamm::cli {

/// Safe on a terminal, on one line, with an ellipsis where it is cut.
std::string shortened(std::string_view bytes, std::size_t columns);
/// "shop.CardRefused" of "com.example.shop.CardRefused": what tells them apart.
std::string short_error(std::string_view error_type);
/// "orders/3@1042", or as much of it as is known.
std::string origin_text(handler::DeadLetter const& letter);
/// A field with the text; one with _base64 added to its name where it is no UTF-8.
void write_bytes(Json& json, std::string name, std::optional<std::string> const& bytes);
void write_letter(Json& json, handler::StoredDeadLetter const& stored);

/// How many columns the terminal has; 120 where there is none.
std::size_t terminal_columns();

}  // namespace klamm::cli
