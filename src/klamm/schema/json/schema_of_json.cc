#include "klamm/schema/json/schema_of_json.h"

#include "klamm/schema/json/mend.h"
#include "klamm/schema/json/uri.h"

#include <fmt/format.h>

namespace klamm::schema::jsonschema {
namespace {

/// Where a text without an address of its own is, so that relative references have a start.
constexpr std::string_view nowhere = "mem:///";

/// What stands in a difference: enough to recognise it.
constexpr std::size_t shown_bytes_max = 200;

std::unexpected<SchemaError> refuse(std::string why) {
    return std::unexpected(SchemaError{std::move(why)});
}

std::string shown(json::Value const* value) {
    if (value == nullptr) return {};
    auto text = json::print(*value);
    if (text.size() <= shown_bytes_max) return text;
    auto end = shown_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

std::string path_of(Found const& found) { return "#/" + found.path; }

/// "MAX_LENGTH_INCREASED" as "max length increased".
std::string words_of(Rule const& rule) {
    std::string words;
    for (char const c : rule.name)
        words += c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    return words;
}

}  // namespace

std::expected<std::shared_ptr<JsonSchema const>, SchemaError> JsonSchema::from(
    std::string_view text, std::span<Reference const> references, ParseOptions options) {
    auto root = json::parse(text, schema_limits);
    if (!root) return refuse(fmt::format("The schema is no JSON: {}.", root.error().why));
    if (!is_schema(*root))
        return refuse("A JSON Schema is an object, or true or false; this is neither.");
    auto schema = std::make_shared<JsonSchema>(Key{});
    schema->canonical_ = json::print(*root);
    auto const* const id =
        root->find_string("$id") != nullptr ? root->find_string("$id") : root->find_string("id");
    auto const* const said = root->find_string("$schema");
    Dialect dialect;
    if (said != nullptr) dialect.draft = draft_named(*said).value_or(dialect.draft);
    auto const base =
        resolve(nowhere, id == nullptr ? std::string_view() : split_fragment(*id).first);
    for (auto const& reference : references) {
        auto document = json::parse(reference.text, schema_limits);
        if (!document)
            return refuse(fmt::format("The referenced schema {} is no JSON: {}.", reference.name,
                                      document.error().why));
        if (!is_schema(*document))
            return refuse(fmt::format("The referenced schema {} is no object, true or false.",
                                      reference.name));
        auto const address = split_fragment(reference.name).first;
        auto const target =
            schema->documents_.add(resolve(base, address), std::move(*document), dialect);
        schema->documents_.add_name(std::string(address), target.resource);
        schema->documents_.add_name(resolve(nowhere, address), target.resource);
        schema->references_.emplace_back(reference.name, target.schema);
    }
    schema->root_ = schema->documents_.add(std::string(nowhere), std::move(*root), dialect);
    schema->documents_.add_metaschemas();
    auto program = compile(schema->documents_, schema->root_, options.strict);
    if (!program) return std::unexpected(std::move(program.error()));
    schema->program_ = std::move(*program);
    return schema;
}

std::string JsonSchema::normalized() const { return json::print_sorted(root()); }

/// One text with all references inside, each under its own address.
json::Value JsonSchema::bundled() const {
    auto all = root();
    if (references_.empty() || !all.is_object()) return all;
    auto const draft = documents_.dialect_of(root_.resource).draft;
    std::string_view const keyword = draft >= Draft::draft2019 ? "$defs" : "definitions";
    auto definitions =
        all.find(keyword) == nullptr ? json::Value(json::Object{}) : *all.find(keyword);
    if (!definitions.is_object()) return all;
    for (auto const& [name, schema] : references_) {
        auto one = *schema;
        auto const id = id_keyword(draft);
        if (!one.is_object()) one = json::Value(json::Object{}).set("allOf", json::Array{*schema});
        if (one.find(id) == nullptr)
            one.object().insert(one.object().begin(), {std::string(id), name});
        definitions.set(name, std::move(one));
    }
    all.set(keyword, std::move(definitions));
    return all;
}

std::string JsonSchema::formatted(std::string_view format) const {
    return format == "resolved" ? json::print(bundled()) : canonical_;
}

std::string JsonSchema::record_name(MessageIndexes const&) const {
    auto const* const title = root().find_string("title");
    return title == nullptr ? std::string() : *title;
}

std::vector<std::string> JsonSchema::top_level_fields() const {
    std::vector<std::string> names;
    if (auto const* properties = root().find_object("properties"))
        for (auto const& member : *properties) names.push_back(member.key);
    return names;
}

bool JsonSchema::equivalent(Schema const& other) const {
    auto const* const schema = dynamic_cast<JsonSchema const*>(&other);
    return schema != nullptr &&
           json::print_sorted(bundled()) == json::print_sorted(schema->bundled());
}

std::expected<std::vector<Found>, SchemaError> JsonSchema::compare_with(JsonSchema const& writer,
                                                                        Policy policy) const {
    Model original(writer.documents_);
    Model update(documents_);
    return Comparer(original, update, policy).compare(writer.root_, root_);
}

std::expected<std::vector<Difference>, SchemaError> JsonSchema::differences(Schema const& writer,
                                                                            Policy policy) const {
    auto const* const from = dynamic_cast<JsonSchema const*>(&writer);
    if (from == nullptr) return refuse("The other schema is no JSON Schema.");
    auto const all = compare_with(*from, policy);
    if (!all) return std::unexpected(all.error());
    std::vector<Difference> breaking;
    for (auto const& each : *all)
        if (!is_compatible(*each.rule, policy)) {
            auto path = path_of(each);
            auto description = describe(*each.rule, path);
            breaking.push_back({.rule = std::string(each.rule->name),
                                .path = std::move(path),
                                .description = std::move(description),
                                .before = shown(each.before),
                                .after = shown(each.after)});
        }
    return breaking;
}

std::vector<Mend> JsonSchema::mends(Schema const& old, Difference const& difference,
                                    Breaks breaks) const {
    auto const* const from = dynamic_cast<JsonSchema const*>(&old);
    if (from == nullptr) return {};
    auto const reads = breaks == Breaks::new_readers;
    auto const all =
        reads ? compare_with(*from, Policy::strict) : from->compare_with(*this, Policy::strict);
    if (!all) return {};
    for (auto const& each : *all)
        if (each.rule->name == difference.rule && path_of(each) == difference.path)
            return mends_of(root(), each, breaks);
    return {};
}

std::vector<Difference> JsonSchema::changes_from(Schema const& old) const {
    auto const* const from = dynamic_cast<JsonSchema const*>(&old);
    if (from == nullptr) return {};
    auto const all = compare_with(*from, Policy::strict);
    if (!all) return {};
    std::vector<Difference> changes;
    for (auto const& each : *all)
        changes.push_back(
            {.rule = std::string(each.rule->name),
             .path = path_of(each),
             .description = fmt::format("{}: {}", path_of(each), words_of(*each.rule)),
             .before = shown(each.before),
             .after = shown(each.after)});
    return changes;
}

}  // namespace klamm::schema::jsonschema
