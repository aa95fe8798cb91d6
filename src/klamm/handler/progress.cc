#include "klamm/handler/progress.h"

#include "klamm/base/crc32c.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <optional>
#include <span>

namespace klamm::handler {
namespace {

constexpr std::string_view version = "k1";
constexpr std::size_t checksum_bytes = 6;
constexpr std::size_t head_bytes = version.size() + checksum_bytes;
constexpr std::size_t number_bytes_max = 13;  // 63 bits, 5 at a time
constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint64_t more = 32;

std::size_t number_bytes(std::int64_t number) {
    std::size_t bytes = 1;
    for (auto rest = static_cast<std::uint64_t>(number) >> 5U; rest != 0; rest >>= 5U) ++bytes;
    return bytes;
}

void append_number(std::string& out, std::int64_t number) {
    auto rest = static_cast<std::uint64_t>(number);
    for (; rest >= more; rest >>= 5U) out += alphabet[(rest & 31U) | more];
    out += alphabet[rest];
}

/// Takes a number from the front. None: it is cut off, too large, or longer than needed.
std::optional<std::int64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    for (std::size_t at = 0; at < number_bytes_max && at < text.size(); ++at) {
        auto const digit = alphabet.find(text[at]);
        if (digit == std::string_view::npos) return std::nullopt;
        auto const bits = digit & 31U;
        number |= std::uint64_t{bits} << (5 * at);
        if ((digit & more) != 0) continue;
        if (bits == 0 && at > 0) return std::nullopt;
        if (at + 1 == number_bytes_max && bits > 7) return std::nullopt;
        text.remove_prefix(at + 1);
        return static_cast<std::int64_t>(number);
    }
    return std::nullopt;
}

/// Of the offset, too: metadata that a tool carried over to another offset is not believed.
std::string checksum(std::int64_t offset, std::string_view islands) {
    std::array<std::byte, sizeof offset> place{};
    for (std::size_t i = 0; i < place.size(); ++i)
        place[i] = static_cast<std::byte>(static_cast<std::uint64_t>(offset) >> (8 * i));
    auto sum = crc32c(std::as_bytes(std::span(islands)), crc32c(place));
    std::string text;
    for (std::size_t i = 0; i < checksum_bytes; ++i, sum >>= 6U) text += alphabet[sum & 63U];
    return text;
}

}  // namespace

std::expected<Progress, std::string> Progress::read(std::int64_t offset,
                                                    std::string_view metadata) {
    Progress read(offset);
    if (metadata.empty()) return read;
    if (offset < 0) return std::unexpected(fmt::format("there is no offset {}", offset));
    if (!metadata.starts_with(version))
        return std::unexpected(fmt::format("it does not begin with \"{}\"", version));
    if (metadata.size() <= head_bytes) return std::unexpected("it is cut off");
    auto rest = metadata.substr(head_bytes);
    if (checksum(offset, rest) != metadata.substr(version.size(), checksum_bytes))
        return std::unexpected(
            fmt::format("its checksum is not that of what it says, or not for offset {}", offset));
    for (auto end = offset; !rest.empty();) {
        auto const distance = take_number(rest);
        auto const length = take_number(rest);
        auto const left = std::numeric_limits<std::int64_t>::max() - end;
        if (!distance || !length || *distance > left - 2 || *length > left - 2 - *distance)
            return std::unexpected("it names no offsets");
        auto const first = end + *distance + 1;
        end = first + *length + 1;
        read.islands_.emplace_hint(read.islands_.end(), first, end);
    }
    return read;
}

bool Progress::finished(std::int64_t offset) const {
    if (offset < offset_) return true;
    auto const after = islands_.upper_bound(offset);
    return after != islands_.begin() && offset < std::prev(after)->second;
}

void Progress::finish(std::int64_t first, std::int64_t next) {
    if (next <= first || next <= offset_) return;
    auto at = islands_.upper_bound(first);
    if (at != islands_.begin() && std::prev(at)->second >= first) --at;
    while (at != islands_.end() && at->first <= next) {
        first = std::min(first, at->first);
        next = std::max(next, at->second);
        at = islands_.erase(at);
    }
    if (first <= offset_)
        offset_ = next;
    else
        islands_.emplace_hint(at, first, next);
}

/// However far islands still grow over gaps towards the next one: then their length is at most
/// their length and the distance to the next, and that distance at most what it is now.
std::size_t Progress::bytes_at_most() const {
    auto bytes = head_bytes + number_bytes_max;  // nobody knows how far the last one grows
    auto end = offset_;
    for (auto at = islands_.begin(); at != islands_.end(); ++at) {
        auto const after = std::next(at);
        bytes += number_bytes(at->first - end - 1);
        if (after != islands_.end()) bytes += number_bytes(after->first - at->first - 1);
        end = at->second;
    }
    return bytes;
}

bool Progress::fits(std::int64_t offset) const {
    if (head_bytes + (islands_.size() + 1) * 2 * number_bytes_max <= metadata_bytes_max)
        return true;
    if (offset <= offset_ || bytes_at_most() + 3 * number_bytes_max <= metadata_bytes_max)
        return true;
    // Only the islands around it change, or what is kept for them.
    auto from = islands_.upper_bound(offset);
    auto to = from;
    for (int i = 0; i < 2 && from != islands_.begin(); ++i) --from;
    for (int i = 0; i < 2 && to != islands_.end(); ++i) ++to;
    Progress near(from == islands_.begin() ? offset_ : std::prev(from)->second);
    near.islands_.insert(from, to);
    auto const before = near.bytes_at_most();
    near.finish(offset, offset + 1);
    return bytes_at_most() + near.bytes_at_most() - before <= metadata_bytes_max;
}

std::string Progress::metadata() const {
    if (islands_.empty()) return {};
    std::string text;
    auto end = offset_;
    for (auto const& [first, next] : islands_) {
        append_number(text, first - end - 1);
        append_number(text, next - first - 1);
        end = next;
    }
    return fmt::format("{}{}{}", version, checksum(offset_, text), text);
}

}  // namespace klamm::handler
