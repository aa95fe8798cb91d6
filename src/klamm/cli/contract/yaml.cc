#include "klamm/cli/contract/yaml.h"

#include "klamm/json/pointer.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace klamm::cli {
namespace {

/// Found wrong while the document is made.
struct Refused {
    std::string why;
};

std::string place(YAML::Mark const& mark) {
    if (mark.is_null()) return "somewhere";
    return fmt::format("line {}, column {}", mark.line + 1, mark.column + 1);
}

/// A number of YAML as JSON writes it; none: it is text.
std::optional<std::string> number_text(std::string const& text) {
    auto const as_json = json::parse(text, {.bytes_max = 1000});
    if (as_json && as_json->is_number()) return text;
    // What YAML writes otherwise: +1, .5, 1., 0x1f, 0o17.
    auto rest = std::string_view(text);
    bool const negative = rest.starts_with('-');
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    int const base = rest.starts_with("0x") ? 16 : rest.starts_with("0o") ? 8 : 0;
    if (base != 0) {
        unsigned long long value = 0;
        auto const digits = rest.substr(2);
        auto const read = std::from_chars(digits.begin(), digits.end(), value, base);
        if (digits.empty() || read.ec != std::errc{} || read.ptr != digits.end())
            return std::nullopt;
        return fmt::format("{}{}", negative ? "-" : "", value);
    }
    if (rest.empty() || rest == "." || rest.find_first_not_of("0123456789.") != rest.npos ||
        std::ranges::count(rest, '.') > 1)
        return std::nullopt;
    auto mended = std::string(rest);
    if (mended.front() == '.') mended.insert(0, 1, '0');
    if (mended.back() == '.') mended += '0';
    mended.erase(0, std::min(mended.find_first_not_of('0'), mended.size() - 1));
    if (mended.front() == '.') mended.insert(0, 1, '0');
    return (negative ? "-" : "") + mended;
}

json::Value scalar(YAML::Node const& node) {
    auto const& text = node.Scalar();
    bool const plain = node.Tag() == "?" || node.Tag().empty();
    if (!plain) return json::Value(text);
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
        return {};
    if (text == "true" || text == "True" || text == "TRUE") return json::Value(true);
    if (text == "false" || text == "False" || text == "FALSE") return json::Value(false);
    if (auto number = number_text(text)) return json::Value(json::Number{std::move(*number)});
    return json::Value(text);
}

class Maker {
public:
    explicit Maker(Document& document) : document_(document) {}

    json::Value make(YAML::Node const& node, std::string const& pointer, std::size_t depth) {
        auto const mark = node.Mark();
        if (++nodes_ > Document::nodes_max)
            throw Refused{
                fmt::format("more than {} values, with aliases written out", Document::nodes_max)};
        if (depth > Document::depth_max)
            throw Refused{fmt::format("{}: more than {} levels inside each other", place(mark),
                                      Document::depth_max)};
        if (!mark.is_null()) document_.lines.try_emplace(pointer, mark.line + 1);
        switch (node.Type()) {
            case YAML::NodeType::Scalar:
                return scalar(node);
            case YAML::NodeType::Sequence:
                return sequence(node, pointer, depth);
            case YAML::NodeType::Map:
                return map(node, pointer, depth);
            case YAML::NodeType::Null:
            case YAML::NodeType::Undefined:
                return {};
        }
        return {};
    }

private:
    json::Value sequence(YAML::Node const& node, std::string const& pointer, std::size_t depth) {
        json::Array array;
        for (auto const& element : node) {
            auto const index = std::to_string(array.size());
            array.push_back(make(element, json::pointer_to(pointer, index), depth + 1));
        }
        return json::Value(std::move(array));
    }
    json::Value map(YAML::Node const& node, std::string const& pointer, std::size_t depth) {
        json::Value object(json::Object{});
        for (auto const& member : node) {
            if (!member.first.IsScalar())
                throw Refused{fmt::format("{}: a key must be text", place(member.first.Mark()))};
            auto const& key = member.first.Scalar();
            if (object.find(key) != nullptr)
                throw Refused{
                    fmt::format("{}: the key '{}' is here twice", place(member.first.Mark()), key)};
            auto const below = json::pointer_to(pointer, key);
            document_.lines.try_emplace(below, member.first.Mark().line + 1);
            object.object().push_back({key, make(member.second, below, depth + 1)});
        }
        return object;
    }

    Document& document_;
    std::size_t nodes_ = 0;
};

}  // namespace

int Document::line_of(std::string_view pointer) const {
    while (true) {
        if (auto const found = lines.find(pointer); found != lines.end()) return found->second;
        if (pointer.empty()) return 1;
        pointer = pointer.substr(0, pointer.rfind('/'));
    }
}

std::expected<Document, std::string> read_document(std::string_view text) {
    if (text.size() > Document::bytes_max)
        return std::unexpected(
            fmt::format("{} bytes, more than {}", text.size(), Document::bytes_max));
    try {
        Document document;
        auto const root = YAML::Load(std::string(text));
        document.value = Maker(document).make(root, "", 0);
        return document;
    } catch (YAML::Exception const& error) {
        return std::unexpected(fmt::format("{}: {}", place(error.mark), error.msg));
    } catch (Refused const& refused) {
        return std::unexpected(refused.why);
    }
}

}  // namespace klamm::cli
