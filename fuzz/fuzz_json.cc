// fuzz/fuzz_json.cc - JSON texts: what is parsed can be printed, and says the same when it is
// parsed again.
#include "klamm/base/ensure.h"
#include "klamm/json/value.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace klamm;
    std::string_view const text(reinterpret_cast<char const*>(data), size);
    auto const value = json::parse(text);
    if (!value) {
        ensure(!value.error().why.empty());
        return 0;
    }
    for (auto const& printed : {json::print(*value), json::print_indented(*value)}) {
        auto const again = json::parse(printed);
        ensure(again.has_value() && *again == *value);
    }
    auto const sorted = json::parse(json::print_sorted(*value));
    ensure(sorted.has_value() && json::print_sorted(*sorted) == json::print_sorted(*value));
    return 0;
}
