// Values that were written with another version of an event's schema.
#include "klamm/base/base64.h"
#include "klamm/handler/codecs/avro_events.h"
#include "klamm/handler/rfc3339.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {
namespace {

using json::Value;

/// The bytes of Avro's JSON, where each is a character.
std::string from_latin1(std::string const& text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c < 0x80 || i + 1 == text.size())
            bytes += text[i];
        else
            bytes += static_cast<char>((c & 0x03U) << 6 |
                                       (static_cast<unsigned char>(text[++i]) & 0x3fU));
    }
    return bytes;
}

Value real_time(std::int64_t count, std::int64_t units_in_ms) {
    auto const ms = count / units_in_ms - (count % units_in_ms < 0 ? 1 : 0);
    return to_rfc3339(Time(milliseconds(ms)));
}

class Resolution {
public:
    Value resolve(Value const& value, Value const& schema, std::string const& space,
                  Shape const& shape) {
        if (schema.is_array()) return resolve_union(value, schema, space, shape);
        if (schema.is_string()) {
            if (auto const* const known = find(schema.string(), space))
                return resolve(value, *known->schema, known->space, shape);
            return leaf(value, schema.string(), "", shape);
        }
        auto const* const type = schema.find("type");
        if (type == nullptr) return value;
        if (!type->is_string()) return resolve(value, *type, space, shape);
        if (type->string() == "record" || type->string() == "error")
            return record(value, schema, space_of(schema, space), shape);
        if (type->string() == "array") return array(value, schema, space, shape);
        if (type->string() == "map") return map(value, schema, space, shape);
        if (schema.find("logicalType") == nullptr && find(type->string(), space))
            return resolve(value, *type, space, shape);
        auto const* const logical = schema.find_string("logicalType");
        return leaf(value, type->string(), logical ? *logical : "", shape);
    }

    /// Names may be used before the place where a reader without their fields comes by.
    void learn(Value const& schema, std::string const& space) {
        if (schema.is_array())
            for (auto const& branch : schema.array()) learn(branch, space);
        if (!schema.is_object()) return;
        auto const inner = space_of(schema, space);
        if (schema.find("name") != nullptr)
            named_.emplace(full_name(schema, space), Named{&schema, space});
        for (auto const* const key : {"type", "items", "values"})
            if (auto const* const found = schema.find(key)) learn(*found, inner);
        if (auto const* const fields = schema.find_array("fields"))
            for (auto const& field : *fields)
                if (auto const* const type = field.find("type")) learn(*type, inner);
    }

private:
    struct Named {
        Value const* schema;
        std::string space;  ///< around it
    };

    static std::string full_name(Value const& schema, std::string const& space) {
        auto const* const name = schema.find_string("name");
        if (name == nullptr) return {};
        if (name->contains('.')) return *name;
        auto const* const own = schema.find_string("namespace");
        auto const& around = own ? *own : space;
        return around.empty() ? *name : around + '.' + *name;
    }
    static std::string space_of(Value const& schema, std::string const& space) {
        if (schema.find("name") == nullptr) return space;
        auto const full = full_name(schema, space);
        auto const dot = full.rfind('.');
        return dot == full.npos ? std::string() : full.substr(0, dot);
    }
    Named const* find(std::string const& name, std::string const& space) const {
        auto it = named_.end();
        if (!name.contains('.') && !space.empty()) it = named_.find(space + '.' + name);
        if (it == named_.end()) it = named_.find(name);
        return it == named_.end() ? nullptr : &it->second;
    }

    /// {"string": "a"} is a value of the branch string.
    Value resolve_union(Value const& value, Value const& schema, std::string const& space,
                        Shape const& shape) {
        if (!value.is_object() || value.object().size() != 1) return value;
        auto const& [tag, inner] = value.object().front();
        for (auto const& branch : schema.array())
            if (tag_of(branch, space) == tag) return resolve(inner, branch, space, shape);
        return value;
    }
    std::string tag_of(Value const& branch, std::string const& space) const {
        if (branch.is_object() && branch.find("name") != nullptr) return full_name(branch, space);
        auto const* const type = branch.is_object() ? branch.find("type") : &branch;
        if (type == nullptr || !type->is_string()) return {};
        if (auto const* const known = find(type->string(), space))
            return full_name(*known->schema, known->space);
        return type->string();
    }

    Value record(Value const& value, Value const& schema, std::string const& space,
                 Shape const& optional_shape) {
        auto const& shape =
            optional_shape.kind == Kind::optional ? *optional_shape.of : optional_shape;
        auto const* const fields = schema.find_array("fields");
        if (shape.kind != Kind::record || fields == nullptr || !value.is_object()) return value;
        Value event = json::Object{};
        for (auto const& wanted : shape.fields)
            for (auto const& field : *fields) {
                auto const* const name = field.find_string("name");
                if (name == nullptr || *name != wanted.name) continue;
                auto const* const found = value.find(wanted.name);
                auto const* const type = field.find("type");
                if (found != nullptr && type != nullptr)
                    event.set(wanted.name, resolve(*found, *type, space, *wanted.shape));
            }
        return event;
    }
    Value array(Value const& value, Value const& schema, std::string const& space,
                Shape const& optional_shape) {
        auto const& shape =
            optional_shape.kind == Kind::optional ? *optional_shape.of : optional_shape;
        auto const* const items = schema.find("items");
        if (shape.kind != Kind::array || items == nullptr || !value.is_array()) return value;
        Value out = json::Array{};
        for (auto const& item : value.array()) out.push(resolve(item, *items, space, *shape.of));
        return out;
    }
    Value map(Value const& value, Value const& schema, std::string const& space,
              Shape const& optional_shape) {
        auto const& shape =
            optional_shape.kind == Kind::optional ? *optional_shape.of : optional_shape;
        auto const* const values = schema.find("values");
        if (shape.kind != Kind::map || values == nullptr || !value.is_object()) return value;
        json::Object out;
        for (auto const& [key, entry] : value.object())
            out.push_back({key, resolve(entry, *values, space, *shape.of)});
        return out;
    }

    static Value leaf(Value const& value, std::string_view type, std::string_view logical,
                      Shape const& shape) {
        if (shape.kind == Kind::optional) return leaf(value, type, logical, *shape.of);
        if (shape.kind == Kind::time && value.is_number()) {
            auto const count = value.as_int64();
            if (!count) return value;
            if (type == "int") return value;  // dates and times of day are no points in time
            if (logical.ends_with("timestamp-micros")) return real_time(*count, 1'000);
            if (logical.ends_with("timestamp-nanos")) return real_time(*count, 1'000'000);
            return real_time(*count, 1);
        }
        if (!value.is_string()) return value;
        bool const is_bytes = type == "bytes" || type == "fixed";
        if (shape.kind == Kind::bytes)
            return base64_encoded(is_bytes ? from_latin1(value.string()) : value.string());
        if (shape.kind == Kind::string && is_bytes) return from_latin1(value.string());
        return value;
    }

    std::map<std::string, Named, std::less<>> named_;
};

}  // namespace

Value resolved(Value const& value, Value const& schema, Shape const& shape) {
    Resolution resolution;
    resolution.learn(schema, "");
    return resolution.resolve(value, schema, "", shape);
}

}  // namespace klamm::handler
