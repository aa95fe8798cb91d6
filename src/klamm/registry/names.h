// registry/names.h - names of subjects and contexts: "orders-value", ":.billing:orders-value".
#pragma once

#include <string>
#include <string_view>

namespace klamm::registry {

inline constexpr std::string_view default_context = ".";
/// Of levels and modes only: what holds for every context that says nothing itself.
inline constexpr std::string_view global_context = ".__GLOBAL";
inline constexpr std::string_view any_context = ":*:";

/// Longest name of a subject with its context, in bytes.
inline constexpr std::size_t subject_bytes_max = 2048;

/// A subject in its context. An empty subject is the context itself.
struct Subject {
    std::string context = std::string(default_context);  ///< begins with '.'; "*": any
    std::string name;

    auto operator<=>(Subject const&) const = default;

    bool is_default_context() const { return context == default_context && name.empty(); }
    bool is_context() const { return name.empty(); }
};

/// Every text is the name of some subject.
Subject parse_subject(std::string_view qualified);
/// As clients see it: without the default context.
std::string to_string(Subject const& subject);
/// ":.billing:"; empty: the default context.
std::string qualified_context(std::string_view context);
/// A reference's subject: in the context of the one that refers, unless it names its own.
Subject relative_to(std::string_view parent_context, std::string_view subject);

/// A context as a path may write it (".billing", "billing", ":.billing:"); empty: it has a colon.
std::string parse_context(std::string_view text);

/// Whether schemas may be registered under it; for levels and modes see `for_settings`.
bool is_valid(std::string_view qualified, bool for_settings);

}  // namespace klamm::registry
