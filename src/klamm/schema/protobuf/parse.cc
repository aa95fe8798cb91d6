#include "klamm/base/base64.h"
#include "klamm/schema/protobuf/descriptors.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <limits>

namespace klamm::schema::protobuf {
namespace {

/// The library warns on stderr about schemas without syntax and the like; nobody asked it. Its
/// handler is one for the whole process.
void silence_library() { [[maybe_unused]] static auto const before = pb::SetLogHandler(nullptr); }

/// The first error is kept: what follows it is often its consequence.
class FirstError : public pb::io::ErrorCollector {
public:
    void AddError(int line, pb::io::ColumnNumber column, std::string const& message) override {
        if (!why.empty()) return;
        auto text = message;
        while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
        why = fmt::format("line {}, column {}: {}", line + 1, column + 1, text);
    }

    std::string why;
};

/// How deep brackets stand in each other; the library's parser recurses once for each.
int deepest_bracket(std::string_view text) {
    int depth = 0;
    int deepest = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '/' && text.substr(i, 2) == "//") {
            i = std::min(text.find('\n', i), text.size());
        } else if (c == '/' && text.substr(i, 2) == "/*") {
            auto const end = text.find("*/", i + 2);
            if (end == text.npos) break;
            i = end + 1;
        } else if (c == '"' || c == '\'') {
            for (++i; i < text.size() && text[i] != c && text[i] != '\n'; ++i)
                if (text[i] == '\\') ++i;
        } else if (c == '{' || c == '[' || c == '<') {
            deepest = std::max(deepest, ++depth);
        } else if ((c == '}' || c == ']' || c == '>') && depth > 0) {
            --depth;
        }
    }
    return deepest;
}

/// Whether the first word of the text is `edition`.
bool has_edition(std::string_view text) {
    pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    FirstError ignored;
    pb::io::Tokenizer tokens(&stream, &ignored);
    return tokens.Next() && tokens.current().text == "edition";
}

constexpr std::string_view editions_unsupported =
    "editions are not supported; write syntax = \"proto3\"; or syntax = \"proto2\";";

/// The library compares every reserved or extension range with every other and every field.
bool affordable(pb::DescriptorProto const& message) {
    auto const ranges = static_cast<std::uint64_t>(message.reserved_range_size()) +
                        static_cast<std::uint64_t>(message.extension_range_size());
    auto const fields = static_cast<std::uint64_t>(message.field_size());
    if (ranges * (ranges + fields) > range_comparisons_max) return false;
    for (auto const& each : message.enum_type()) {
        auto const reserved = static_cast<std::uint64_t>(each.reserved_range_size());
        auto const values = static_cast<std::uint64_t>(each.value_size());
        if (reserved * (reserved + values) > range_comparisons_max) return false;
    }
    return std::ranges::all_of(message.nested_type(), affordable);
}

bool affordable(pb::FileDescriptorProto const& file) {
    for (auto const& each : file.enum_type()) {
        auto const reserved = static_cast<std::uint64_t>(each.reserved_range_size());
        auto const values = static_cast<std::uint64_t>(each.value_size());
        if (reserved * (reserved + values) > range_comparisons_max) return false;
    }
    return std::ranges::all_of(file.message_type(),
                               [](pb::DescriptorProto const& each) { return affordable(each); });
}

constexpr std::string_view too_many_ranges =
    "a message or an enum has too many reserved or extension ranges; write neighbours as one range";

/// Whether anything has more than `limit` options that are still text.
bool has_more_options(pb::Message const& message, int limit) {
    auto const& reflection = *message.GetReflection();
    std::vector<pb::FieldDescriptor const*> fields;
    reflection.ListFields(message, &fields);
    for (auto const* field : fields) {
        auto const* type = field->message_type();
        if (type == nullptr || type == pb::SourceCodeInfo::descriptor()) continue;
        int const count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
        if (type == pb::UninterpretedOption::descriptor()) {
            if (count > limit) return true;
            continue;
        }
        for (int i = 0; i < count; ++i)
            if (has_more_options(field->is_repeated()
                                     ? reflection.GetRepeatedMessage(message, field, i)
                                     : reflection.GetMessage(message, field),
                                 limit))
                return true;
    }
    return false;
}

