#include "klamm/kafka/apis.h"
#include "klamm/kafka/describe.h"

#include <array>
#include <utility>

namespace klamm::kafka {
namespace {

using Note = std::pair<std::string_view, std::string_view>;

/// What somebody who knows Kafka would not expect.
constexpr auto notes = std::to_array<Note>({
    {"Produce",
     "Versions 0 to 2 are advertised, since librdkafka looks for them, and refused. Batches of "
     "magic 0 and 1 are refused; so is a transactional producer."},
    {"Fetch", "No followers: `replica_id` and `replica_state` are not looked at."},
    {"ListOffsets", "Nothing is tiered: the earliest local offset is the earliest one."},
    {"Metadata", "One broker, which leads every partition."},
    {"OffsetCommit", "`retention_time_ms` is not looked at."},
    {"FindCoordinator", "Groups only."},
    {"ApiVersions", "An unknown version is answered in version 0 with the list and error 35."},
    {"CreateTopics", "Replication factor 1 or -1."},
    {"InitProducerId", "For idempotent producers; a transactional id is refused."},
    {"CreatePartitions", "Assignments name this broker only."},
    {"DescribeLogDirs",
     "One directory; sizes are those of the batches that a partition still has."},
});

struct Absent {
    std::string_view apis;
    std::string_view keys;
    std::string_view why;
};

constexpr auto not_supported = std::to_array<Absent>({
    {"AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, TxnOffsetCommit, DescribeTransactions, "
     "ListTransactions",
     "24, 25, 26, 28, 65, 66", "Transactions. Idempotent producers are supported."},
    {"SaslHandshake, SaslAuthenticate, delegation tokens, SCRAM credentials",
     "17, 36, 38-41, 50, 51", "No authentication: listeners stay on loopback."},
    {"DescribeAcls, CreateAcls, DeleteAcls", "29-31", "No authorization."},
    {"ConsumerGroupHeartbeat, ConsumerGroupDescribe", "68, 69",
     "The consumer protocol of KIP-848. Classic groups are supported; clients choose them by "
     "themselves."},
    {"ShareGroup..., ShareFetch, ShareAcknowledge, share group offsets", "76-79, 90-92",
     "Share groups."},
    {"StreamsGroupHeartbeat, StreamsGroupDescribe", "88, 89",
     "Streams groups. Streams applications work with classic groups."},
    {"GetTelemetrySubscriptions, PushTelemetry", "71, 72", "Client metrics."},
    {"ListConfigResources", "74", "Nothing but topics and the broker has configs."},
    {"DescribeClientQuotas, AlterClientQuotas", "48, 49", "No quotas."},
    {"AlterReplicaLogDirs, ElectLeaders, AlterPartitionReassignments, "
     "ListPartitionReassignments",
     "34, 43, 45, 46", "One broker, one directory: nothing to move."},
    {"UpdateFeatures, UnregisterBroker, DescribeQuorum and what brokers say to each other",
     "4-7, 27, 52-59, 62-64, 67, 70, 73, 80-87", "There is no cluster behind it."},
});

std::string_view note_on(std::string_view api) {
    for (auto const& [name, note] : notes)
        if (name == api) return note;
    return "";
}

constexpr std::string_view opening =
    R"(# The Kafka protocol, as Klamm speaks it

Printed by `klamm apis`; a test compares this file with what it prints. Names, fields and versions
are those of Apache Kafka 4.3.1: `klamm apis --fields` prints every field, and
`tools/check_protocol.py` compares them with Kafka's own definitions.

## APIs

| API | key | versions | flexible from | notes |
|---|---|---|---|---|
)";

constexpr std::string_view between_tables = R"(
## Not supported

These are not advertised. A client that sends one all the same is disconnected, and the log says
why.

| APIs | keys | why, and what instead |
|---|---|---|
)";

constexpr std::string_view closing = R"(
Versions that Kafka 4.3 marks as unstable (InitProducerId 6) are not spoken.

## Limits

| what | limit | beyond it |
|---|---|---|
| length of a string | 32,767 bytes | the connection is closed; composed error messages are cut |
| elements of all arrays of a frame | 1,000,000 | the connection is closed |
| tagged fields of one struct | 10,000 | the connection is closed |

A connection is also closed when a frame cannot be read as a request: the log names the API, the
version, the field, the byte, and what is wrong with it. Tagged fields that are not known are
skipped, and bytes behind the last field are let pass, as Kafka does.
)";

}  // namespace

std::string protocol_document() {
    std::string out{opening};
    auto const row = [&](auto const&... cells) {
        ((out += "| ", out += cells, out += ' '), ...);
        out += "|\n";
    };
    auto const flexible_from = [](Api const& api) {
        return api.flexible_from == never_flexible ? "never" : std::to_string(api.flexible_from);
    };
    auto const versions = [](Api const& api) {
        auto const last = std::to_string(api.last);
        return api.first == api.last ? last : std::to_string(api.first) + "-" + last;
    };
#define X(Name)                                                                      \
    row(#Name, std::to_string(Name##Request::api.key), versions(Name##Request::api), \
        flexible_from(Name##Request::api), note_on(#Name));
    KLAMM_KAFKA_APIS(X)
#undef X
    out += between_tables;
    for (auto const& [apis, keys, why] : not_supported) row(apis, keys, why);
    return out += closing;
}

}  // namespace klamm::kafka
