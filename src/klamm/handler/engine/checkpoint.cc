#include "klamm/handler/engine/checkpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace klamm::handler {

bus::Committed Checkpoint::write() const {
    return {progress.offset(), fmt::format("{}|{}", ledger_version, progress.metadata())};
}

std::expected<Checkpoint, std::string> Checkpoint::read(bus::Committed const& committed) {
    Checkpoint checkpoint{Progress{committed.offset}, 0};
    if (committed.metadata.empty()) return checkpoint;  // of another tool, that set the offset
    std::string_view const text = committed.metadata;
    auto const bar = text.find('|');
    auto const* const end = text.data() + (bar == text.npos ? 0 : bar);
    auto const [stop, error] = std::from_chars(text.data(), end, checkpoint.ledger_version);
    if (bar == text.npos || error != std::errc{} || stop != end || checkpoint.ledger_version < 0)
        return std::unexpected(
            fmt::format("the metadata of offset {} does not begin with the version of a ledger",
                        committed.offset));
    auto progress = Progress::read(committed.offset, text.substr(bar + 1));
    if (!progress) return std::unexpected(progress.error());
    checkpoint.progress = std::move(*progress);
    return checkpoint;
}

std::string Checkpoint::write_entry() const {
    auto const committed = write();
    return fmt::format("{} {}", committed.offset, committed.metadata);
}

std::optional<Checkpoint> Checkpoint::read_entry(std::string_view entry) {
    bus::Committed committed;
    auto const space = entry.find(' ');
    if (space == entry.npos) return std::nullopt;
    auto const* const end = entry.data() + space;
    auto const [stop, error] = std::from_chars(entry.data(), end, committed.offset);
    if (error != std::errc{} || stop != end || committed.offset < 0) return std::nullopt;
    committed.metadata = entry.substr(space + 1);
    auto found = read(committed);
    if (!found) return std::nullopt;
    return std::move(*found);
}

}  // namespace klamm::handler
