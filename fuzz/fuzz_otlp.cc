// fuzz/fuzz_otlp.cc - any bytes as a client's push of metrics: read within its limits, or refused.
#include "klamm/base/ensure.h"
#include "klamm/broker/telemetry/otlp.h"

#include <cstdint>

using namespace klamm;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const read = broker::read_metrics(std::as_bytes(std::span{data, size}));
    if (!read) {
        ensure(!read.error().empty());
        return 0;
    }
    namespace limits = broker::push_limits;
    ensure(read->metrics.size() <= limits::metrics);
    for (auto const& metric : read->metrics) {
        ensure(metric.name.size() <= limits::text_bytes);
        ensure(metric.attributes.size() <= limits::attributes);
        for (auto const& [key, value] : metric.attributes) {
            ensure(key.size() <= limits::text_bytes);
            ensure(value.size() <= limits::text_bytes);
        }
    }
    return 0;
}
