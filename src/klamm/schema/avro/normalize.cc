// The form that a registration with normalize=true is stored in.
#include "klamm/schema/avro/numbers.h"
#include "klamm/schema/avro/print.h"
#include "klamm/schema/avro/validate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace klamm::schema::avro {
namespace {

json::Value with_sorted_keys(json::Value value) {
    if (value.is_array()) {
        for (auto& element : value.array()) element = with_sorted_keys(std::move(element));
    } else if (value.is_object()) {
        std::ranges::sort(value.object(), {}, &json::Member::key);
        for (auto& member : value.object())
            member.value = with_sorted_keys(std::move(member.value));
    }
    return value;
}

/// The whole number of a property, as decimal's precision and scale are.
std::optional<std::int64_t> whole(json::Object const& props, std::string_view key) {
    auto const found = std::ranges::find(props, key, &json::Member::key);
    if (found == props.end() || !is_whole(found->value)) return std::nullopt;
    return found->value.as_int64();
}

bool is_valid_decimal(Type const& type) {
    if (type.kind != Kind::bytes && type.kind != Kind::fixed) return false;
    auto const precision = whole(type.props, "precision");
    bool const scaled =
        std::ranges::find(type.props, "scale", &json::Member::key) != type.props.end();
    auto const scale = scaled ? whole(type.props, "scale") : 0;
    if (!precision || !scale || *precision <= 0 || *scale < 0 || *scale > *precision) return false;
    if (*precision > std::numeric_limits<std::int32_t>::max()) return false;
    if (type.kind == Kind::bytes) return true;
    auto const bits = 8 * static_cast<double>(type.size) - 1;
    return static_cast<double>(*precision) <= std::floor(std::log10(2) * bits);
}

/// Whether Avro's library knows the logical type and accepts it on this type. What it does not is
/// a property like any other.
bool is_valid_logical(Type const& type, std::string const& name) {
    if (name == "decimal") return is_valid_decimal(type);
    if (name == "big-decimal") return type.kind == Kind::bytes;
    if (name == "uuid")
        return type.kind == Kind::string || (type.kind == Kind::fixed && type.size == 16);
    if (name == "date" || name == "time-millis") return type.kind == Kind::int32;
    constexpr std::string_view of_long[]{
        "time-micros",          "timestamp-millis",       "timestamp-micros",
        "timestamp-nanos",      "local-timestamp-millis", "local-timestamp-micros",
        "local-timestamp-nanos"};
    return type.kind == Kind::int64 && std::ranges::find(of_long, name) != std::end(of_long);
}

/// logicalType and what belongs to it first, the rest by name.
void sort_props(Type const& type, json::Object& props) {
    std::ranges::sort(props, {}, &json::Member::key);
    for (auto& prop : props) prop.value = with_sorted_keys(std::move(prop.value));
    auto const logical = std::ranges::find(props, "logicalType", &json::Member::key);
    if (logical == props.end() || !logical->value.is_string() ||
        !is_valid_logical(type, logical->value.string()))
        return;
    bool const decimal = logical->value.string() == "decimal";
    auto const rank = [&](json::Member const& prop) {
        if (prop.key == "logicalType") return 0;
        if (decimal && prop.key == "precision") return 1;
        if (decimal && prop.key == "scale" && prop.value.as_int64() != 0) return 2;
        return 3;
    };
    std::ranges::stable_sort(props, {}, rank);
}

json::Value normalized_default(Model const& model, TypeId id, json::Value value) {
    auto const& type = model[id];
    switch (type.kind) {
        case Kind::float32:
            if (auto const number = value.as_double())
                value = json::Number{java_text(static_cast<float>(*number))};
            return value;
        case Kind::float64:
            if (auto const number = value.as_double()) value = json::Number{java_text(*number)};
            return value;
        case Kind::array:
            if (!value.is_array()) return value;
            for (auto& element : value.array())
                element = normalized_default(model, type.element, std::move(element));
            return value;
        case Kind::map:
            if (!value.is_object()) return value;
            for (auto& member : value.object())
                member.value = normalized_default(model, type.element, std::move(member.value));
            return with_sorted_keys(std::move(value));
        case Kind::record:
            if (!value.is_object()) return value;
            for (auto const places = places_of(type); auto& member : value.object())
                if (auto const place = places.find(member.key); place != places.end())
                    member.value = normalized_default(model, type.fields[place->second].type,
                                                      std::move(member.value));
            return with_sorted_keys(std::move(value));
        case Kind::union_of:
            if (auto const branch = fitting_branch(model, type, value))
                return normalized_default(model, type.branches[*branch], std::move(value));
            return value;
        default:
            return value;
    }
}

/// In the order of the full names; one without namespace, where the type has one, begins with a
/// dot there.
void sort_aliases(Type& type) {
    auto const key = [&](Name const& alias) {
        bool const bare = alias.space.empty() && !type.name.space.empty();
        return bare ? "." + alias.simple : alias.full();
    };
    std::ranges::sort(type.aliases, {}, key);
}

}  // namespace

std::string normalized_text(Model model) {
    for (auto& type : model.types) {
        type.error = false;
        if (type.doc && type.doc->empty()) type.doc.reset();
        sort_aliases(type);
        sort_props(type, type.props);
    }
    for (TypeId id = 0; id < model.types.size(); ++id) {
        for (std::size_t i = 0; i < model[id].fields.size(); ++i) {
            auto& field = model[id].fields[i];
            std::ranges::sort(field.aliases);
            std::ranges::sort(field.props, {}, &json::Member::key);
            for (auto& prop : field.props) prop.value = with_sorted_keys(std::move(prop.value));
            if (!field.default_value) continue;
            auto given = *std::move(field.default_value);
            field.default_value = normalized_default(model, field.type, std::move(given));
        }
    }
    return canonical_text(model);
}

}  // namespace klamm::schema::avro
