// fuzz/fuzz_proto.cc - any text as a Protobuf schema, and any bytes as a descriptor: refused with a
// reason, or a schema whose canonical text and descriptor are that schema again.
#include "klamm/base/ensure.h"
#include "klamm/schema/protobuf/descriptors.h"
#include "klamm/schema/protobuf/protobuf.h"

#include <cstdint>

using namespace klamm;

namespace {

void judge(std::string_view text) {
    auto const parsed = schema::parse_protobuf(text, {}, {});
    if (!parsed) {
        ensure(!parsed.error().why.empty());
        return;
    }
    auto const& schema = **parsed;
    auto const again = schema::parse_protobuf(schema.canonical(), {}, {});
    ensure(again.has_value() && (*again)->canonical() == schema.canonical());
    ensure((*again)->differences(schema, schema::Policy::logical)->empty());
    ensure(schema.changes_from(**again).empty());
    (void)schema.formatted("ignore_extensions");
    auto const normal = schema::parse_protobuf(schema.normalized(), {}, {});
    ensure(normal.has_value() && (*normal)->differences(schema, schema::Policy::strict)->empty());
    auto const serialized = schema::parse_protobuf(schema.formatted("serialized"), {}, {});
    ensure(serialized.has_value() &&
           (*serialized)->differences(schema, schema::Policy::strict)->empty());
    for (auto const& difference : *(*normal)->differences(schema, schema::Policy::logical))
        for (auto const& mend : (*normal)->mends(schema, difference, schema::Breaks::new_readers))
            (void)schema::parse_protobuf(mend.schema, {}, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    judge(bytes);
    judge(schema::protobuf::base64_encoded(bytes));
    return 0;
}
