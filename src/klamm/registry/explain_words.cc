#include "klamm/registry/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace klamm::registry {
namespace {

constexpr std::size_t names_max = 5;            // groups and topics that are named in a sentence
constexpr std::size_t value_columns_max = 100;  // of what a schema has at a place

std::string with_commas(std::int64_t number) {
    auto const digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

/// "`a`, `b` and 3 more"
std::string listed(std::vector<std::string> names, std::string_view quote) {
    std::string text;
    auto const shown = std::min(names.size(), names_max);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
        text += fmt::format("{0}{1}{0}", quote, names[i]);
    }
    if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
    return text;
}

std::string versions_words(std::vector<std::int32_t> versions, std::string_view old_name) {
    if (!old_name.empty()) return std::string(old_name);
    std::ranges::sort(versions);
    return fmt::format("version{} {}", versions.size() == 1 ? "" : "s", fmt::join(versions, ", "));
}

std::string_view name_of(schema::Breaks breaks) {
    return breaks == schema::Breaks::new_readers ? "new_readers" : "old_readers";
}

std::string_view name_of(schema::Policy policy) {
    switch (policy) {
        case schema::Policy::strict:
            return "STRICT";
        case schema::Policy::lenient:
            return "LENIENT";
        case schema::Policy::logical:
            return "LOGICAL";
    }
    return "STRICT";
}

bool breaks(Explanation const& it, schema::Breaks whom) {
    return std::ranges::any_of(it.findings,
                               [&](Finding const& finding) { return finding.breaks == whom; });
}

/// "2 groups read orders now: `audit` and `billing`. 1 has read it before: `old`."
std::string who_reads(std::set<std::string> const& groups, std::set<std::string> const& living,
                      std::string const& topics) {
    std::vector<std::string> idle;
    std::ranges::set_difference(groups, living, std::back_inserter(idle));
    auto text = living.empty() ? fmt::format("No group reads {} now.", topics)
                               : fmt::format("{} {} {} now: {}.", living.size(),
                                             living.size() == 1 ? "group reads" : "groups read",
                                             topics, listed({living.begin(), living.end()}, "`"));
    if (!idle.empty())
        text += fmt::format(" {} {} read before: {}.", idle.size(),
                            idle.size() == 1 ? "has" : "have", listed(idle, "`"));
    return text;
}

json::Value to_json(schema::Mend const& mend) {
    return json::Object{{"words", mend.words}, {"schema", mend.schema}};
}

json::Value to_json(Finding const& finding, std::string_view old_name) {
    auto const& difference = finding.difference;
    json::Value it = json::Object{{"rule", difference.rule},
                                  {"path", difference.path},
                                  {"description", difference.description}};
    if (!difference.additional_info.empty()) it.set("additional_info", difference.additional_info);
    if (!difference.before.empty()) it.set("before", difference.before);
    if (!difference.after.empty()) it.set("after", difference.after);
    it.set("breaks", name_of(finding.breaks));
    json::Array versions;
    for (auto const version : finding.versions) versions.push_back(version);
    it.set("versions", std::move(versions));
    it.set("consequence", words_of(finding, old_name));
    json::Array mends;
    for (auto const& mend : finding.mends) mends.push_back(to_json(mend));
    it.set("mends", std::move(mends));
    return it;
}

std::string shortened(std::string_view text) {
    if (text.size() <= value_columns_max) return std::string(text);
    auto end = value_columns_max;
    while (end > 0 && (std::uint8_t(text[end]) & 0xc0) == 0x80) --end;  // not inside a character
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace

std::string words_of(Finding const& finding, std::string_view old_name) {
    auto const versions = versions_words(finding.versions, old_name);
    return finding.breaks == schema::Breaks::new_readers
               ? fmt::format("New readers cannot read data of {}.", versions)
               : fmt::format("Readers with {} cannot read new data.", versions);
}

std::vector<std::string> reader_words(Explanation const& it) {
    if (it.readers.empty() || it.is_compatible()) return {};
    std::set<std::string> groups;
    std::set<std::string> living;
    std::set<std::string> topics;
    for (auto const& reader : it.readers) {
        groups.insert(reader.group);
        topics.insert(reader.topic);
        if (reader.members > 0) living.insert(reader.group);
    }
    std::vector<std::string> lines{
        who_reads(groups, living, listed({topics.begin(), topics.end()}, ""))};
    if (breaks(it, schema::Breaks::new_readers)) {
        std::size_t told = 0;
        for (auto const& reader : it.readers) {
            if (reader.lag == 0 || told == names_max) continue;
            ++told;
            lines.push_back(
                reader.lag < 0
                    ? fmt::format("`{}` has committed nothing in {}: it will meet old records.",
                                  reader.group, reader.topic)
                    : fmt::format("`{}` is {} record{} behind in {}: it will meet old records.",
                                  reader.group, with_commas(reader.lag), reader.lag == 1 ? "" : "s",
                                  reader.topic));
        }
    }
    if (breaks(it, schema::Breaks::old_readers))
        lines.push_back(fmt::format("{} will meet new records with {} schema.",
                                    groups.size() == 1 ? "It" : "They",
                                    groups.size() == 1 ? "its old" : "their old"));
    return lines;
}

json::Value to_json(Explanation const& it) {
    json::Value document = json::Object{{"is_compatible", it.is_compatible()},
                                        {"subject", it.subject},
                                        {"level", name_of(it.level)},
                                        {"policy", name_of(it.policy)}};
    json::Array against;
    for (auto const version : it.against) against.push_back(version);
    document.set("against", std::move(against));
    json::Array findings;
    for (auto const& finding : it.findings) findings.push_back(to_json(finding, it.old_name));
    document.set("findings", std::move(findings));
    if (it.findings_left_out > 0)
        document.set("findings_left_out", std::int64_t(it.findings_left_out));
    if (it.together) {
        json::Array steps;
        for (auto const& step : it.together->steps) steps.push_back(step);
        document.set("together",
                     json::Object{{"steps", std::move(steps)}, {"schema", it.together->schema}});
    }
    json::Array readers;
    for (auto const& reader : it.readers)
        readers.push_back(json::Object{{"group", reader.group},
                                       {"topic", reader.topic},
                                       {"members", reader.members},
                                       {"lag", reader.lag}});
    document.set("readers", std::move(readers));
    json::Array notes;
    for (auto const& line : reader_words(it)) notes.push_back(line);
    document.set("notes", std::move(notes));
    return document;
}

std::vector<Reader> readers_in(json::Value const& findings) {
    std::vector<Reader> readers;
    auto const* const list = findings.find_array("readers");
    if (list == nullptr) return readers;
    for (auto const& each : *list) {
        auto const* const group = each.find_string("group");
        auto const* const topic = each.find_string("topic");
        if (group == nullptr || topic == nullptr) continue;
        auto const number = [&](std::string_view key, std::int64_t otherwise) {
            auto const* const value = each.find(key);
            return value == nullptr ? otherwise : value->as_int64().value_or(otherwise);
        };
        readers.push_back({*group, *topic, number("members", 0), number("lag", -1)});
    }
    return readers;
}

std::string to_text(Explanation const& it, Paint const& paint) {
    std::string text;
    auto const out = std::back_inserter(text);
    auto const verdict = it.is_compatible()
                             ? fmt::format("{}compatible{}", paint.good, paint.off)
                             : fmt::format("{}not compatible{}", paint.bad, paint.off);
    fmt::format_to(out, "{}{}{}: {}", paint.bold, it.subject, paint.off, verdict);
    if (it.against.empty())
        fmt::format_to(out, " ({}: nothing to compare with)\n", name_of(it.level));
    else
        fmt::format_to(out, " with {} ({})\n", versions_words(it.against, it.old_name),
                       name_of(it.level));
    for (auto const& finding : it.findings) {
        auto const& difference = finding.difference;
        fmt::format_to(out, "\n  {}{}{}", paint.bold, difference.rule, paint.off);
        if (!difference.path.empty()) fmt::format_to(out, " at {}", difference.path);
        fmt::format_to(out, "\n    {}\n", difference.description);
        if (!difference.before.empty())
            fmt::format_to(out, "    {}before{}  {}\n", paint.dim, paint.off,
                           shortened(difference.before));
        if (!difference.after.empty())
            fmt::format_to(out, "    {}after{}   {}\n", paint.dim, paint.off,
                           shortened(difference.after));
        fmt::format_to(out, "    {}breaks{}  {}\n", paint.dim, paint.off,
                       words_of(finding, it.old_name));
        for (auto const& mend : finding.mends)
            fmt::format_to(out, "    {}mend{}    {}\n", paint.good, paint.off, mend.words);
    }
    if (it.findings_left_out > 0) fmt::format_to(out, "\n  and {} more\n", it.findings_left_out);
    if (it.together) {
        fmt::format_to(out, "\n  {}mended all together{} by\n", paint.good, paint.off);
        for (std::size_t i = 0; i < it.together->steps.size(); ++i)
            fmt::format_to(out, "    {}. {}\n", i + 1, it.together->steps[i]);
    }
    auto const notes = reader_words(it);
    if (!notes.empty()) text += '\n';
    for (auto const& line : notes) fmt::format_to(out, "  {}\n", line);
    return text;
}

}  // namespace klamm::registry
