#include "klamm/schema/json/schema_of_json.h"

namespace klamm::schema::jsonschema {

std::vector<Mend> JsonSchema::mends(Schema const&, Difference const&, Breaks) const { return {}; }

}  // namespace klamm::schema::jsonschema
