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
                return value.is_number() ||
                       (depth == 0 && value.is_string() && is_beyond_numbers(value.string()));
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
                return value.is_object() && std::ranges::all_of(type.fields, [&](Field const& f) {
                           auto const* given = value.find(f.name);
                           if (given == nullptr && f.default_value) given = &*f.default_value;
                           return given != nullptr && fits(f.type, *given, depth + 1);
                       });
        }
        std::unreachable();
    }

private:
    Model const& model_;
    std::size_t work_ = 0;
};

class Validator {
public:
    Validator(Model const& model, ParseOptions options) : model_(model), options_(options) {}

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
            if (options_.strict && field.default_value &&
                !fits(model_, field.type, *field.default_value))
                return failure(fmt::format("the default {} of the field \"{}\" is no {}",
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
    Path path_;
    std::unordered_set<TypeId> seen_;
};

std::optional<json::Value> plain_default(Model const& model, TypeId id, std::size_t depth) {
    constexpr std::size_t depth_max = 8;
    constexpr std::size_t fixed_bytes_max = 256;
    auto const& type = model[id];
    if (depth > depth_max) return std::nullopt;
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
            return plain_default(model, type.branches.front(), depth + 1);
        case Kind::record: {
            json::Object members;
            for (auto const& field : type.fields) {
                if (field.default_value) continue;
                auto value = plain_default(model, field.type, depth + 1);
                if (!value) return std::nullopt;
                members.push_back({field.name, *std::move(value)});
            }
            return json::Value(std::move(members));
        }
    }
    std::unreachable();
}

}  // namespace

bool fits(Model const& model, TypeId type, json::Value const& value) {
    return Fit(model).fits(type, value, 0);
}

std::optional<std::size_t> fitting_branch(Model const& model, Type const& union_type,
                                          json::Value const& value) {
    for (std::size_t i = 0; i < union_type.branches.size(); ++i)
        if (fits(model, union_type.branches[i], value)) return i;
    return std::nullopt;
}

std::optional<json::Value> plain_default(Model const& model, TypeId type) {
    return plain_default(model, type, 0);
}

std::expected<void, SchemaError> validate(Model const& model, ParseOptions options) {
    return Validator(model, options).walk(model.root, 0);
}

}  // namespace klamm::schema::avro
