#include "klamm/cli/sarif.h"

#include "klamm/json/pointer.h"
#include "klamm/live/http_client.h"

#include <algorithm>
#include <set>

namespace klamm::cli {
namespace {

constexpr char const* schema_url = "https://json.schemastore.org/sarif-2.1.0.json";

std::string_view name_of(SarifResult::Level level) {
    switch (level) {
        case SarifResult::Level::note:
            return "note";
        case SarifResult::Level::warning:
            return "warning";
        case SarifResult::Level::error:
            return "error";
    }
    return "error";
}

/// A relative or absolute path as a URI reference.
std::string uri_of(std::string_view path) {
    while (path.starts_with("./")) path.remove_prefix(2);
    std::string uri = path.starts_with('/') ? "file://" : "";
    for (std::size_t at = 0; at <= path.size();) {
        auto const end = std::min(path.find('/', at), path.size());
        uri += live::percent_encoded(path.substr(at, end - at));
        if (end < path.size()) uri += '/';
        at = end + 1;
    }
    return uri;
}

json::Value location_of(SarifResult const& it) {
    return json::Object{
        {"physicalLocation",
         json::Object{{"artifactLocation", json::Object{{"uri", uri_of(it.file)}}},
                      {"region", json::Object{{"startLine", std::int64_t(it.line)}}}}}};
}

json::Value fix_of(SarifResult const& it, SarifResult::Fix const& fix) {
    json::Value const everything = json::Object{{"startLine", 1},
                                                {"startColumn", 1},
                                                {"endLine", std::int64_t(it.file_lines) + 1},
                                                {"endColumn", 1}};
    json::Value const replacement = json::Object{
        {"deletedRegion", everything}, {"insertedContent", json::Object{{"text", fix.text}}}};
    json::Value const change =
        json::Object{{"artifactLocation", json::Object{{"uri", uri_of(it.file)}}},
                     {"replacements", json::Array{replacement}}};
    return json::Object{{"description", json::Object{{"text", fix.words}}},
                        {"artifactChanges", json::Array{change}}};
}

// ---- places in a JSON text ----------------------------------------------------------------------

/// Walks a text that was parsed before; of another one it makes something, but always ends.
class Locator {
public:
    explicit Locator(std::string_view text) : text_(text) {}

    std::size_t find(std::string_view pointer) {
        skip_space();
        auto found = at_;
        while (!pointer.empty() && enter(step_of(pointer))) {
            skip_space();
            found = at_;
        }
        return found;
    }

private:
    /// The next step of a pointer, unescaped (RFC 6901).
    static std::string step_of(std::string_view& pointer) {
        if (pointer.starts_with('/')) pointer.remove_prefix(1);
        auto const end = std::min(pointer.find('/'), pointer.size());
        auto step = json::unescape_key(pointer.substr(0, end));
        pointer.remove_prefix(end);
        return step;
    }
    char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n,:").find(text_[at_]) != text_.npos)
            ++at_;
    }
    std::string_view string() {
        auto const begin = ++at_;
        while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2U : 1U;
        auto const end = std::min(at_, text_.size());
        at_ = std::min(end + 1, text_.size());
        return text_.substr(begin, end - begin);
    }
    void skip_value() {
        std::size_t depth = 0;
        do {
            skip_space();
            if (now() == '"') {
                string();
            } else if (now() == '{' || now() == '[') {
                ++depth;
                ++at_;
            } else if (now() == '}' || now() == ']') {
                if (depth == 0) return;
                --depth;
                ++at_;
            } else {
                while (at_ < text_.size() &&
                       std::string_view(" \t\r\n,:]}[{\"").find(text_[at_]) == text_.npos)
                    ++at_;
            }
        } while (depth > 0 && at_ < text_.size());
    }
    /// To the value of a member or element; false: there is none.
    bool enter(std::string const& step) {
        auto const open = now();
        if (open != '{' && open != '[') return false;
        ++at_;
        for (std::size_t index = 0; at_ < text_.size(); ++index) {
            skip_space();
            if (now() == '}' || now() == ']') return false;
            if (open == '[') {
                if (std::to_string(index) == step) return true;
            } else {
                if (now() != '"') return false;
                auto const key = string();
                skip_space();
                if (key == step) return true;
            }
            skip_value();
        }
        return false;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool is_word(char letter) {
    return letter == '_' || (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z');
}

/// Where a word stands by itself, behind another one and blanks; npos: nowhere.
std::size_t find_pair(std::string_view text, std::string_view first, std::string_view second,
                      std::size_t from) {
    for (auto at = text.find(first, from); at != text.npos; at = text.find(first, at + 1)) {
        auto behind = text.find_first_not_of(" \t\r\n", at + first.size());
        if (behind == text.npos || !text.substr(behind).starts_with(second)) continue;
        behind += second.size();
        if (behind == text.size() || !is_word(text[behind])) return at;
    }
    return text.npos;
}

}  // namespace

json::Value to_sarif(std::span<SarifResult const> results) {
    std::set<std::string> ids;
    json::Array listed;
    for (auto const& it : results) {
        ids.insert(it.rule);
        json::Value result = json::Object{{"ruleId", it.rule},
                                          {"level", name_of(it.level)},
                                          {"message", json::Object{{"text", it.message}}},
                                          {"locations", json::Array{location_of(it)}}};
        json::Array fixes;
        for (auto const& fix : it.fixes) fixes.push_back(fix_of(it, fix));
        if (!fixes.empty()) result.set("fixes", std::move(fixes));
        listed.push_back(std::move(result));
    }
    json::Array rules;
    for (auto const& id : ids) rules.push_back(json::Object{{"id", id}});
    json::Value const driver =
        json::Object{{"name", "klamm"}, {"version", KLAMM_VERSION}, {"rules", std::move(rules)}};
    json::Value const run = json::Object{{"tool", json::Object{{"driver", driver}}},
                                         {"columnKind", "utf16CodeUnits"},
                                         {"results", std::move(listed)}};
    return json::Object{{"$schema", schema_url}, {"version", "2.1.0"}, {"runs", json::Array{run}}};
}

std::size_t line_of(std::string_view json_text, std::string_view pointer) {
    if (pointer.starts_with('#')) pointer.remove_prefix(1);
    auto const at = std::min(Locator(json_text).find(pointer), json_text.size());
    return 1 + std::size_t(std::ranges::count(json_text.substr(0, at), '\n'));
}

std::size_t line_of_proto(std::string_view text, std::string_view path) {
    if (path.starts_with("#/")) path.remove_prefix(2);
    std::size_t found = 0;
    while (!path.empty()) {
        auto const step = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(step.size() + 1, path.size()));
        auto next = text.npos;
        for (auto const* word : {"message", "enum", "oneof", "="})
            next = std::min(next, find_pair(text, word, step, found));
        if (next == text.npos) break;
        found = next;
    }
    return 1 + std::size_t(std::ranges::count(text.substr(0, found), '\n'));
}

}  // namespace klamm::cli
