// normalize=true: two texts that mean the same become the same. Names in full, everything sorted
// that has no order of its own; messages stay where they are, because payloads name them by their
// index.
#include "klamm/schema/protobuf/descriptors.h"

#include <google/protobuf/stubs/strutil.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace klamm::schema::protobuf {
namespace {

class Normalizer {
public:
    explicit Normalizer(Definitions const& definitions) : definitions_(definitions) {}

    void file(File& file);

private:
    void message(Message& message, pb::Descriptor const& type);
    void enumeration(Enum& type);
    void field(Field& field, pb::FieldDescriptor const* descriptor);
    void fields(std::vector<Field>& fields, pb::Descriptor const& type);
    template <typename Find>
    void extends(std::vector<Extend>& extends, Find find);
    /// `scope`: the full name inside which the options stand.
    void options(std::vector<Option>& options, std::string const& scope);
    pb::FieldDescriptor const* extension(std::string const& name, std::string scope) const;

    Definitions const& definitions_;
};

/// 1.0 as 1, 0x10 as 16.
void simplify_number(std::string& text) {
    auto const digit = text.starts_with('-') ? 1U : 0U;
    if (text.size() <= digit || text[digit] < '0' || text[digit] > '9') return;
    if (text.find_first_not_of("0123456789", digit) == text.npos) return;
    if (text.find_first_of("xX") == text.npos)
        text = pb::SimpleDtoa(std::strtod(text.c_str(), nullptr));
    else
        text = text.substr(0, digit) +
               std::to_string(std::strtoull(text.c_str() + digit, nullptr, 16));
}

void sort_value(OptionValue& value) {
    if (value.kind == OptionValue::Kind::word) simplify_number(value.text);
    for (auto& [key, member] : value.members) {
        sort_value(member);
        if (member.kind == OptionValue::Kind::list && member.items.size() == 1) {
            auto only = std::move(member.items.front());
            member = std::move(only);
        }
    }
    for (auto& item : value.items) sort_value(item);
    std::erase_if(value.members, [](auto const& each) {
        return each.second.kind == OptionValue::Kind::list && each.second.items.empty();
    });
    std::ranges::stable_sort(value.members, {}, [](auto const& each) { return each.first; });
}

/// (a).b.c = 1 says the same as (a) = {b: {c: 1}}.
void nest(Option& option) {
    if (!option.name.front().custom) return;
    while (option.name.size() > 1) {
        auto const part = std::move(option.name.back());
        option.name.pop_back();
        OptionValue map{.kind = OptionValue::Kind::map};
        map.members.emplace_back(part.custom ? "[" + part.name + "]" : part.name,
                                 std::move(option.value));
        option.value = std::move(map);
    }
}

void merge(OptionValue& into, OptionValue from) {
    if (into.kind != OptionValue::Kind::map || from.kind != OptionValue::Kind::map) {
        into = std::move(from);
        return;
    }
    for (auto& [key, value] : from.members) {
        auto const same = std::ranges::find(
            into.members, key, [](auto const& each) -> std::string const& { return each.first; });
        if (same == into.members.end())
            into.members.emplace_back(key, std::move(value));
        else
            merge(same->second, std::move(value));
    }
}

/// Scopes from the inside out, as the language looks names up.
pb::FieldDescriptor const* Normalizer::extension(std::string const& name, std::string scope) const {
    if (name.starts_with('.')) return definitions_.pool().FindExtensionByName(name.substr(1));
    while (true) {
        auto const full = scope.empty() ? name : scope + "." + name;
        if (auto const* found = definitions_.pool().FindExtensionByName(full)) return found;
        if (scope.empty()) return nullptr;
        auto const dot = scope.rfind('.');
        scope.resize(dot == scope.npos ? 0 : dot);
    }
}

void Normalizer::options(std::vector<Option>& options, std::string const& scope) {
    std::vector<Option> merged;
    for (auto& option : options) {
        nest(option);
        auto& name = option.name.front();
        auto const* found = name.custom ? extension(name.name, scope) : nullptr;
        if (found != nullptr) name.name = found->full_name();
        auto const same = std::ranges::find(merged, option.name, &Option::name);
        if (found != nullptr && !found->is_repeated() && same != merged.end())
            merge(same->value, std::move(option.value));
        else
            merged.push_back(std::move(option));
    }
    for (auto& option : merged) sort_value(option.value);
    std::ranges::stable_sort(merged, {}, [](Option const& each) {
        std::string name;
        for (auto const& part : each.name) name += "." + part.name;
        return name;
    });
    options = std::move(merged);
}

void sort_reserved(std::vector<Reserved>& reserved) {
    std::vector<Reserved> singles;
    for (auto const& each : reserved) {
        for (auto const& range : each.ranges) singles.push_back({.ranges = {range}});
        for (auto const& name : each.names) singles.push_back({.names = {name}});
    }
    std::ranges::stable_sort(singles, {}, [](Reserved const& each) {
        bool const is_name = each.ranges.empty();
        return std::tuple(is_name, is_name ? 0 : each.ranges.front().first,
                          is_name ? each.names.front() : std::string());
    });
    reserved = std::move(singles);
}

void Normalizer::enumeration(Enum& type) {
    sort_reserved(type.reserved);
    std::ranges::stable_sort(type.constants, {}, [](Constant const& each) {
        // The first constant of a proto3 enum must be 0, so the negative ones come last.
        return std::tuple(each.number < 0, each.number, each.name);
    });
}

std::string full_type(pb::FieldDescriptor const& field) {
    if (auto const* type = field.message_type()) return "." + type->full_name();
    if (auto const* type = field.enum_type()) return "." + type->full_name();
    return field.type_name();
}

void Normalizer::field(Field& field, pb::FieldDescriptor const* descriptor) {
    if (descriptor == nullptr) return;
    options(field.options, descriptor->full_name());
    if (!field.group.empty()) {
        message(field.group.front(), *descriptor->message_type());
    } else {
        field.type = full_type(field.map_key.empty() ? *descriptor
                                                     : *descriptor->message_type()->map_value());
    }
}

void Normalizer::fields(std::vector<Field>& fields, pb::Descriptor const& type) {
    for (auto& each : fields) field(each, type.FindFieldByNumber(each.number));
    std::ranges::stable_sort(fields, {}, &Field::number);
}

template <typename Find>
void Normalizer::extends(std::vector<Extend>& extends, Find find) {
    std::vector<Extend> grouped;
    for (auto& extend : extends)
        for (auto& each : extend.fields) {
            auto const name = each.group.empty() ? each.name : [&] {
                auto lower = each.group.front().name;
                for (char& c : lower)
                    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
                return lower;
            }();
            pb::FieldDescriptor const* const descriptor = find(name);
            if (descriptor == nullptr) continue;
            field(each, descriptor);
            auto const type = "." + descriptor->containing_type()->full_name();
            auto same = std::ranges::find(grouped, type, &Extend::type);
            if (same == grouped.end()) same = grouped.insert(same, Extend{.type = type});
            same->fields.push_back(std::move(each));
        }
    for (auto& each : grouped) std::ranges::stable_sort(each.fields, {}, &Field::number);
    extends = std::move(grouped);
}

void Normalizer::message(Message& message, pb::Descriptor const& type) {
    sort_reserved(message.reserved);
    options(message.options, type.full_name());
    fields(message.fields, type);
    fields(message.groups, type);
    for (auto& oneof : message.oneofs) {
        options(oneof.options, type.full_name());
        fields(oneof.fields, type);
    }
    std::ranges::stable_sort(message.oneofs, {},
                             [](Oneof const& each) { return each.fields.front().number; });
    std::vector<Extensions> singles;
    for (auto& each : message.extensions) {
        options(each.options, type.full_name());
        for (auto const& range : each.ranges)
            singles.push_back({.ranges = {range}, .options = each.options});
    }
    std::ranges::stable_sort(singles, {},
                             [](Extensions const& each) { return each.ranges.front().first; });
    message.extensions = std::move(singles);
    extends(message.extends,
            [&](std::string const& name) { return type.FindExtensionByName(name); });
    for (auto& each : message.messages)
        if (auto const* nested = type.FindNestedTypeByName(each.name)) this->message(each, *nested);
    for (auto& each : message.enums) {
        enumeration(each);
        auto const scope = type.full_name() + "." + each.name;
        options(each.options, scope);
        for (auto& constant : each.constants) options(constant.options, type.full_name());
    }
}

void Normalizer::file(File& file) {
    auto const& own = definitions_.file();
    if (file.syntax == "proto2") file.syntax.clear();
    for (auto* imports : {&file.imports, &file.public_imports, &file.weak_imports}) {
        std::ranges::sort(*imports);
        imports->erase(std::ranges::unique(*imports).begin(), imports->end());
    }
    options(file.options, file.package);
    for (auto& each : file.messages)
        if (auto const* type = own.FindMessageTypeByName(each.name)) message(each, *type);
    for (auto& each : file.enums) {
        enumeration(each);
        options(each.options, file.package);
        for (auto& constant : each.constants) options(constant.options, file.package);
    }
    extends(file.extends, [&](std::string const& name) { return own.FindExtensionByName(name); });
    for (auto& each : file.services) {
        options(each.options, file.package);
        auto const* service = own.FindServiceByName(each.name);
        for (auto& method : each.methods) {
            options(method.options, file.package);
            auto const* found = service->FindMethodByName(method.name);
            method.request = "." + found->input_type()->full_name();
            method.response = "." + found->output_type()->full_name();
        }
    }
}

}  // namespace

File normalized(File file, Definitions const& definitions) {
    Normalizer(definitions).file(file);
    return file;
}

}  // namespace klamm::schema::protobuf
