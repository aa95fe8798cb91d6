// fuzz/fuzz_json_schema.cc - any two texts as JSON Schemas, compared both ways, and a payload.
//
// Input: a schema, a line feed, another schema, a line feed, a payload.
#include "klamm/base/ensure.h"
#include "klamm/schema/json/json_schema.h"

#include <cstdint>
#include <string_view>

using namespace klamm;
using namespace klamm::schema;

namespace {

SchemaPtr parsed(std::string_view text) {
    auto const strict = parse_json_schema(text, {}, {});
    auto schema = parse_json_schema(text, {}, {.strict = false});
    ensure(schema.has_value() || !strict.has_value());
    if (!schema) {
        ensure(!schema.error().why.empty());
        return nullptr;
    }
    auto const again = parse_json_schema((*schema)->canonical(), {}, {.strict = false});
    ensure(again.has_value());
    ensure((*again)->canonical() == (*schema)->canonical());
    return *schema;
}

void compare(Schema const& writer, Schema const& reader) {
    auto const differences = reader.differences(writer, Policy::strict);
    if (!differences || differences->empty()) return;
    auto const& first = differences->front();
    for (auto const& mend : reader.mends(writer, first, Breaks::new_readers)) {
        auto const text = parse_json_schema(mend.schema, {}, {.strict = false});
        ensure(text.has_value());
    }
    static_cast<void>(writer.mends(reader, first, Breaks::old_readers));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const all{reinterpret_cast<char const*>(data), size};
    auto const first = all.find('\n');
    auto const second = first == all.npos ? all.npos : all.find('\n', first + 1);
    if (second == all.npos) return 0;
    auto const one = parsed(all.substr(0, first));
    auto const other = parsed(all.substr(first + 1, second - first - 1));
    if (!one || !other) return 0;
    if (auto const same = one->differences(*one, Policy::strict)) ensure(same->empty());
    compare(*one, *other);
    compare(*other, *one);
    static_cast<void>(other->changes_from(*one));
    auto const payload = std::as_bytes(std::span{data, size}).subspan(second + 1);
    auto const checked = one->check(payload, {});
    auto const shown = one->to_json(payload, {});
    ensure(checked.has_value() == shown.has_value());
    if (!checked) ensure(!checked.error().why.empty());
    return 0;
}
