#include "klamm/schema/protobuf/protobuf.h"

namespace klamm::schema {

std::expected<SchemaPtr, SchemaError> parse_protobuf(std::string_view, std::span<Reference const>,
                                                     ParseOptions) {
    return std::unexpected(SchemaError{"not built yet"});
}

}  // namespace klamm::schema