/// `option map_entry = true;` as text is how Confluent's registry prints maps that came to it as
/// descriptors. The library takes it only as what its own parser makes of map<K, V>.
void restore_map_entries(pb::DescriptorProto& message) {
    for (auto& nested : *message.mutable_nested_type()) restore_map_entries(nested);
    if (!message.has_options()) return;
    auto& options = *message.mutable_options()->mutable_uninterpreted_option();
    for (int i = 0; i < options.size(); ++i) {
        auto const& option = options.Get(i);
        if (option.name_size() != 1 || option.name(0).is_extension() ||
            option.name(0).name_part() != "map_entry" || option.identifier_value() != "true")
            continue;
        options.DeleteSubrange(i, 1);
        message.mutable_options()->set_map_entry(true);
        return;
    }
}

}  // namespace

std::expected<std::unique_ptr<ParsedFile>, SchemaError> parse_text(std::string_view text,
                                                                   std::string_view path) {
    silence_library();
    auto const refuse = [path](std::string why) {
        if (!path.empty()) why = fmt::format("in {}: {}", path, why);
        return std::unexpected(SchemaError{std::move(why)});
    };
    if (text.size() > text_bytes_max)
        return refuse(fmt::format("the text has {} bytes; at most {} are taken", text.size(),
                                  text_bytes_max));
    if (deepest_bracket(text) > nesting_max)
        return refuse(fmt::format("braces stand in each other more than {} deep", nesting_max));
    FirstError error;
    auto file = std::make_unique<ParsedFile>();
    file->text = text;
    try {
        pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
        pb::io::Tokenizer tokens(&stream, &error);
        pb::compiler::Parser parser;
        parser.RecordErrorsTo(&error);
        parser.RecordSourceLocationsTo(&file->places);
        bool const parsed = parser.Parse(&tokens, &file->proto);
        if (!parsed || !error.why.empty())
            return refuse(has_edition(text)   ? std::string(editions_unsupported)
                          : error.why.empty() ? std::string("the text is no .proto file")
                                              : error.why);
    } catch (std::exception const& thrown) {
        return refuse(thrown.what());
    }
    if (!affordable(file->proto)) return refuse(std::string(too_many_ranges));
    if (has_more_options(file->proto, options_max))
        return refuse(fmt::format("something has more than {} options", options_max));
    for (auto& message : *file->proto.mutable_message_type()) restore_map_entries(message);
    return file;
}

bool looks_like_base64(std::string_view text) {
    // No .proto file is without ; { or white space in a line, unless it is empty.
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/' || c == '=' || c == '\r' || c == '\n';
    });
}

std::expected<std::unique_ptr<ParsedFile>, SchemaError> parse_base64(std::string_view text) {
    silence_library();
    auto const refuse = [](std::string_view why) {
        return std::unexpected(SchemaError{std::string(why)});
    };
    if (text.size() > text_bytes_max)
        return refuse(fmt::format("the text has {} bytes; at most {} are taken", text.size(),
                                  text_bytes_max));
    auto const bytes = base64_decoded(text);
    if (!bytes) return refuse("the text is neither a .proto file nor base64");
    auto file = std::make_unique<ParsedFile>();
    if (!file->proto.ParseFromString(*bytes) || !file->proto.unknown_fields().empty()) {
        if (file->proto.syntax() == "editions") return refuse(editions_unsupported);
        return refuse("the text is base64, but of no FileDescriptorProto");
    }
    // Options as text have a grammar of their own to guard against.
    if (has_more_options(file->proto, 0))
        return refuse("the FileDescriptorProto has uninterpreted options; protoc writes none");
    if (!affordable(file->proto)) return refuse(too_many_ranges);
    file->proto.clear_source_code_info();
    return file;
}

}  // namespace klamm::schema::protobuf
