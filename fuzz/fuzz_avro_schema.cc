// fuzz/fuzz_avro_schema.cc - any text as an Avro schema: refused with a reason, or one that can be
// stored, read again and compared.
#include "klamm/base/ensure.h"
#include "klamm/schema/schema.h"

#include <cstdint>
#include <string_view>

using namespace klamm;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const parse = [](std::string_view of, bool strict) {
        return schema::parse(schema::Type::avro, of, {}, {.strict = strict});
    };
    auto const strict = parse(text, true);
    auto const schema = parse(text, false);
    if (!schema) {
        ensure(!schema.error().why.empty());
        ensure(!strict);
        return 0;
    }
    auto const again = parse((*schema)->canonical(), false);
    ensure(again.has_value());
    ensure((*again)->canonical() == (*schema)->canonical());
    auto const normalized = parse((*schema)->normalized(), false);
    ensure(normalized.has_value());
    ensure((*normalized)->normalized() == (*schema)->normalized());
    (void)(*schema)->formatted("resolved");
    (void)(*schema)->equivalent(**again);
    auto const differences = (*schema)->differences(**normalized, schema::Policy::strict);
    if (differences)
        for (auto const& difference : *differences)
            (void)(*schema)->mends(**normalized, difference, schema::Breaks::new_readers);
    (void)(*schema)->changes_from(**normalized);
    if (auto const payload = (*schema)->from_json("{}", {}))
        ensure((*schema)->check(*payload, {}).has_value());
    (void)(*schema)->check({}, {});
    return 0;
}
