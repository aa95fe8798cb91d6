#include "klamm/schema/json/place.h"

#include "klamm/base/ensure.h"

namespace klamm::schema::jsonschema {
namespace {

bool find_keys(json::Value const& in, json::Value const* wanted, Keys& keys) {
    if (&in == wanted) return true;
    auto const descend = [&](json::Value const& child, std::string key) {
        keys.push_back(std::move(key));
        if (find_keys(child, wanted, keys)) return true;
        keys.pop_back();
        return false;
    };
    if (in.is_object()) {
        for (auto const& [key, value] : in.object())
            if (descend(value, key)) return true;
    } else if (in.is_array()) {
        for (std::size_t i = 0; i < in.array().size(); ++i)
            if (descend(in.array()[i], std::to_string(i))) return true;
    }
    return false;
}

}  // namespace

std::optional<Keys> keys_to(json::Value const& root, json::Value const* wanted) {
    Keys keys;
    if (!find_keys(root, wanted, keys)) return std::nullopt;
    return keys;
}

json::Value& at(json::Value& root, Keys const& keys) {
    auto* value = &root;
    for (auto const& key : keys) {
        value = value->is_array() ? &value->array()[std::stoul(key)] : value->find(key);
        ensure(value != nullptr);
    }
    return *value;
}

json::Value likely_value(json::Value const& schema) {
    if (auto const* values = schema.find_array("enum"); values != nullptr && !values->empty())
        return values->front();
    if (auto const* value = schema.find("const")) return *value;
    auto const* type = schema.find("type");
    if (type != nullptr && type->is_array() && !type->array().empty()) type = &type->array()[0];
    if (type == nullptr || !type->is_string()) return {};
    auto const& name = type->string();
    if (name == "string") return "";
    if (name == "boolean") return false;
    if (name == "array") return json::Array{};
    if (name == "object") return json::Object{};
    if (name == "null") return {};
    auto const* const least = schema.find("minimum");
    return least != nullptr ? *least : json::Value(0);
}

}  // namespace klamm::schema::jsonschema
