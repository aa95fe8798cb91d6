// From text to model. Names may be used before they are declared, as Avro 1.12 permits: a use of an
// unknown name stands for a type of its own until the whole text has been read.
#include "klamm/schema/avro/comments.h"
#include "klamm/schema/avro/model.h"
#include "klamm/schema/avro/numbers.h"
#include "klamm/schema/avro/path.h"
#include "klamm/schema/avro/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace klamm::schema::avro {
namespace {

using json::Value;
using Failure = std::unexpected<SchemaError>;

std::string shortened(std::string text) {
    constexpr std::size_t shown_max = 120;
    if (text.size() > shown_max) text = text.substr(0, shown_max) + "…";
    return text;
}

bool is_name(std::string_view name, bool strict) {
    auto const letter = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               (!strict && static_cast<unsigned char>(c) >= 0x80);
    };
    auto const digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

class Parser {
public:
    Parser(Model& model, ParseOptions options) : model_(model), options_(options) {}

    std::expected<TypeId, SchemaError> run(Value const& document) {
        auto root = parse(document, "");
        if (!root) return root;
        return resolve(*root);
    }

private:
    /// A name that was used before it was declared.
    struct Open {
        TypeId id;
        std::string full_name;
        std::string path;
    };

    Failure failure(std::string const& why) const {
        return Failure(SchemaError{fmt::format(
            "{} (at {})", why, path_.text().empty() ? "the top of the schema" : path_.text())});
    }
    std::expected<TypeId, SchemaError> add(Type type) {
        if (model_.types.size() >= limits::types)
            return failure(fmt::format("the schema has more than {} types", limits::types));
        return model_.add(std::move(type));
    }

    std::expected<TypeId, SchemaError> parse(Value const& value, std::string const& space) {
        if (value.is_string()) return find(value.string(), space);
        if (value.is_array()) return parse_union(value, space);
        if (!value.is_object())
            return failure(fmt::format("a type is a name, an object or an array (a union), not {}",
                                       json::print(value)));
        auto const* type = value.find_string("type");
        if (type == nullptr)
            return failure(fmt::format("no \"type\", or one that is no text: {}",
                                       shortened(json::print(value))));
        if (auto const primitive = primitive_named(*type)) {
            Type parsed{.kind = *primitive};
            parsed.props = props_of(value, false);
            return add(std::move(parsed));
        }
        if (*type == "record" || *type == "error") return parse_record(value, space);
        if (*type == "enum") return parse_enum(value, space);
        if (*type == "fixed") return parse_fixed(value, space);
        if (*type == "array") return parse_container(value, space, Kind::array, "items");
        if (*type == "map") return parse_container(value, space, Kind::map, "values");
        return find(*type, space);
    }

    std::expected<TypeId, SchemaError> find(std::string const& name, std::string const& space) {
        if (auto const primitive = primitive_named(name)) return add({.kind = *primitive});
        auto const full = name.find('.') == name.npos && !space.empty() ? space + "." + name : name;
        for (auto const& known : {full, name})
            if (auto const found = model_.named.find(known); found != model_.named.end())
                return found->second;
        auto const id = add({});
        if (id) open_.push_back({*id, full, path_.text()});
        return id;
    }

    std::expected<TypeId, SchemaError> resolve(TypeId root) {
        std::unordered_map<TypeId, TypeId> stands_for;
        for (auto const& open : open_) {
            auto const found = model_.named.find(open.full_name);
            if (found == model_.named.end()) {
                path_.set(open.path);
                return failure(
                    fmt::format("the type \"{}\" is not declared, neither here nor in "
                                "a reference",
                                open.full_name));
            }
            stands_for.emplace(open.id, found->second);
        }
        if (stands_for.empty()) return root;
        auto const replace = [&](TypeId& id) {
            if (auto const found = stands_for.find(id); found != stands_for.end())
                id = found->second;
        };
        for (auto& type : model_.types) {
            for (auto& field : type.fields) replace(field.type);
            for (auto& branch : type.branches) replace(branch);
            replace(type.element);
        }
        replace(root);
        return root;
    }

    // ---- what each kind says -----------------------------------------------------------------

