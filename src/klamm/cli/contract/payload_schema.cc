#include "klamm/cli/contract/payload_schema.h"

#include "klamm/cli/contract/references.h"
#include "klamm/cli/contract/yaml.h"
#include "klamm/json/pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace klamm::cli {
namespace {

using Refusal = std::unexpected<Problem>;

Refusal refused(std::string pointer, std::string why) {
    return std::unexpected(Problem{std::move(pointer), std::move(why)});
}

/// The language that a schemaFormat names; none: another one.
std::optional<schema::Type> type_of(std::string_view format) {
    auto const name = format.substr(0, format.find(';'));
    auto const is = [&](std::string_view base) {
        return name == base || name == std::string(base) + "+json" ||
               name == std::string(base) + "+yaml";
    };
    if (is("application/vnd.aai.asyncapi") || name.starts_with("application/schema+"))
        return schema::Type::json;
    if (is("application/vnd.apache.avro")) return schema::Type::avro;
    if (is("application/vnd.google.protobuf") || name == "application/x-protobuf")
        return schema::Type::protobuf;
    return std::nullopt;
}

/// Makes a JSON Schema that stands alone of one that refers to other parts of the document and to
/// files: each is put under definitions, once.
class Bundle {
public:
    Bundle(json::Value const& document, Load const& load) : document_(document), load_(load) {}

    std::expected<json::Value, Problem> make(json::Value root, std::string const& pointer) {
        if (auto done = rewrite(root, "", pointer); !done) return std::unexpected(done.error());
        if (definitions_.empty()) return root;
        auto* known = root.find("definitions");
        json::Value all =
            known != nullptr && known->is_object() ? *known : json::Value(json::Object{});
        for (auto& [name, definition] : definitions_) all.set(name, std::move(definition));
        root.set("definitions", std::move(all));
        return root;
    }

private:
    static constexpr std::size_t definitions_max = 1000;

    /// `file`: where the text came from; empty: the document.
    std::expected<void, Problem> rewrite(json::Value& value, std::string const& file,
                                         std::string const& pointer) {
        if (value.is_array()) {
            for (auto& element : value.array())
                if (auto done = rewrite(element, file, pointer); !done) return done;
        } else if (value.is_object()) {
            for (auto& [key, member] : value.object()) {
                bool const refers = key == "$ref" && member.is_string();
                auto done = refers ? refer(member, file, pointer) : rewrite(member, file, pointer);
                if (!done) return done;
            }
        }
        return {};
    }

    std::expected<void, Problem> refer(json::Value& reference, std::string const& file,
                                       std::string const& pointer) {
        auto const& to = reference.string();
        auto const hash = std::min(to.find('#'), to.size());
        auto const path = hash == 0 ? file : to.substr(0, hash);
        auto const fragment = hash < to.size() ? to.substr(hash) : "#";
        // A reference of a file to itself stays inside the definition that the file became.
        auto const name = define(path, fragment, pointer);
        if (!name) return std::unexpected(name.error());
        reference = json::Value("#/definitions/" + *name);
        return {};
    }

    std::expected<std::string, Problem> define(std::string const& path, std::string const& fragment,
                                               std::string const& pointer) {
        auto const id = path + fragment;
        if (auto const known = names_.find(id); known != names_.end()) return known->second;
        if (names_.size() >= definitions_max)
            return refused(pointer, fmt::format("refers to more than {} schemas", definitions_max));
        auto const* whole = path.empty() ? &document_ : file(path);
        if (whole == nullptr) return refused(pointer, fmt::format("$ref: {}", why_));
        auto const target = pointer_of(fragment);
        auto const* found = target ? json::at_pointer(*whole, *target) : nullptr;
        if (found == nullptr)
            return refused(pointer, fmt::format("$ref: there is nothing at '{}'", id));
        auto const name = name_for(id);
        names_[id] = name;
        auto copy = *found;
        if (auto done = rewrite(copy, path, pointer); !done) return std::unexpected(done.error());
        definitions_[name] = std::move(copy);
        return name;
    }

    /// The last step of the reference, made different where two have the same.
    std::string name_for(std::string const& id) {
        auto name = id.substr(0, id.ends_with('#') ? id.size() - 1 : id.size());
        name.erase(0, name.find_last_of("/#") + 1);
        std::ranges::replace_if(
            name, [](char c) { return c == '/' || c == '~' || c == '%' || c == '#'; }, '_');
        auto unique = name;
        for (int i = 2; std::ranges::count(names_, unique, [](auto& n) { return n.second; }) > 0;
             ++i)
            unique = fmt::format("{}_{}", name, i);
        return unique;
    }

    json::Value const* file(std::string const& path) {
        if (auto const known = files_.find(path); known != files_.end()) return &known->second;
        auto const text = load_(path);
        if (!text) {
            why_ = text.error();
            return nullptr;
        }
        auto read = read_document(*text);
        if (!read) {
            why_ = fmt::format("{}: {}", path, read.error());
            return nullptr;
        }
        return &(files_[path] = std::move(read->value));
    }

    json::Value const& document_;
    Load const& load_;
    std::map<std::string, std::string> names_;  ///< of what is referred to
    std::map<std::string, json::Value> definitions_;
    std::map<std::string, json::Value> files_;
    std::string why_;
};

/// A schema that is one whole file.
std::expected<PayloadSchema, Problem> from_file(schema::Type type, std::string const& path,
                                                std::string pointer, Load const& load) {
    auto text = load(path);
    if (!text) return refused(std::move(pointer), "$ref: " + text.error());
    return PayloadSchema{type, std::move(*text), std::move(pointer)};
}

}  // namespace

std::expected<PayloadSchema, Problem> payload_schema(json::Value const& document,
                                                     json::Value const& payload,
                                                     std::string pointer, Load const& load) {
    auto target = Target{&payload, pointer};
    auto const* reference = reference_in(payload);
    if (reference != nullptr && reference->starts_with('#')) {
        auto followed = follow(document, payload, pointer);
        if (!followed) return refused(pointer, "$ref: " + followed.error());
        target = std::move(*followed);
    }
    auto type = schema::Type::json;
    if (auto const* format = target.value->find_string("schemaFormat")) {
        auto const named = type_of(*format);
        if (!named)
            return refused(
                json::pointer_to(target.pointer, "schemaFormat"),
                fmt::format("'{}' is not understood; Avro (application/vnd.apache.avro), "
                            "Protobuf (application/vnd.google.protobuf) and JSON Schema "
                            "(application/schema+json) are",
                            *format));
        type = *named;
        auto const below = json::pointer_to(target.pointer, "schema");
        auto followed = follow(document, *target.value->find("schema"), below);
        if (followed) {
            target = std::move(*followed);
        } else {
            target = {target.value->find("schema"), below};  // in a file
        }
    }
    auto const& value = *target.value;
    if (type == schema::Type::json) {
        auto bundled = Bundle(document, load).make(value, target.pointer);
        if (!bundled) return std::unexpected(bundled.error());
        return PayloadSchema{type, json::print(*bundled), target.pointer};
    }
    if (auto const* path = reference_in(value)) return from_file(type, *path, target.pointer, load);
    if (type == schema::Type::protobuf && !value.is_string())
        return refused(target.pointer, "a Protobuf schema must be text, or {$ref: 'file.proto'}");
    return PayloadSchema{type, value.is_string() ? value.string() : json::print(value),
                         target.pointer};
}

}  // namespace klamm::cli
