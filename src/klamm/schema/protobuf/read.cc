// From the descriptor that the library's parser made back to what the author wrote.
#include "klamm/schema/protobuf/descriptors.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/strutil.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace klamm::schema::protobuf {
namespace {

using Path = std::vector<int>;
using FieldProto = pb::FieldDescriptorProto;

/// How many members of a list were written in one statement. `reserved 1, 2; reserved 3;` is one
/// list in the descriptor; the places of the words tell the statements apart.
class Statements {
public:
    struct Statement {
        std::size_t order = 0;  ///< among all statements of the file
        int members = 0;
    };

    explicit Statements(pb::SourceCodeInfo const& info) {
        std::size_t order = 0;
        for (auto const& location : info.location()) {
            Path path(location.path().begin(), location.path().end());
            if (path.size() % 2 != 0) {
                of_[path].push_back({order++, 0});
                continue;
            }
            if (path.empty()) continue;
            path.pop_back();
            if (auto const found = of_.find(path); found != of_.end())
                ++found->second.back().members;
        }
    }

    /// `count` members of the list at `path`; when nobody knows, each was written alone.
    std::vector<Statement> at(Path const& path, int count) const {
        std::vector<Statement> known;
        int sum = 0;
        if (auto const found = of_.find(path); found != of_.end())
            for (auto const& each : found->second) {
                sum += each.members;
                if (each.members > 0) known.push_back(each);
            }
        if (sum == count) return known;
        return std::vector<Statement>(static_cast<std::size_t>(count), Statement{0, 1});
    }

private:
    std::map<Path, std::vector<Statement>> of_;
};

std::string_view last_name(std::string_view name) {
    auto const dot = name.rfind('.');
    return dot == name.npos ? name : name.substr(dot + 1);
}

/// Messages beside each other, of which a field may have the body of a group or the types of a map.
class Siblings {
public:
    Siblings(pb::RepeatedPtrField<pb::DescriptorProto> const& list, Path path)
        : list_(list), path_(std::move(path)) {
        for (int i = 0; i < list.size(); ++i) by_name_.emplace(list.Get(i).name(), i);
    }

    /// The message that `field` names, with its path; null: none of these.
    pb::DescriptorProto const* named_by(FieldProto const& field, Path* path = nullptr) const {
        auto const found = by_name_.find(last_name(field.type_name()));
        if (found == by_name_.end()) return nullptr;
        if (path != nullptr) {
            *path = path_;
            path->push_back(found->second);
        }
        return &list_.Get(found->second);
    }

private:
    pb::RepeatedPtrField<pb::DescriptorProto> const& list_;
    Path path_;
    std::unordered_map<std::string_view, int> by_name_;
};

class Reader {
public:
    Reader(ParsedFile const& file, Definitions const& definitions)
        : file_(file.proto),
          definitions_(definitions),
          statements_(file.proto.source_code_info()),
          numbers_(written_numbers(file)) {}

    File read();

private:
    Message message(pb::DescriptorProto const& proto, Path const& path);
    Enum enumeration(pb::EnumDescriptorProto const& proto, Path const& path);
    Field field(FieldProto const& proto, Siblings const& siblings);
    std::vector<Extend> extends(pb::RepeatedPtrField<FieldProto> const& fields, Path const& path,
                                Siblings const& siblings);
    Service service(pb::ServiceDescriptorProto const& proto);
    template <typename Proto>
    std::vector<Reserved> reserved(Proto const& proto, Path const& path, int ranges_number,
                                   int names_number, int last_excluded);
    template <typename Proto>
    std::vector<Option> options(Proto const& proto) {
        if (!proto.has_options()) return {};
        return to_options(proto.options(), definitions_, numbers_);
    }
    bool proto3() const { return file_.syntax() == "proto3"; }

