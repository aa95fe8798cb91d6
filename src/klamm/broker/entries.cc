#include "klamm/broker/entries.h"

#include "klamm/broker/groups/consumer_entries.h"
#include "klamm/kafka/codec.h"

#include <utility>

namespace klamm::broker {

template <class Entry>
Bytes encode_entry(Entry const& entry) {
    kafka::Writer out{64};
    out.integer(std::to_underlying(Entry::kind));
    out.integer(entry_version);
    kafka::encode_struct(out, entry);
    return std::move(out).finish_bytes();
}

std::optional<EntryKind> kind_of(ByteView head) {
    if (head.empty()) return std::nullopt;
    return EntryKind(head.front());
}

template <class Entry>
std::expected<Entry, std::string> decode_entry(ByteView head) {
    kafka::Reader in{head};
    auto const kind = in.integer<std::uint8_t>();
    auto const version = in.integer<std::uint8_t>();
    if (in.failed() || kind != std::to_underlying(Entry::kind))
        return std::unexpected("it is of another kind than expected");
    if (version != entry_version)
        return std::unexpected("entry version " + std::to_string(version) +
                               " is not known; it was written by a newer klamm");
    Entry entry;
    kafka::decode_struct(in, entry);
    if (in.failed()) return std::unexpected(to_string(in.error()));
    if (in.bytes_left() > 0) return std::unexpected("bytes follow its last field");
    return entry;
}

#define KLAMM_ENTRY(Entry)                            \
    template Bytes encode_entry<Entry>(Entry const&); \
    template std::expected<Entry, std::string> decode_entry<Entry>(ByteView)

KLAMM_ENTRY(ClusterCreated);
KLAMM_ENTRY(TopicCreated);
KLAMM_ENTRY(TopicDeleted);
KLAMM_ENTRY(PartitionsAdded);
KLAMM_ENTRY(TopicConfigured);
KLAMM_ENTRY(BrokerConfigured);
KLAMM_ENTRY(ClientMetricsConfigured);
KLAMM_ENTRY(BatchAppended);
KLAMM_ENTRY(LogStartMoved);
KLAMM_ENTRY(ProducerIdGiven);
KLAMM_ENTRY(GroupChanged);
KLAMM_ENTRY(GroupDeleted);
KLAMM_ENTRY(OffsetsCommitted);
KLAMM_ENTRY(OffsetsDeleted);
KLAMM_ENTRY(ProducerInitialized);
KLAMM_ENTRY(TransactionExtended);
KLAMM_ENTRY(TransactionOffsets);
KLAMM_ENTRY(TransactionEnded);
KLAMM_ENTRY(TransactionalIdsForgotten);
KLAMM_ENTRY(ExtentsStored);
KLAMM_ENTRY(CompactionPassed);
KLAMM_ENTRY(AbortedForgotten);
KLAMM_ENTRY(ConsumerGroupChanged);
KLAMM_ENTRY(GroupConfigured);

#undef KLAMM_ENTRY

}  // namespace klamm::broker