    std::expected<Type, SchemaError> parse_named(Value const& value, Kind kind,
                                                 std::string const& space) {
        auto const* name = value.find_string("name");
        if (name == nullptr)
            return failure(
                fmt::format("a type without a \"name\": {}", shortened(json::print(value))));
        auto const* own_space = value.find_string("namespace");
        Type type{.kind = kind};
        type.name = Name::from(*name, own_space != nullptr ? *own_space : space);
        if (auto const checked = check_name(type.name); !checked) return Failure(checked.error());
        if (auto const* doc = value.find_string("doc")) type.doc = *doc;
        auto const aliases = parse_aliases(value);
        if (!aliases) return Failure(aliases.error());
        std::unordered_set<std::string> seen;
        for (auto const& alias : *aliases) {
            auto parsed = Name::from(alias, type.name.space);
            if (!is_name(parsed.simple, options_.strict))
                return failure(fmt::format("\"{}\" is no name for an alias", alias));
            if (seen.insert(parsed.full()).second) type.aliases.push_back(std::move(parsed));
        }
        type.props = props_of(value, kind == Kind::enumeration);
        return type;
    }

    std::expected<void, SchemaError> check_name(Name const& name) const {
        if (!is_name(name.simple, options_.strict))
            return failure(
                fmt::format("\"{}\" is no name: letters, digits and _ make one, and no "
                            "digit begins it",
                            name.simple));
        if (primitive_named(name.full()))
            return failure(fmt::format("no type may be named \"{}\"", name.full()));
        if (!options_.strict || name.space.empty()) return {};
        for (std::size_t from = 0; from <= name.space.size();) {
            auto const to = std::min(name.space.find('.', from), name.space.size());
            if (!is_name(std::string_view(name.space).substr(from, to - from), true))
                return failure(
                    fmt::format("\"{}\" is no namespace: names with dots between them "
                                "make one",
                                name.space));
            from = to + 1;
        }
        return {};
    }

    /// Names are declared once; an enum or a fixed may be repeated word for word.
    std::expected<TypeId, SchemaError> declare(Type type) {
        auto const full = type.name.full();
        if (auto const known = model_.named.find(full); known != model_.named.end()) {
            auto const& other = model_[known->second];
            if (type.kind != Kind::record && type.kind == other.kind &&
                type.symbols == other.symbols && type.size == other.size && other.props.empty())
                return known->second;
            return failure(fmt::format("the type \"{}\" is declared twice", full));
        }
        auto const id = add(std::move(type));
        if (id) model_.named.emplace(full, *id);
        return id;
    }

    std::expected<TypeId, SchemaError> parse_record(Value const& value, std::string const& space) {
        auto type = parse_named(value, Kind::record, space);
        if (!type) return Failure(type.error());
        type->error = *value.find_string("type") == "error";
        auto const inner_space = type->name.space;
        auto const full = type->name.full();
        auto const id = declare(*std::move(type));  // before its fields, which may name it
        if (!id) return id;
        auto const* fields = value.find_array("fields");
        if (fields == nullptr)
            return failure(fmt::format("the record \"{}\" has no array \"fields\"", full));
        std::vector<Field> parsed;
        std::unordered_map<std::string_view, std::size_t> seen;
        auto const list = path_.enter("fields");
        for (std::size_t i = 0; i < fields->size(); ++i) {
            auto const at = path_.enter(i);
            auto field = parse_field((*fields)[i], inner_space);
            if (!field) return Failure(field.error());
            if (!seen.emplace(*(*fields)[i].find_string("name"), i).second)
                return failure(fmt::format("the record \"{}\" has two fields named \"{}\"", full,
                                           field->name));
            parsed.push_back(*std::move(field));
        }
        model_[*id].fields = std::move(parsed);
        return id;
    }

