// Options, as the two ways in which a descriptor has them: still as text, or as messages whose
// custom fields only the schema's own definitions can name.
#include "klamm/schema/protobuf/descriptors.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/strutil.h>

#include <algorithm>
#include <array>
#include <unordered_map>

namespace klamm::schema::protobuf {
namespace {

using Kind = OptionValue::Kind;

OptionValue word(std::string text) { return {.kind = Kind::word, .text = std::move(text)}; }

/// A member that comes twice becomes a list: that is how a repeated field may be written.
void append(OptionValue& before, OptionValue value) {
    if (before.kind != Kind::list) {
        OptionValue list{.kind = Kind::list};
        list.items.push_back(std::move(before));
        before = std::move(list);
    }
    if (value.kind == Kind::list)
        before.items.insert(before.items.end(), value.items.begin(), value.items.end());
    else
        before.items.push_back(std::move(value));
}

// ---- from text --------------------------------------------------------------------------------

class Quiet : public pb::io::ErrorCollector {
public:
    void AddError(int, pb::io::ColumnNumber, std::string const&) override {}
};

/// Reads what stands between the braces of `option (a) = { ... };`. The library has checked it
/// against the option's type already, so here everything is taken.
class AggregateReader {
public:
    explicit AggregateReader(std::string const& text)
        : stream_(text.data(), static_cast<int>(text.size())), tokens_(&stream_, &quiet_) {
        // As the library reads it: all on one line, and # makes a comment of the rest.
        tokens_.set_comment_style(pb::io::Tokenizer::SH_COMMENT_STYLE);
        tokens_.Next();
    }

    OptionValue map(std::string_view closing) {
        OptionValue map{.kind = Kind::map};
        std::unordered_map<std::string, std::size_t> places;
        while (!at_end() && !take(closing)) {
            auto name = key();
            take(":");
            auto const [place, is_new] = places.emplace(name, map.members.size());
            if (is_new)
                map.members.emplace_back(std::move(name), value());
            else
                append(map.members[place->second].second, value());
            if (!take(",")) take(";");
        }
        return map;
    }

private:
    bool at_end() { return tokens_.current().type == pb::io::Tokenizer::TYPE_END; }
    bool at(std::string_view text) { return tokens_.current().text == text; }
    bool take(std::string_view text) {
        if (text.empty() || !at(text)) return false;
        tokens_.Next();
        return true;
    }
    std::string next() {
        auto text = tokens_.current().text;
        tokens_.Next();
        return text;
    }

    std::string key() {
        if (!at("[")) return next();
        std::string name;
        while (!at_end() && !at("]")) name += next();
        take("]");
        return name + "]";
    }

    OptionValue value() {
        if (take("{")) return map("}");
        if (take("<")) return map(">");
        if (take("[")) {
            OptionValue list{.kind = Kind::list};
            while (!at_end() && !take("]")) {
                list.items.push_back(value());
                take(",");
            }
            return list;
        }
        if (tokens_.current().type == pb::io::Tokenizer::TYPE_STRING) {
            OptionValue text{.kind = Kind::text};
            while (tokens_.current().type == pb::io::Tokenizer::TYPE_STRING)
                pb::io::Tokenizer::ParseStringAppend(next(), &text.text);
            return text;
        }
        std::string sign = take("-") ? "-" : "";
        return word(sign + next());
    }

