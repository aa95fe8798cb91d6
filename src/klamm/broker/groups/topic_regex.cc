#include "klamm/broker/groups/topic_regex.h"

#include <re2/re2.h>

namespace klamm::broker {

struct TopicRegex::Compiled {
    RE2 expression;
};

TopicRegex::TopicRegex(std::string const& pattern) {
    if (pattern.size() > topic_regex_bytes_max) {
        refused_ = "SubscribedTopicRegex is longer than " + std::to_string(topic_regex_bytes_max) +
                   " bytes.";
        return;
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(topic_regex_memory_max);
    options.set_never_capture(true);
    compiled_.reset(new Compiled{RE2{pattern, options}});
    if (!compiled_->expression.ok())
        refused_ = "SubscribedTopicRegex `" + pattern +
                   "` is not a valid regular expression: " + compiled_->expression.error() + ".";
}

TopicRegex::~TopicRegex() = default;
TopicRegex::TopicRegex(TopicRegex&&) noexcept = default;

bool TopicRegex::matches(std::string_view topic) const {
    return RE2::FullMatch(re2::StringPiece(topic.data(), topic.size()), compiled_->expression);
}

}  // namespace klamm::broker
