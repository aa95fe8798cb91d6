// fuzz/fuzz_response.cc - any bytes as a response frame; the first two choose API and version.
#include "klamm/base/ensure.h"
#include "klamm/kafka/apis.h"

#include <cstdint>

using namespace klamm;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    auto const apis = kafka::described_apis();
    auto const& api = apis[data[0] % apis.size()];
    kafka::RequestHeader const header{
        .api_key = api.key, .api_version = kafka::ApiVersion(data[1] % 20), .correlation_id = 0};

    // The correlation id must be the one that was asked for; the rest is up to the input.
    Bytes bytes(sizeof header.correlation_id);
    for (std::size_t i = 2; i < size; ++i) bytes.push_back(std::byte(data[i]));
    auto const response = kafka::decode_response(header, Slice{std::move(bytes)});
    if (!response) {
        ensure(!response.error().empty());
        return 0;
    }
    Slice const frame{flatten(kafka::encode_response(header, *response))};
    auto const again = kafka::decode_response(header, frame.part(4, frame.size() - 4));
    ensure(again.has_value());
    ensure(*again == *response);
    ensure(!to_text(*response, header.api_version).empty());
    return 0;
}