    std::expected<Field, SchemaError> parse_field(Value const& value, std::string const& space) {
        auto const* name = value.find_string("name");
        if (name == nullptr)
            return failure(
                fmt::format("a field without a \"name\": {}", shortened(json::print(value))));
        if (!is_name(*name, options_.strict))
            return failure(
                fmt::format("\"{}\" is no name for a field: letters, digits and _ make "
                            "one, and no digit begins it",
                            *name));
        Field field{.name = *name};
        if (auto const* doc = value.find_string("doc")) field.doc = *doc;
        auto const* type = value.find("type");
        if (type == nullptr) return failure(fmt::format("the field \"{}\" has no \"type\"", *name));
        {
            auto const at = path_.enter("type");
            auto const parsed = parse(*type, space);
            if (!parsed) return Failure(parsed.error());
            field.type = *parsed;
        }
        auto const order = parse_order(value);
        if (!order) return Failure(order.error());
        field.order = *order;
        if (auto const* given = value.find("default")) {
            auto parsed = parse_default(*given, model_[field.type].kind);
            if (!parsed) return Failure(parsed.error());
            field.default_value = *std::move(parsed);
        }
        auto aliases = parse_aliases(value);
        if (!aliases) return Failure(aliases.error());
        field.aliases = *std::move(aliases);
        for (auto const& member : value.object())
            if (!is_reserved_in_field(member.key))
                field.props.push_back({member.key, with_java_numbers(member.value)});
        return field;
    }

    std::expected<Value, SchemaError> parse_default(Value const& given, Kind kind) const {
        if ((kind != Kind::float32 && kind != Kind::float64) || !given.is_string())
            return with_java_numbers(given);
        auto const number = number_in(given.string());
        if (!number) return failure(fmt::format("the default \"{}\" is no number", given.string()));
        auto text = java_text(*number);
        if (text.find_first_of("NI") != text.npos) return Value(std::move(text));
        return Value(json::Number{std::move(text)});
    }

    std::expected<Order, SchemaError> parse_order(Value const& value) const {
        auto const* order = value.find("order");
        if (order == nullptr) return Order::ascending;
        std::string text = order->is_string() ? order->string() : "";
        std::ranges::transform(text, text.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        if (text == "ascending") return Order::ascending;
        if (text == "descending") return Order::descending;
        if (text == "ignore") return Order::ignore;
        return failure(fmt::format("\"order\" is ascending, descending or ignore, not {}",
                                   json::print(*order)));
    }

    std::expected<TypeId, SchemaError> parse_enum(Value const& value, std::string const& space) {
        auto type = parse_named(value, Kind::enumeration, space);
        if (!type) return Failure(type.error());
        auto const* symbols = value.find_array("symbols");
        if (symbols == nullptr)
            return failure(
                fmt::format("the enum \"{}\" has no array \"symbols\"", type->name.full()));
        std::unordered_map<std::string_view, bool> seen;
        for (auto const& symbol : *symbols) {
            if (!symbol.is_string() || !is_name(symbol.string(), options_.strict))
                return failure(
                    fmt::format("{} is no symbol for the enum \"{}\": letters, digits "
                                "and _ make one, and no digit begins it",
                                json::print(symbol), type->name.full()));
            if (!seen.emplace(symbol.string(), true).second)
                return failure(fmt::format("the enum \"{}\" has the symbol \"{}\" twice",
                                           type->name.full(), symbol.string()));
            type->symbols.push_back(symbol.string());
        }
        if (auto const* symbol = value.find_string("default")) {
            if (!seen.contains(*symbol))
                return failure(fmt::format("the default \"{}\" is no symbol of the enum \"{}\"",
                                           *symbol, type->name.full()));
            type->symbol = *symbol;
        }
        return declare(*std::move(type));
    }

    std::expected<TypeId, SchemaError> parse_fixed(Value const& value, std::string const& space) {
        auto type = parse_named(value, Kind::fixed, space);
        if (!type) return Failure(type.error());
        auto const* size = value.find("size");
        auto const number =
            size != nullptr && is_whole(*size) ? size->as_int64() : std::optional<std::int64_t>();
        if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max())
            return failure(fmt::format("the fixed \"{}\" has no \"size\" from 0 to 2147483647",
                                       type->name.full()));
        type->size = static_cast<std::uint32_t>(*number);
        return declare(*std::move(type));
    }

