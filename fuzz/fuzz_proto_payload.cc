// fuzz/fuzz_proto_payload.cc - any bytes as a Protobuf payload: refused, or shown as JSON that is
// one.
#include "klamm/base/ensure.h"
#include "klamm/json/value.h"
#include "klamm/schema/protobuf/protobuf.h"

#include <cstdint>

using namespace klamm;

namespace {

schema::SchemaPtr const& written() {
    static auto const parsed = *schema::parse_protobuf(R"(syntax = "proto3";
import "google/protobuf/any.proto"; import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto"; import "google/protobuf/struct.proto";
import "google/protobuf/field_mask.proto"; import "google/protobuf/wrappers.proto";
message M {
  string a = 1; repeated int32 b = 2; map<string, M> c = 3; oneof o { M d = 4; bytes e = 5; }
  google.protobuf.Any f = 6; google.protobuf.Timestamp g = 7; google.protobuf.Duration h = 8;
  google.protobuf.Struct i = 9; google.protobuf.FieldMask j = 10;
  google.protobuf.DoubleValue k = 11;
  repeated sint64 l = 12; fixed32 m = 13; double n = 14; E p = 15; map<bool, float> q = 300;
  optional bool r = 400; enum E { Z = 0; Y = -1; }
})",
                                                       {}, {});
    return parsed;
}

schema::SchemaPtr const& read() {
    static auto const parsed = *schema::parse_protobuf(R"(
message M {
  optional bytes a = 1; optional bool b = 2; repeated group C = 3 { required int32 x = 1; }
  oneof o { M d = 4; M e = 5; string f = 6; }
  repeated sint32 l = 12; required sfixed32 m = 13; extensions 300 to max;
  enum E { Z = 0; }
}
extend M { optional M q = 300; })",
                                                       {}, {});
    return parsed;
}

void show(schema::Schema const& schema, ByteView payload) {
    auto const checked = schema.check(payload, {});
    auto const shown = schema.to_json(payload, {});
    ensure(checked.has_value() == shown.has_value());
    if (!shown) {
        ensure(!checked.error().rule.empty() && !checked.error().why.empty());
        return;
    }
    ensure(json::parse(*shown, {.depth_max = 1000}).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const payload = std::as_bytes(std::span{data, size});
    show(*written(), payload);
    show(*read(), payload);
    (void)read()->check_reading(payload, *written(), {});
    (void)written()->check_reading(payload, *read(), {});
    auto const built = written()->from_json({reinterpret_cast<char const*>(data), size}, {});
    if (built) ensure(written()->check(*built, {}).has_value());
    return 0;
}
