#include "klamm/kafka/codec.h"

#include <cstdio>

namespace klamm::kafka::detail {

void refuse_to_encode(std::string_view field, ApiVersion version) {
    std::fprintf(stderr, "version %d cannot carry the value of %.*s\n", version, int(field.size()),
                 field.data());
    ensure(false);
    std::unreachable();
}

std::string_view fitting(std::string_view text) {
    if (text.size() <= string_bytes_max) return text;
    auto end = string_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;  // not inside a UTF-8 character
    return text.substr(0, end);
}

}  // namespace klamm::kafka::detail