    std::expected<TypeId, SchemaError> parse_container(Value const& value, std::string const& space,
                                                       Kind kind, std::string const& key) {
        auto const* element = value.find(key);
        if (element == nullptr)
            return failure(
                fmt::format("{} without \"{}\"", kind == Kind::array ? "an array" : "a map", key));
        auto const at = path_.enter(key);
        auto const parsed = parse(*element, space);
        if (!parsed) return parsed;
        Type type{.kind = kind, .element = *parsed};
        type.props = props_of(value, false);
        return add(std::move(type));
    }

    std::expected<TypeId, SchemaError> parse_union(Value const& value, std::string const& space) {
        Type type{.kind = Kind::union_of};
        for (std::size_t i = 0; i < value.array().size(); ++i) {
            auto const at = path_.enter(i);
            auto const branch = parse(value.array()[i], space);
            if (!branch) return branch;
            type.branches.push_back(*branch);
        }
        return add(std::move(type));
    }

    std::expected<std::vector<std::string>, SchemaError> parse_aliases(Value const& value) const {
        std::vector<std::string> aliases;
        std::unordered_set<std::string_view> seen;
        auto const* given = value.find("aliases");
        if (given == nullptr) return aliases;
        if (!given->is_array()) return failure("\"aliases\" is no array");
        for (auto const& alias : given->array()) {
            if (!alias.is_string())
                return failure(fmt::format("the alias {} is no text", json::print(alias)));
            if (seen.insert(alias.string()).second) aliases.push_back(alias.string());
        }
        return aliases;
    }

    static bool is_reserved_in_field(std::string_view key) {
        constexpr std::string_view reserved[]{"default", "doc", "name", "order", "type", "aliases"};
        return std::ranges::find(reserved, key) != std::end(reserved);
    }

    static json::Object props_of(Value const& value, bool enumeration) {
        constexpr std::string_view reserved[]{"doc",  "fields",  "items",  "name", "namespace",
                                              "size", "symbols", "values", "type", "aliases"};
        json::Object props;
        for (auto const& member : value.object())
            if (std::ranges::find(reserved, member.key) == std::end(reserved) &&
                !(enumeration && member.key == "default"))
                props.push_back({member.key, with_java_numbers(member.value)});
        return props;
    }

    Model& model_;
    ParseOptions options_;
    Path path_;
    std::vector<Open> open_;
};

std::expected<Value, SchemaError> read_json(std::string_view text) {
    constexpr json::Limits bounds{.bytes_max = limits::text_bytes, .depth_max = limits::json_depth};
    auto value = json::parse(text, bounds);
    if (value) return *std::move(value);
    // Schema files are written by hand, and Avro's tools have always taken comments in them.
    if (auto const plain = without_comments(text); plain != text)
        if (auto retried = json::parse(plain, bounds)) return *std::move(retried);
    return std::unexpected(SchemaError{"the schema is no JSON: " + value.error().why});
}

}  // namespace

std::expected<Model, SchemaError> parse_model(std::string_view text,
                                              std::span<Reference const> references,
                                              ParseOptions options) {
    Model model;
    std::unordered_set<std::string_view> read;
    for (auto const& reference : references) {
        // One text may be referred to by several names.
        if (!read.insert(reference.text).second) continue;
        auto const document = read_json(reference.text);
        if (!document)
            return std::unexpected(SchemaError{
                fmt::format("reference \"{}\" (subject {}, version {}): {}", reference.name,
                            reference.subject, reference.version, document.error().why)});
        // It was checked when it was registered, by the rules of then.
        auto const root = Parser(model, {.strict = false}).run(*document);
        if (!root)
            return std::unexpected(SchemaError{
                fmt::format("reference \"{}\" (subject {}, version {}): {}", reference.name,
                            reference.subject, reference.version, root.error().why)});
        if (is_named(model[*root].kind)) model.referenced.push_back(model[*root].name.full());
    }
    auto const document = read_json(text);
    if (!document) return std::unexpected(document.error());
    auto const root = Parser(model, options).run(*document);
    if (!root) return std::unexpected(root.error());
    model.root = *root;
    if (auto const valid = validate(model, options); !valid) return std::unexpected(valid.error());
    return model;
}

}  // namespace klamm::schema::avro
