// fuzz/fuzz_dead_letter.cc - any headers as those of a dead letter: read within its limits, and
// taken away again.
#include "klamm/base/ensure.h"
#include "klamm/handler/dead_letter.h"

#include <cstdint>

using namespace klamm;

namespace {

/// Of the input: a size of one byte (255: null), then as many bytes; as long as there are any.
std::optional<std::string> next(std::string_view& input) {
    auto const size = static_cast<unsigned char>(input.front());
    input.remove_prefix(1);
    if (size == 255) return std::nullopt;
    std::string text(input.substr(0, size));
    input.remove_prefix(text.size());
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view input{reinterpret_cast<char const*>(data), size};
    Headers headers;
    while (!input.empty()) {
        auto name = next(input).value_or("");
        std::optional<std::string> value;
        if (!input.empty()) value = next(input);
        headers.push_back({std::move(name), std::move(value)});
    }
    auto const letter = handler::read_dead_letter(headers);
    ensure(letter.attempts >= 0 && letter.redrives >= 0);
    if (letter.original) ensure(!letter.original->topic.empty() && letter.original->offset >= -1);

    auto const original = handler::original_headers(headers);
    ensure(original.size() <= headers.size());
    for (auto const dialect :
         {DeadLetterDialect::klamm, DeadLetterDialect::spring, DeadLetterDialect::share_group}) {
        auto const again = handler::write_dead_letter(original, letter, dialect);
        ensure(handler::read_dead_letter(again).error_type == letter.error_type);
    }
    if (auto const redrive = handler::read_redrive(headers)) {
        Headers written;
        handler::write_redrive(written, *redrive);
        ensure(handler::read_redrive(written)->dead_letter == redrive->dead_letter);
    }
    return 0;
}
