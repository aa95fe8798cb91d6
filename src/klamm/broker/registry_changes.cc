#include "klamm/broker/registry_changes.h"

#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/records/batch.h"

#include <string_view>
#include <vector>

namespace klamm::broker {
namespace {

using Why = RegistryRefusal::Why;

/// What an entry needs beside the keys and values, generously.
constexpr std::size_t entry_overhead_bytes = 1024;
constexpr std::size_t record_overhead_bytes = 64;

Bytes to_bytes(std::string_view text) {
    auto const bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

std::string to_text(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::size_t bytes_of(std::span<registry::Record const> changes) {
    std::size_t bytes = entry_overhead_bytes;
    for (auto const& [key, value] : changes)
        bytes += record_overhead_bytes + key.size() + (value ? value->size() : 0);
    return bytes;
}

Bytes build(std::span<registry::Record const> changes, std::int64_t now_ms,
            std::int64_t base_offset) {
    std::vector<records::Record> list;
    list.reserve(changes.size());
    for (auto const& [key, value] : changes)
        list.push_back({.offset = 0,
                        .timestamp = now_ms,
                        .key = to_bytes(key),
                        .value = value ? std::optional(to_bytes(*value)) : std::nullopt,
                        .headers = {}});
    auto batch = records::build(list);
    records::patch_offset(batch, base_offset, leader_epoch);
    return batch;
}

}  // namespace

void fold(registry::State& registry, ByteView batch) {
    auto const header = records::read_header(batch);
    if (!header || header->control()) return;
    auto const list = records::read_records(batch);
    if (!list) return;
    for (auto const& record : *list) {
        if (!record.key) continue;
        registry.apply({to_text(*record.key),
                        record.value ? std::optional(to_text(*record.value)) : std::nullopt});
    }
}

std::expected<journal::Position, RegistryRefusal> change_registry(
    Step& step, std::uint64_t expected, std::span<registry::Record const> records) {
    auto const refuse = [](Why why, std::string message) {
        return std::unexpected(RegistryRefusal{why, std::move(message)});
    };
    if (step.state().registry.version() != expected)
        return refuse(Why::conflict, "The registry has changed meanwhile.");
    if (auto const bytes = bytes_of(records); bytes > journal::entry_bytes_max)
        return refuse(Why::too_large, "The change has " + std::to_string(bytes) +
                                          " bytes; one may have at most " +
                                          std::to_string(journal::entry_bytes_max) + ".");
    auto const topic = ensure_internal(step, schemas_topic);
    if (!topic) return refuse(Why::full, topic.error().message);
    auto const& partition = *(*topic)->partition(0);
    auto const now_ms = step.now().wall_ms;
    auto const at =
        step.commit(encode_entry(BatchAppended{.partition = partition.key, .appended_ms = now_ms}),
                    Slice{build(records, now_ms, partition.next_offset)});
    if (!at) return refuse(Why::full, std::string(journal_full));
    return *at;
}

std::int64_t read_old_schemas(State& state, journal::Journal& journal) {
    std::int64_t unread = 0;
    auto const* partition = state.partition(schemas_topic, 0);
    if (partition == nullptr) return unread;
    auto cursor = partition->batches.from(partition->log_start);
    while (auto const place = cursor.next()) {
        auto const body = place->in_journal() ? journal.read(place->position, place->bytes)
                                              : std::unexpected(journal::Error::trimmed);
        if (body && body->size() >= place->skip)
            fold(state.registry, body->view().subspan(place->skip));
        else
            unread += place->last_offset - place->base_offset + 1;
    }
    return unread;
}

Notice schemas_not_read(std::int64_t records, std::int64_t now_ms) {
    return {.kind = Notice::Kind::schemas_not_read,
            .at_ms = now_ms,
            .topic = std::string(schemas_topic),
            .records = records,
            .text = "the schema registry does not have the first " + std::to_string(records) +
                    " records of the topic _schemas: they are older than it, and no longer in the "
                    "journal; read them with a consumer and hand them to `klamm schema import`"};
}

}  // namespace klamm::broker
