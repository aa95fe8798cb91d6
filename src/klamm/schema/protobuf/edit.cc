#include "klamm/schema/protobuf/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::schema::protobuf {
namespace {

/// Numbers that the language keeps for itself.
constexpr std::int32_t own_numbers_first = 19'000;
constexpr std::int32_t own_numbers_last = 19'999;

Message* named(std::vector<Message>& messages, std::string_view name) {
    auto const found = std::ranges::find(messages, name, &Message::name);
    return found == messages.end() ? nullptr : &*found;
}

template <typename Each>
void each_field(Message& message, Each each) {
    for (auto& field : message.fields) each(field);
    for (auto& field : message.groups) each(field);
    for (auto& oneof : message.oneofs)
        for (auto& field : oneof.fields) each(field);
}

Message* nested(Message& message, std::string_view name) {
    if (auto* found = named(message.messages, name)) return found;
    Message* in_group = nullptr;
    each_field(message, [&](Field& field) {
        if (!field.group.empty() && field.group.front().name == name)
            in_group = &field.group.front();
    });
    return in_group;
}

Place among(std::vector<Field>& fields, std::int32_t number, Oneof* oneof) {
    auto const found = std::ranges::find(fields, number, &Field::number);
    if (found == fields.end()) return {};
    return {&fields, static_cast<std::size_t>(found - fields.begin()), oneof};
}

void free_again(std::vector<Reserved>& reserved, Field const& field) {
    for (auto& each : reserved) {
        std::erase(each.names, field.name);
        std::vector<Range> left;
        for (auto const& range : each.ranges) {
            if (field.number < range.first || field.number > range.last) {
                left.push_back(range);
                continue;
            }
            if (range.first < field.number) left.push_back({range.first, field.number - 1});
            if (field.number < range.last) left.push_back({field.number + 1, range.last});
        }
        each.ranges = std::move(left);
    }
    std::erase_if(reserved,
                  [](Reserved const& each) { return each.ranges.empty() && each.names.empty(); });
}

std::int32_t highest_number(Message const& message) {
    std::int32_t highest = 0;
    auto const meet = [&highest](std::int32_t number) {
        // What is reserved up to the end leaves room before it, but nobody can tell how much.
        if (number < field_number_max) highest = std::max(highest, number);
    };
    for (auto const& field : message.fields) meet(field.number);
    for (auto const& field : message.groups) meet(field.number);
    for (auto const& oneof : message.oneofs)
        for (auto const& field : oneof.fields) meet(field.number);
    for (auto const& reserved : message.reserved)
        for (auto const& range : reserved.ranges)
            meet(range.last == field_number_max ? range.first : range.last);
    for (auto const& extensions : message.extensions)
        for (auto const& range : extensions.ranges)
            meet(range.last == field_number_max ? range.first : range.last);
    return highest;
}

void each_type(Message& message, std::function<void(std::string&)> const& change);

void each_type(Field& field, std::function<void(std::string&)> const& change) {
    if (field.group.empty())
        change(field.type);
    else
        each_type(field.group.front(), change);
}

void each_type(Message& message, std::function<void(std::string&)> const& change) {
    each_field(message, [&](Field& field) { each_type(field, change); });
    for (auto& extend : message.extends) {
        change(extend.type);
        for (auto& field : extend.fields) each_type(field, change);
    }
    for (auto& each : message.messages) each_type(each, change);
}

}  // namespace

Message* find_message(File& file, std::span<std::string const> names) {
    if (names.empty()) return nullptr;
    auto* message = named(file.messages, names.front());
    for (auto const& name : names.subspan(1))
        if (message != nullptr) message = nested(*message, name);
    return message;
}

Enum* find_enum(File& file, std::span<std::string const> names) {
    if (names.empty()) return nullptr;
    auto* const scope = find_message(file, names.first(names.size() - 1));
    if (names.size() > 1 && scope == nullptr) return nullptr;
    auto& enums = scope == nullptr ? file.enums : scope->enums;
    auto const found = std::ranges::find(enums, names.back(), &Enum::name);
    return found == enums.end() ? nullptr : &*found;
}

Place find_field(Message& message, std::int32_t number) {
    if (auto const place = among(message.fields, number, nullptr)) return place;
    if (auto const place = among(message.groups, number, nullptr)) return place;
    for (auto& oneof : message.oneofs)
        if (auto const place = among(oneof.fields, number, &oneof)) return place;
    return {};
}

std::optional<Field> take_field(Message& message, std::int32_t number) {
    auto const place = find_field(message, number);
    if (!place) return std::nullopt;
    auto field = std::move(place.field());
    place.list->erase(place.list->begin() + static_cast<std::ptrdiff_t>(place.index));
    std::erase_if(message.oneofs, [](Oneof const& each) { return each.fields.empty(); });
    return field;
}

void put_field(Message& message, Field field, std::string const& oneof) {
    free_again(message.reserved, field);
    auto* list = field.group.empty() ? &message.fields : &message.groups;
    if (!oneof.empty()) {
        auto found = std::ranges::find(message.oneofs, oneof, &Oneof::name);
        if (found == message.oneofs.end())
            found = message.oneofs.insert(message.oneofs.end(), Oneof{.name = oneof});
        list = &found->fields;
    }
    auto const before =
        std::ranges::find_if(*list, [&](Field const& each) { return each.number > field.number; });
    list->insert(before, std::move(field));
}

void reserve(std::vector<Reserved>& reserved, std::int32_t number, std::string const& name) {
    reserved.push_back({.ranges = {{number, number}}});
    if (!name.empty()) reserved.push_back({.names = {name}});
}

std::optional<std::int32_t> free_number(Message const& a, Message const& b) {
    auto const highest = std::max(highest_number(a), highest_number(b));
    if (highest >= field_number_max - 1) return std::nullopt;
    auto const next = highest + 1;
    return next >= own_numbers_first && next <= own_numbers_last ? own_numbers_last + 1 : next;
}

std::string free_name(Message& message, std::string const& name) {
    std::set<std::string_view> taken;
    each_field(message, [&](Field& field) { taken.insert(field.name); });
    for (auto const& each : message.oneofs) taken.insert(each.name);
    for (auto const& each : message.messages) taken.insert(each.name);
    for (auto const& each : message.enums) taken.insert(each.name);
    for (auto const& each : message.reserved) taken.insert(each.names.begin(), each.names.end());
    if (!taken.contains(name)) return name;
    for (std::size_t i = 2;; ++i)
        if (auto candidate = fmt::format("{}_{}", name, i); !taken.contains(candidate))
            return candidate;
}

void each_type(File& file, std::function<void(std::string&)> const& change) {
    for (auto& message : file.messages) each_type(message, change);
    for (auto& extend : file.extends) {
        change(extend.type);
        for (auto& field : extend.fields) each_type(field, change);
    }
    for (auto& service : file.services)
        for (auto& method : service.methods) {
            change(method.request);
            change(method.response);
        }
}

std::string words(Field const& field) {
    static constexpr std::string_view labels[] = {"", "optional ", "required ", "repeated "};
    auto const type = !field.map_key.empty() ? fmt::format("map<{}, {}>", field.map_key, field.type)
                      : field.group.empty()  ? field.type
                                             : "group " + field.group.front().name;
    return fmt::format("{}{} {} = {}", labels[static_cast<std::size_t>(field.label)], type,
                       field.name, field.number);
}

}  // namespace klamm::schema::protobuf
