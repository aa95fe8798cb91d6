// fuzz/fuzz_request.cc - any bytes as a request frame. What is accepted must survive encoding.
#include "klamm/base/ensure.h"
#include "klamm/kafka/apis.h"

#include <cstdint>

using namespace klamm;

namespace {

Slice slice_of(std::uint8_t const* data, std::size_t size) {
    auto const bytes = std::as_bytes(std::span{data, size});
    return Slice{Bytes(bytes.begin(), bytes.end())};
}

Slice without_length(kafka::Frame const& frame) {
    Slice const whole{flatten(frame)};
    return whole.part(4, whole.size() - 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const request = kafka::decode_request(slice_of(data, size));
    if (!request) {
        ensure(!request.error().message.empty());
        return 0;
    }
    auto const frame = without_length(kafka::encode_request(request->header, request->body));
    auto const again = kafka::decode_request(frame);
    ensure(again.has_value());
    ensure(again->header == request->header);
    ensure(again->body == request->body);
    ensure(!to_text(request->body, request->header.api_version).empty());
    return 0;
}
