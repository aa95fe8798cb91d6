// broker/groups/topic_regex.h - regular expressions in subscriptions (SubscribedTopicRegex).
//
// RE2's language, matched in linear time and bounded memory, whatever a client sends.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::broker {

inline constexpr std::size_t topic_regex_bytes_max = 4096;
/// What one compiled expression may take.
inline constexpr std::size_t topic_regex_memory_max = 1024 * 1024;

class TopicRegex {
public:
    explicit TopicRegex(std::string const& pattern);
    ~TopicRegex();
    TopicRegex(TopicRegex&&) noexcept;
    TopicRegex& operator=(TopicRegex&&) = delete;

    /// Why the pattern cannot be used, for the client to read; nothing when it can.
    std::optional<std::string> const& refused() const { return refused_; }
    /// Whether the whole name matches. Requires a pattern that is not refused.
    bool matches(std::string_view topic) const;

private:
    struct Compiled;
    std::unique_ptr<Compiled> compiled_;
    std::optional<std::string> refused_;
};

}  // namespace klamm::broker
