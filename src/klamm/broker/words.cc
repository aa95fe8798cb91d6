#include "klamm/broker/words.h"

#include <array>
#include <string_view>

namespace klamm::broker {

std::string duration_in_words(std::int64_t ms) {
    struct Unit {
        std::int64_t ms;
        std::string_view name;
    };
    static constexpr std::array units = std::to_array<Unit>(
        {{86'400'000, " d"}, {3'600'000, " h"}, {60'000, " min"}, {1'000, " s"}, {1, " ms"}});
    if (ms <= 0) return "0 ms";
    std::size_t n = 0;
    while (ms < units[n].ms) ++n;
    auto text = std::to_string(ms / units[n].ms).append(units[n].name);
    bool const second = n + 2 < units.size() && ms % units[n].ms >= units[n + 1].ms;
    if (!second) return text;
    return text + " " +
           std::to_string(ms % units[n].ms / units[n + 1].ms).append(units[n + 1].name);
}

std::string bytes_in_words(std::uint64_t bytes) {
    static constexpr std::array<std::string_view, 5> units = {" KiB", " MiB", " GiB", " TiB",
                                                              " PiB"};
    if (bytes < 1024) return std::to_string(bytes) + " B";
    std::uint64_t unit = 1024;
    std::size_t n = 0;
    while (n + 1 < units.size() && bytes / 1024 >= unit) {
        unit *= 1024;
        ++n;
    }
    auto const tenths = bytes / (unit / 1024) * 10 / 1024;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10).append(units[n]);
}

}  // namespace klamm::broker