    Quiet quiet_;
    pb::io::ArrayInputStream stream_;
    pb::io::Tokenizer tokens_;
};

OptionValue value_of(pb::UninterpretedOption const& option, WrittenNumbers const& numbers) {
    if (auto const found = numbers.find(&option); found != numbers.end())
        return word(found->second);
    if (option.has_identifier_value()) return word(option.identifier_value());
    if (option.has_positive_int_value()) return word(std::to_string(option.positive_int_value()));
    if (option.has_negative_int_value()) return word(std::to_string(option.negative_int_value()));
    if (option.has_double_value()) return word(pb::SimpleDtoa(option.double_value()));
    if (option.has_string_value()) return {.kind = Kind::text, .text = option.string_value()};
    return AggregateReader(option.aggregate_value()).map("");
}

Option to_option(pb::UninterpretedOption const& option, WrittenNumbers const& numbers) {
    Option read;
    for (auto const& part : option.name())
        read.name.push_back({part.name_part(), part.is_extension()});
    read.value = value_of(option, numbers);
    return read;
}

// ---- from messages ----------------------------------------------------------------------------

OptionValue map_of(pb::Message const& message);

OptionValue scalar_of(pb::Message const& message, pb::FieldDescriptor const* field, int i) {
    auto const& reflection = *message.GetReflection();
    bool const many = field->is_repeated();
    using Cpp = pb::FieldDescriptor::CppType;
    switch (field->cpp_type()) {
        case Cpp::CPPTYPE_INT32:
            return word(std::to_string(many ? reflection.GetRepeatedInt32(message, field, i)
                                            : reflection.GetInt32(message, field)));
        case Cpp::CPPTYPE_INT64:
            return word(std::to_string(many ? reflection.GetRepeatedInt64(message, field, i)
                                            : reflection.GetInt64(message, field)));
        case Cpp::CPPTYPE_UINT32:
            return word(std::to_string(many ? reflection.GetRepeatedUInt32(message, field, i)
                                            : reflection.GetUInt32(message, field)));
        case Cpp::CPPTYPE_UINT64:
            return word(std::to_string(many ? reflection.GetRepeatedUInt64(message, field, i)
                                            : reflection.GetUInt64(message, field)));
        case Cpp::CPPTYPE_DOUBLE:
            return word(pb::SimpleDtoa(many ? reflection.GetRepeatedDouble(message, field, i)
                                            : reflection.GetDouble(message, field)));
        case Cpp::CPPTYPE_FLOAT:
            return word(pb::SimpleFtoa(many ? reflection.GetRepeatedFloat(message, field, i)
                                            : reflection.GetFloat(message, field)));
        case Cpp::CPPTYPE_BOOL:
            return word((many ? reflection.GetRepeatedBool(message, field, i)
                              : reflection.GetBool(message, field))
                            ? "true"
                            : "false");
        case Cpp::CPPTYPE_ENUM:
            return word((many ? reflection.GetRepeatedEnum(message, field, i)
                              : reflection.GetEnum(message, field))
                            ->name());
        case Cpp::CPPTYPE_STRING:
            return {.kind = Kind::text,
                    .text = many ? reflection.GetRepeatedString(message, field, i)
                                 : reflection.GetString(message, field)};
        case Cpp::CPPTYPE_MESSAGE:
            return map_of(many ? reflection.GetRepeatedMessage(message, field, i)
                               : reflection.GetMessage(message, field));
    }
    return {};
}

std::string key_of(pb::FieldDescriptor const* field) {
    if (field->is_extension()) return "[" + field->full_name() + "]";
    return field->type() == pb::FieldDescriptor::TYPE_GROUP ? field->message_type()->name()
                                                            : field->name();
}

OptionValue map_of(pb::Message const& message) {
    OptionValue map{.kind = Kind::map};
    std::vector<pb::FieldDescriptor const*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (auto const* field : fields) {
        if (!field->is_repeated()) {
            map.members.emplace_back(key_of(field), scalar_of(message, field, 0));
            continue;
        }
        OptionValue list{.kind = Kind::list};
        for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i)
            list.items.push_back(scalar_of(message, field, i));
        map.members.emplace_back(key_of(field), std::move(list));
    }
    return map;
}

/// The order in which Confluent's registry lists a file's own options, by their numbers.
std::size_t rank_of(pb::FieldDescriptor const* field) {
    static constexpr std::array order{1,  8,  10, 20, 27, 9,  11, 16, 17, 18,
                                      23, 31, 36, 37, 39, 40, 41, 44, 45};
    if (field->containing_type()->name() != "FileOptions" || field->is_extension())
        return order.size() + static_cast<std::size_t>(field->number());
    return static_cast<std::size_t>(std::ranges::find(order, field->number()) - order.begin());
}

/// The options that are no text any more. `options` knows no custom ones: their bytes are read
/// again as the type that the schema's definitions have for it.
void append_interpreted(pb::Message const& options, Definitions const& definitions,
                        std::vector<Option>& to) {
    auto const* type =
        definitions.pool().FindMessageTypeByName(options.GetDescriptor()->full_name());
    if (type == nullptr) return;
    auto const bytes = options.SerializePartialAsString();
    std::unique_ptr<pb::Message> known(definitions.factory().GetPrototype(type)->New());
    pb::io::CodedInputStream stream(reinterpret_cast<std::uint8_t const*>(bytes.data()),
                                    static_cast<int>(bytes.size()));
    stream.SetExtensionRegistry(&definitions.pool(), &definitions.factory());
    if (!known->ParsePartialFromCodedStream(&stream)) return;

    std::vector<pb::FieldDescriptor const*> fields;
    known->GetReflection()->ListFields(*known, &fields);
    std::ranges::stable_sort(fields, {}, rank_of);
    for (auto const* field : fields) {
        if (field->name() == "uninterpreted_option" || field->name() == "map_entry") continue;
        int const count =
            field->is_repeated() ? known->GetReflection()->FieldSize(*known, field) : 1;
        auto const& name = field->is_extension() ? field->full_name() : field->name();
        for (int i = 0; i < count; ++i)
            to.push_back(
                {.name = {{name, field->is_extension()}}, .value = scalar_of(*known, field, i)});
    }
}

}  // namespace

std::vector<Option> to_options(pb::Message const& options, Definitions const& definitions,
                               WrittenNumbers const& numbers) {
    std::vector<Option> read;
    auto const& reflection = *options.GetReflection();
    auto const* as_text = options.GetDescriptor()->FindFieldByName("uninterpreted_option");
    std::vector<pb::FieldDescriptor const*> fields;
    reflection.ListFields(options, &fields);
    std::erase(fields, as_text);
    if (!fields.empty() || !reflection.GetUnknownFields(options).empty())
        append_interpreted(options, definitions, read);
    for (int i = 0; i < reflection.FieldSize(options, as_text); ++i)
        read.push_back(to_option(static_cast<pb::UninterpretedOption const&>(
                                     reflection.GetRepeatedMessage(options, as_text, i)),
                                 numbers));
    return read;
}

}  // namespace klamm::schema::protobuf
