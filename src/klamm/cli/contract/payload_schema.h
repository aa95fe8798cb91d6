// cli/contract/payload_schema.h - the schema of a message, by itself: in AsyncAPI documents it may
// be spread over the document and over files.
#pragma once

#include "klamm/cli/contract/asyncapi.h"

namespace klamm::cli {

struct PayloadSchema {
    schema::Type type{};
    std::string text;
    std::string pointer;  ///< where it is written
};

/// `payload` as it stands at `pointer`. JSON Schema: what is referred to comes along, under
/// definitions. The error says what was wrong, and where.
[[nodiscard]] std::expected<PayloadSchema, Problem> payload_schema(json::Value const& document,
                                                                   json::Value const& payload,
                                                                   std::string pointer,
                                                                   Load const& load);

}  // namespace klamm::cli
