#include "klamm/schema/schema.h"

#include "klamm/schema/avro/avro.h"
#include "klamm/schema/json/json_schema.h"
#include "klamm/schema/protobuf/protobuf.h"

#include <utility>

namespace klamm::schema {

std::string_view name_of(Type type) {
    switch (type) {
        case Type::avro:
            return "AVRO";
        case Type::protobuf:
            return "PROTOBUF";
        case Type::json:
            return "JSON";
    }
    std::unreachable();
}

std::optional<Type> type_named(std::string_view name) {
    for (auto const type : {Type::avro, Type::protobuf, Type::json})
        if (name == name_of(type)) return type;
    return std::nullopt;
}

std::expected<SchemaPtr, SchemaError> parse(Type type, std::string_view text,
                                            std::span<Reference const> references,
                                            ParseOptions options) {
    switch (type) {
        case Type::avro:
            return parse_avro(text, references, options);
        case Type::protobuf:
            return parse_protobuf(text, references, options);
        case Type::json:
            return parse_json_schema(text, references, options);
    }
    std::unreachable();
}

std::string worded(std::string_view description, std::string_view reader, std::string_view writer) {
    std::string text;
    std::string_view next = reader;
    for (auto at = description.find("%s"); at != description.npos; at = description.find("%s")) {
        text.append(description.substr(0, at)).append(next);
        description.remove_prefix(at + 2);
        next = writer;
    }
    return text.append(description);
}

}  // namespace klamm::schema
