#include "klamm/cli/storage_words.h"

#include "klamm/broker/words.h"
#include "klamm/cli/terminal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <utility>

namespace klamm::cli {
namespace {

using Json = rapidjson::Value;

std::int64_t number(Json const& object, char const* name) {
    auto const found = object.FindMember(name);
    return found != object.MemberEnd() && found->value.IsInt64() ? found->value.GetInt64() : 0;
}

std::string text(Json const& object, char const* name) {
    auto const found = object.FindMember(name);
    return found != object.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

std::string bytes(Json const& object, char const* name) {
    return broker::bytes_in_words(std::uint64_t(number(object, name)));
}

std::string ago(std::int64_t ms) {
    if (ms < 2'000) return "a moment ago";
    return broker::duration_in_words(ms) + " ago";
}

/// What was done, and on a line of its own what will be.
std::string with_next(std::string const& done, Json const& part) {
    return done + "\n  next: " + text(part, "next");
}

/// The last thing that was done, if there was one.
Json const* last_of(Json const& part) {
    auto const last = part.FindMember("last");
    return last != part.MemberEnd() && last->value.IsObject() ? &last->value : nullptr;
}

std::string compaction_words(Json const& compaction, std::int64_t now_ms) {
    auto const* pass = last_of(compaction);
    if (pass == nullptr) return with_next("never compacted", compaction);
    return with_next(
        fmt::format("compacted {} in {}, {} records to {}, {} to {},\n  because {}",
                    ago(now_ms - number(*pass, "at_ms")),
                    broker::duration_in_words(number(*pass, "took_ms")),
                    with_commas(number(*pass, "records_before")),
                    with_commas(number(*pass, "records_after")), bytes(*pass, "bytes_before"),
                    bytes(*pass, "bytes_after"), text(*pass, "reason")),
        compaction);
}

std::string retention_words(Json const& retention, std::int64_t log_start, std::int64_t now_ms) {
    auto const* last = last_of(retention);
    if (last != nullptr)
        return with_next(fmt::format("{} records ({}) were deleted {}, by {}",
                                     with_commas(number(*last, "records")), bytes(*last, "bytes"),
                                     ago(now_ms - number(*last, "at_ms")), text(*last, "reason")),
                         retention);
    return with_next(log_start == 0
                         ? std::string("nothing was deleted yet")
                         : fmt::format("what is before offset {} was deleted", log_start),
                     retention);
}

std::string validation_words(Json const& validation, std::int64_t now_ms) {
    auto words = fmt::format("validation: keys {}, values {}; {} records looked at, {} refused",
                             text(validation, "key"), text(validation, "value"),
                             with_commas(number(validation, "records_validated")),
                             with_commas(number(validation, "records_refused")));
    if (auto const* last = last_of(validation))
        words +=
            fmt::format("\n  the last {}, partition {}: {}", ago(now_ms - number(*last, "at_ms")),
                        number(*last, "partition"), text(*last, "text"));
    return words;
}

/// Sentences, and of which partitions each is true.
class Said {
public:
    void say(std::int64_t partition, std::string text) {
        auto const found = std::ranges::find(all_, text, &Sentence::text);
        if (found != all_.end())
            found->partitions.push_back(partition);
        else
            all_.push_back({std::move(text), {partition}});
    }
    std::vector<std::string> lines() const {
        std::vector<std::string> lines;
        for (auto const& [text, partitions] : all_)
            lines.push_back(fmt::format("partition{} {}: {}", partitions.size() > 1 ? "s" : "",
                                        fmt::join(partitions, ", "), text));
        return lines;
    }

private:
    struct Sentence {
        std::string text;
        std::vector<std::int64_t> partitions;
    };
    std::vector<Sentence> all_;
};

Json const* object(Json const& in, char const* name) {
    auto const found = in.FindMember(name);
    return found != in.MemberEnd() && found->value.IsObject() ? &found->value : nullptr;
}

}  // namespace

std::vector<std::string> storage_words(std::string_view report, std::int64_t now_ms) {
    rapidjson::Document document;
    document.Parse(report.data(), report.size());
    if (document.HasParseError() || !document.IsObject()) return {};
    auto const partitions = document.FindMember("partitions");
    if (partitions == document.MemberEnd() || !partitions->value.IsArray()) return {};
    Said said;
    for (auto const& partition : partitions->value.GetArray()) {
        if (!partition.IsObject()) continue;
        auto const id = number(partition, "partition");
        if (auto const* retention = object(partition, "retention"))
            said.say(id, retention_words(*retention, number(partition, "log_start"), now_ms));
        if (auto const* compaction = object(partition, "compaction"))
            said.say(id, compaction_words(*compaction, now_ms));
    }
    auto lines = said.lines();
    if (auto const* validation = object(document, "validation"))
        lines.push_back(validation_words(*validation, now_ms));
    return lines;
}

}  // namespace klamm::cli
