// registry/http.h - requests taken apart, answers put together: paths, queries, types, errors.
#pragma once

#include "klamm/json/value.h"
#include "klamm/registry/registry.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::registry {

inline constexpr std::string_view v1_json = "application/vnd.schemaregistry.v1+json";

/// Why a request is not answered as it was asked: Confluent's code and text.
struct Refusal {
    unsigned code = 0;  ///< 40401; or a plain status, 404
    std::string message;
    std::string body;          ///< empty: code and message as JSON
    std::string content_type;  ///< empty: as it was negotiated

    unsigned status() const { return code < 1000 ? code : code / 100; }
};
using Refused = std::unexpected<Refusal>;

struct Target {
    std::vector<std::string> path;  ///< decoded segments, without empty ones at the ends
    struct Parameter {
        std::string name;
        std::string value;
    };
    std::vector<Parameter> query;

    std::string const* find(std::string_view name) const;  ///< the first of this name
    std::string text(std::string_view name) const;         ///< empty: absent
    std::vector<std::string> all(std::string_view name) const;
    bool flag(std::string_view name) const;  ///< "true" in any case
    void set(std::string_view name, std::string value);
};

/// The longest path and query that are looked at.
inline constexpr std::size_t target_bytes_max = 16 * 1024;

std::expected<Target, Refusal> parse_target(std::string_view target);
/// A whole number of 32 bits, or none.
std::optional<std::int32_t> as_int32(std::string_view text);

/// offset and limit over a list of `count` things.
struct Page {
    std::size_t first = 0;
    std::size_t size = 0;
};
/// `limit_max`: also what holds when none, or a greater one, is asked for.
std::expected<Page, Refusal> page_of(Target const& target, std::size_t count,
                                     std::size_t limit_max);

/// Which of `offered`, best first, the header accepts most; empty: none.
std::string_view negotiate(std::string_view accept, std::vector<std::string_view> const& offered);
/// Whether the header names just this type; "*/*" does not.
bool names_type(std::string_view accept, std::string_view type);
bool is_accepted_body(std::string_view content_type);

/// The body as a JSON object.
std::expected<json::Value, Refusal> parse_body(std::string_view body);

}  // namespace klamm::registry
