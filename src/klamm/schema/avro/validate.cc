#include "klamm/schema/avro/validate.h"

#include "klamm/schema/avro/numbers.h"
#include "klamm/schema/avro/path.h"
#include "klamm/schema/avro/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace klamm::schema::avro {
namespace {

/// What the parser leaves as text in the default of a float or a double.
bool is_beyond_numbers(std::string const& text) {
    auto const number = number_in(text);
    return number && !std::isfinite(*number);
}

/// A default and a schema can each be large; together they must not become a product.
class Fit {
public:
    explicit Fit(Model const& model) : model_(model) {}

    /// A field's own default.
    bool fits_field(Field const& field, std::size_t depth) {
        auto const kind = model_[field.type].kind;
        bool const real = kind == Kind::float32 || kind == Kind::float64;
        auto const& value = *field.default_value;
        if (real && value.is_string() && is_beyond_numbers(value.string())) return true;
        return fits(field.type, value, depth);
    }

    bool fits(TypeId id, json::Value const& value, std::size_t depth) {
        if (++work_ > limits::work || depth > limits::depth) return false;
        auto const& type = model_[id];
        switch (type.kind) {
            case Kind::null:
                return value.is_null();
            case Kind::boolean:
                return value.is_bool();
            case Kind::int32:
                return is_whole(value) && value.as_int64() &&
                       *value.as_int64() >= std::numeric_limits<std::int32_t>::min() &&
                       *value.as_int64() <= std::numeric_limits<std::int32_t>::max();
            case Kind::int64:
                return is_whole(value) && value.as_int64();
            case Kind::float32:
            case Kind::float64:
                return value.is_number();
            case Kind::bytes:
            case Kind::string:
            case Kind::enumeration:
            case Kind::fixed:
                return value.is_string();
            case Kind::array:
                return value.is_array() &&
                       std::ranges::all_of(value.array(), [&](json::Value const& element) {
                           return fits(type.element, element, depth + 1);
                       });
            case Kind::map:
                return value.is_object() &&
                       std::ranges::all_of(value.object(), [&](json::Member const& member) {
                           return fits(type.element, member.value, depth + 1);
                       });
            case Kind::union_of:
                return std::ranges::any_of(
                    type.branches, [&](TypeId branch) { return fits(branch, value, depth + 1); });
            case Kind::record:
                return value.is_object() && fits_record(type, value.object(), depth + 1);
        }
        std::unreachable();
    }

    bool is_spent() const { return work_ > limits::work; }

private:
    bool fits_record(Type const& type, json::Object const& members, std::size_t depth) {
        std::unordered_map<std::string_view, json::Value const*> given;
        for (auto const& member : members) given.emplace(member.key, &member.value);
        return std::ranges::all_of(type.fields, [&](Field const& field) {
            auto const found = given.find(field.name);
            if (found != given.end()) return fits(field.type, *found->second, depth);
            return field.default_value && fits_field(field, depth);
        });
    }

    Model const& model_;
    std::size_t work_ = 0;
};

class Validator {
public:
    Validator(Model const& model, ParseOptions options)
        : model_(model), options_(options), fit_(model) {}

    std::expected<void, SchemaError> walk(TypeId id, std::size_t depth) {
        auto const& type = model_[id];
        if (is_primitive(type.kind)) return {};
        if (depth > limits::depth)
            return failure(fmt::format("more than {} types inside each other", limits::depth));
        if (is_named(type.kind) && !seen_.insert(id).second) return {};
        switch (type.kind) {
            case Kind::record:
                return walk_record(type, depth);
            case Kind::array:
            case Kind::map: {
                auto const at = path_.enter(type.kind == Kind::array ? "items" : "values");
                return walk(type.element, depth + 1);
            }
            case Kind::union_of:
                return walk_union(type, depth);
            default:
                return {};
        }
    }

private:
    std::unexpected<SchemaError> failure(std::string const& why) const {
        return std::unexpected(SchemaError{fmt::format(
            "{} (at {})", why, path_.text().empty() ? "the top of the schema" : path_.text())});
    }

