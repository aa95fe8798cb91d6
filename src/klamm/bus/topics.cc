#include "klamm/bus/topics.h"

namespace klamm::bus {

using kafka::ErrorCode;

Error refused(std::string const& what, ErrorCode error, std::optional<std::string> const& message) {
    bool const says_more = message && !message->empty();
    return {Error::Kind::refused, fmt::format("{}: {}{}{}", what, kafka::to_string(error),
                                              says_more ? ": " : "", says_more ? *message : "")};
}

kafka::MetadataRequest metadata_request(std::vector<std::string> const& names) {
    kafka::MetadataRequest request;
    request.topics.emplace();
    for (auto const& name : names) request.topics->emplace_back().name = name;
    request.allow_auto_topic_creation = false;
    return request;
}

void learn_topics(Line& line, std::shared_ptr<Setting> const& setting,
                  std::vector<std::string> const& names, Instant until,
                  std::move_only_function<void(std::optional<Error>)> done) {
    std::vector<std::string> unknown;
    for (auto const& name : names)
        if (!setting->topics.fresh(name, line.now())) unknown.push_back(name);
    if (unknown.empty()) return done(std::nullopt);
    using Done = std::move_only_function<void(std::optional<Error>)>;
    auto const ends = std::make_shared<Done>(std::move(done));
    line.insist<kafka::MetadataRequest>(
        {.what = "to ask for topics",
         .until = until,
         .make = [unknown] { return metadata_request(unknown); },
         .hear =
             [&line, setting, ends](kafka::MetadataResponse& answer, bool) {
                 setting->topics.hear(answer, line.now());
                 for (auto const& topic : answer.topics) {
                     if (topic.error_code == ErrorCode::none) continue;
                     auto const name = topic.name.value_or("");
                     setting->topics.forget(name);
                     (*ends)(refused("topic '" + name + "'", topic.error_code));
                     return settled;
                 }
                 (*ends)(std::nullopt);
                 return settled;
             },
         .give_up = [ends](Error error, bool) { (*ends)(std::move(error)); }});
}

}  // namespace klamm::bus