    pb::FileDescriptorProto const& file_;
    Definitions const& definitions_;
    Statements statements_;
    WrittenNumbers numbers_;
};

Path inside(Path path, int number) {
    path.push_back(number);
    return path;
}
Path inside(Path path, int number, int index) {
    path.push_back(number);
    path.push_back(index);
    return path;
}

/// The entry that the library's parser made of map<K, V>; null: this is no map.
pb::DescriptorProto const* map_entry(FieldProto const& field, Siblings const& siblings) {
    if (field.label() != FieldProto::LABEL_REPEATED || field.type_name().empty()) return nullptr;
    auto const* entry = siblings.named_by(field);
    return entry != nullptr && entry->options().map_entry() && entry->field_size() == 2 ? entry
                                                                                        : nullptr;
}

std::string type_of(FieldProto const& field) {
    if (!field.type_name().empty()) return field.type_name();
    static constexpr std::string_view names[] = {
        "",        "double",   "float",    "int64",  "uint64", "int32", "fixed64",
        "fixed32", "bool",     "string",   "group",  "",       "bytes", "uint32",
        "",        "sfixed32", "sfixed64", "sint32", "sint64"};
    return std::string(names[field.type()]);
}

Option special(std::string name, OptionValue::Kind kind, std::string text) {
    return {.name = {{std::move(name), false}}, .value = {.kind = kind, .text = std::move(text)}};
}

void append_default(FieldProto const& field, WrittenNumbers const& numbers,
                    std::vector<Option>& options) {
    using enum OptionValue::Kind;
    if (!field.has_default_value()) return;
    if (field.type() == FieldProto::TYPE_STRING && field.has_type())
        options.push_back(special("default", text, field.default_value()));
    else if (field.type() == FieldProto::TYPE_BYTES && field.has_type())
        options.push_back(
            special("default", text, pb::UnescapeCEscapeString(field.default_value())));
    else if (auto const found = numbers.find(&field); found != numbers.end())
        options.push_back(special("default", word, found->second));
    else
        options.push_back(special("default", word, field.default_value()));
}

Field Reader::field(FieldProto const& proto, Siblings const& siblings) {
    Field field{.type = type_of(proto), .name = proto.name(), .number = proto.number()};
    field.options = options(proto);
    append_default(proto, numbers_, field.options);
    if (proto.has_json_name())
        field.options.push_back(special("json_name", OptionValue::Kind::text, proto.json_name()));
    if (auto const* entry = map_entry(proto, siblings)) {
        bool const in_order = entry->field(0).number() == 1;
        field.map_key = type_of(entry->field(in_order ? 0 : 1));
        field.type = type_of(entry->field(in_order ? 1 : 0));
        return field;
    }
    if (proto.label() == FieldProto::LABEL_REPEATED)
        field.label = Label::repeated;
    else if (proto.label() == FieldProto::LABEL_REQUIRED)
        field.label = Label::required;
    else if (proto.proto3_optional() || (!proto3() && !proto.has_oneof_index()))
        field.label = Label::optional;
    Path path;
    if (proto.type() == FieldProto::TYPE_GROUP && proto.has_type())
        if (auto const* body = siblings.named_by(proto, &path))
            field.group.push_back(message(*body, path));
    return field;
}

template <typename Proto>
std::vector<Reserved> Reader::reserved(Proto const& proto, Path const& path, int ranges_number,
                                       int names_number, int last_excluded) {
    std::vector<std::pair<std::size_t, Reserved>> ordered;
    int next = 0;
    for (auto const& statement :
         statements_.at(inside(path, ranges_number), proto.reserved_range_size())) {
        Reserved reserved;
        for (int i = 0; i < statement.members; ++i, ++next)
            reserved.ranges.push_back({proto.reserved_range(next).start(),
                                       proto.reserved_range(next).end() - last_excluded});
        ordered.emplace_back(statement.order, std::move(reserved));
    }
    next = 0;
    for (auto const& statement :
         statements_.at(inside(path, names_number), proto.reserved_name_size())) {
        Reserved reserved;
        for (int i = 0; i < statement.members; ++i, ++next)
            reserved.names.push_back(proto.reserved_name(next));
        ordered.emplace_back(statement.order, std::move(reserved));
    }
    std::ranges::stable_sort(ordered, {}, [](auto const& each) { return each.first; });
    std::vector<Reserved> all;
    for (auto& each : ordered) all.push_back(std::move(each.second));
    return all;
}

std::vector<Extend> Reader::extends(pb::RepeatedPtrField<FieldProto> const& fields,
                                    Path const& path, Siblings const& siblings) {
    std::vector<Extend> all;
    int next = 0;
    for (auto const& statement : statements_.at(path, fields.size()))
        for (int i = 0; i < statement.members; ++i, ++next) {
            auto const& proto = fields.Get(next);
            if (i == 0) all.push_back({.type = proto.extendee()});
            all.back().fields.push_back(field(proto, siblings));
        }
    return all;
}

Message Reader::message(pb::DescriptorProto const& proto, Path const& path) {
    using D = pb::DescriptorProto;
    Message message{.name = proto.name()};
    message.reserved =
        reserved(proto, path, D::kReservedRangeFieldNumber, D::kReservedNameFieldNumber, 1);
    message.options = options(proto);
    for (auto const& each : proto.oneof_decl())
        message.oneofs.push_back({.name = each.name(), .options = options(each)});

    Siblings const siblings(proto.nested_type(), inside(path, D::kNestedTypeFieldNumber));
    std::set<std::string_view> elsewhere;  // nested types that are printed with their field
    for (auto const& each : proto.field()) {
        auto read = field(each, siblings);
        if (!read.map_key.empty() || !read.group.empty())
            elsewhere.insert(last_name(each.type_name()));
        auto& to = each.has_oneof_index() && !each.proto3_optional()
                       ? message.oneofs.at(static_cast<std::size_t>(each.oneof_index())).fields
                   : read.group.empty() ? message.fields
                                        : message.groups;
        to.push_back(std::move(read));
    }
    // A proto3 optional field has a oneof of its own, which nobody wrote.
    std::erase_if(message.oneofs, [](Oneof const& each) { return each.fields.empty(); });

    int next = 0;
    for (auto const& statement : statements_.at(inside(path, D::kExtensionRangeFieldNumber),
                                                proto.extension_range_size())) {
        Extensions extensions{.options = options(proto.extension_range(next))};
        for (int i = 0; i < statement.members; ++i, ++next)
            extensions.ranges.push_back(
                {proto.extension_range(next).start(), proto.extension_range(next).end() - 1});
        message.extensions.push_back(std::move(extensions));
    }
    message.extends = extends(proto.extension(), inside(path, D::kExtensionFieldNumber), siblings);
    for (auto const& extend : message.extends)
        for (auto const& each : extend.fields)
            if (!each.group.empty()) elsewhere.insert(each.group.front().name);
    for (int i = 0; i < proto.nested_type_size(); ++i)
        if (!elsewhere.contains(proto.nested_type(i).name()))
            message.messages.push_back(
                this->message(proto.nested_type(i), inside(path, D::kNestedTypeFieldNumber, i)));
    for (int i = 0; i < proto.enum_type_size(); ++i)
        message.enums.push_back(
            enumeration(proto.enum_type(i), inside(path, D::kEnumTypeFieldNumber, i)));
    return message;
}

Enum Reader::enumeration(pb::EnumDescriptorProto const& proto, Path const& path) {
    using D = pb::EnumDescriptorProto;
    Enum type{.name = proto.name()};
    type.reserved =
        reserved(proto, path, D::kReservedRangeFieldNumber, D::kReservedNameFieldNumber, 0);
    type.options = options(proto);
    for (auto const& each : proto.value())
        type.constants.push_back(
            {.name = each.name(), .number = each.number(), .options = options(each)});
    return type;
}

Service Reader::service(pb::ServiceDescriptorProto const& proto) {
    Service service{.name = proto.name(), .options = options(proto)};
    for (auto const& each : proto.method())
        service.methods.push_back({.name = each.name(),
                                   .request = each.input_type(),
                                   .response = each.output_type(),
                                   .streams_requests = each.client_streaming(),
                                   .streams_responses = each.server_streaming(),
                                   .options = options(each)});
    return service;
}

File Reader::read() {
    using D = pb::FileDescriptorProto;
    File file{.syntax = file_.syntax(), .package = file_.package()};
    std::set<int> const for_all(file_.public_dependency().begin(), file_.public_dependency().end());
    std::set<int> const weak(file_.weak_dependency().begin(), file_.weak_dependency().end());
    for (int i = 0; i < file_.dependency_size(); ++i) {
        auto& to = for_all.contains(i) ? file.public_imports
                   : weak.contains(i)  ? file.weak_imports
                                       : file.imports;
        to.push_back(file_.dependency(i));
    }
    file.options = options(file_);
    Siblings const siblings(file_.message_type(), {D::kMessageTypeFieldNumber});
    file.extends = extends(file_.extension(), {D::kExtensionFieldNumber}, siblings);
    std::set<std::string_view> groups;
    for (auto const& extend : file.extends)
        for (auto const& each : extend.fields)
            if (!each.group.empty()) groups.insert(each.group.front().name);
    for (int i = 0; i < file_.message_type_size(); ++i)
        if (!groups.contains(file_.message_type(i).name()))
            file.messages.push_back(
                message(file_.message_type(i), {D::kMessageTypeFieldNumber, i}));
    for (int i = 0; i < file_.enum_type_size(); ++i)
        file.enums.push_back(enumeration(file_.enum_type(i), {D::kEnumTypeFieldNumber, i}));
    for (auto const& each : file_.service()) file.services.push_back(service(each));
    return file;
}

}  // namespace

File to_syntax(ParsedFile const& file, Definitions const& definitions) {
    return Reader(file, definitions).read();
}

}  // namespace klamm::schema::protobuf