    std::expected<void, SchemaError> walk_record(Type const& type, std::size_t depth) {
        auto const list = path_.enter("fields");
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            auto const& field = type.fields[i];
            auto const at = path_.enter(i);
            if (options_.strict && field.default_value && !fit_.fits_field(field, 0))
                return failure(
                    fit_.is_spent()
                        ? fmt::format("its defaults take more than {} steps to check", limits::work)
                        : fmt::format("the default {} of the field \"{}\" is no {}",
                                      json::print(*field.default_value), field.name,
                                      summary(model_, field.type)));
            auto const inside = path_.enter("type");
            if (auto const walked = walk(field.type, depth + 1); !walked) return walked;
        }
        return {};
    }

    std::expected<void, SchemaError> walk_union(Type const& type, std::size_t depth) {
        std::unordered_set<std::string> names;
        for (std::size_t i = 0; i < type.branches.size(); ++i) {
            auto const& branch = model_[type.branches[i]];
            auto const at = path_.enter(i);
            if (branch.kind == Kind::union_of) return failure("a union directly inside a union");
            if (!names.insert(branch_name(branch)).second)
                return failure(fmt::format("the union has \"{}\" twice", branch_name(branch)));
            if (auto const walked = walk(type.branches[i], depth + 1); !walked) return walked;
        }
        return {};
    }

    Model const& model_;
    ParseOptions options_;
    Fit fit_;
    Path path_;
    std::unordered_set<TypeId> seen_;
};

std::optional<json::Value> plain_default(Model const& model, TypeId id, std::size_t depth,
                                         std::size_t& values) {
    constexpr std::size_t depth_max = 8;
    constexpr std::size_t values_max = 256;
    constexpr std::size_t fixed_bytes_max = 256;
    auto const& type = model[id];
    if (depth > depth_max || ++values > values_max) return std::nullopt;
    switch (type.kind) {
        case Kind::null:
            return json::Value();
        case Kind::boolean:
            return json::Value(false);
        case Kind::int32:
        case Kind::int64:
            return json::Value(0);
        case Kind::float32:
        case Kind::float64:
            return json::Value(json::Number{"0.0"});
        case Kind::bytes:
        case Kind::string:
            return json::Value("");
        case Kind::fixed:
            if (type.size > fixed_bytes_max) return std::nullopt;
            return json::Value(std::string(type.size, '\0'));
        case Kind::enumeration:
            if (type.symbol) return json::Value(*type.symbol);
            if (type.symbols.empty()) return std::nullopt;
            return json::Value(type.symbols.front());
        case Kind::array:
            return json::Value(json::Array{});
        case Kind::map:
            return json::Value(json::Object{});
        case Kind::union_of:
            if (type.branches.empty()) return std::nullopt;
            return plain_default(model, type.branches.front(), depth + 1, values);
        case Kind::record: {
            json::Object members;
            for (auto const& field : type.fields) {
                if (field.default_value) continue;
                auto value = plain_default(model, field.type, depth + 1, values);
                if (!value) return std::nullopt;
                members.push_back({field.name, *std::move(value)});
            }
            return json::Value(std::move(members));
        }
    }
    std::unreachable();
}

}  // namespace

std::optional<std::size_t> fitting_branch(Model const& model, Type const& union_type,
                                          json::Value const& value) {
    Fit fit(model);
    for (std::size_t i = 0; i < union_type.branches.size(); ++i)
        if (fit.fits(union_type.branches[i], value, 0)) return i;
    return std::nullopt;
}

std::optional<json::Value> plain_default(Model const& model, TypeId type) {
    std::size_t values = 0;
    return plain_default(model, type, 0, values);
}

std::expected<void, SchemaError> validate(Model const& model, ParseOptions options) {
    return Validator(model, options).walk(model.root, 0);
}

}  // namespace klamm::schema::avro
