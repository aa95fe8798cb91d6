// fuzz/fuzz_avro_payload.cc - any bytes as a value of one of a few schemas: check and to_json
// agree, what is shown can be built again, and reading with another schema ends.
#include "klamm/base/ensure.h"
#include "klamm/schema/schema.h"

#include <cstdint>
#include <vector>

using namespace klamm;

namespace {

std::vector<schema::SchemaPtr> const& schemas() {
    static auto const all = [] {
        std::vector<schema::SchemaPtr> parsed;
        for (auto const* text : {
                 R"({"type":"record","name":"L","fields":[{"name":"v","type":"int"},
                     {"name":"next","type":["null","L"],"default":null}]})",
                 R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"],
                     "default":null},{"name":"v","type":["double","string"]},
                     {"name":"w","type":"string","default":"x"}]})",
                 R"(["null","boolean","int","long","float","double","bytes","string",
                     {"type":"enum","name":"E","symbols":["A","B"],"default":"A"},
                     {"type":"fixed","name":"F","size":3},{"type":"array","items":"string"},
                     {"type":"map","values":["null","bytes"]}])",
                 R"(["null","string","double",{"type":"enum","name":"E","symbols":["B"]},
                     {"type":"fixed","name":"F","size":2},{"type":"array","items":"bytes"},
                     {"type":"map","values":"string"}])",
                 R"({"type":"array","items":{"type":"record","name":"N","fields":[
                     {"name":"a","type":"null"},{"name":"b","type":{"type":"fixed","name":"Z",
                     "size":0}}]}})",
                 R"({"type":"map","values":{"type":"array","items":{"type":"map",
                     "values":"long"}}})",
                 R"({"type":"record","name":"Self","fields":[{"name":"s","type":"Self"}]})",
             })
            parsed.push_back(*schema::parse(schema::Type::avro, text, {}));
        return parsed;
    }();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    auto const& schema = *schemas()[data[0] % schemas().size()];
    auto const& other = *schemas()[data[0] / schemas().size() % schemas().size()];
    auto const payload = std::as_bytes(std::span{data + 1, size - 1});
    auto const json = schema.to_json(payload, {});
    ensure(schema.check(payload, {}).has_value() == json.has_value());
    if (json) {
        auto const built = schema.from_json(*json, {});
        ensure(built.has_value());
        ensure(schema.check(*built, {}).has_value());
        ensure(schema.check_reading(payload, schema, {}).has_value());
    } else {
        ensure(!json.error().why.empty());
    }
    (void)other.check_reading(payload, schema, {});
    (void)schema.from_json({reinterpret_cast<char const*>(data) + 1, size - 1}, {});
    return 0;
}
