// schema/json/metaschemas.h - the rules of each draft as schemas, for those who refer to them.
//
// Written from the specifications; what is only said for people is left out.
#pragma once

#include "klamm/schema/json/dialect.h"

#include <optional>
#include <string_view>

namespace klamm::schema::jsonschema {

struct Metaschema {
    std::string_view text;
    Draft draft;
};

/// The metaschema, or vocabulary of one, with this address, http or https, without a fragment.
std::optional<Metaschema> metaschema_at(std::string_view uri);

}  // namespace klamm::schema::jsonschema
