#include "klamm/kafka/apis.h"
#include "klamm/kafka/describe.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

namespace klamm::kafka {
namespace {

using Note = std::pair<std::string_view, std::string_view>;

/// What somebody who knows Kafka would not expect.
constexpr auto notes = std::to_array<Note>({
    {"Produce",
     "Versions 0 to 2 are advertised, since librdkafka looks for them, and refused. Batches of "
     "magic 0 and 1 are refused."},
    {"Fetch", "No followers: `replica_id` and `replica_state` are not looked at."},
    {"ListOffsets", "Nothing is tiered: the earliest local offset is the earliest one."},
    {"Metadata",
     "One broker, which leads every partition. `__consumer_offsets` and `__transaction_state` are "
     "there to be listed, and empty."},
    {"OffsetCommit", "`retention_time_ms` is not looked at."},
    {"FindCoordinator", "Groups and transactions."},
    {"ApiVersions",
     "An unknown version is answered in version 0 with the list and error 35. From version 3 "
     "on the feature `klamm.version` tells clients that it is Klamm."},
    {"CreateTopics", "Replication factor 1 or -1."},
    {"WriteTxnMarkers", "Aborts only, and the producer's whole transaction."},
    {"ConsumerGroupHeartbeat",
     "Assignors: uniform and range, without regard to racks. Expressions are RE2's."},
    {"CreatePartitions", "Assignments name this broker only."},
    {"ElectLeaders", "Never needed."},
    {"AlterPartitionReassignments", "Every partition stays on the one broker."},
    {"ListPartitionReassignments", "None is ever under way."},
    {"DescribeClientQuotas", "There are none."},
    {"AlterClientQuotas", "To set one is refused."},
    {"DescribeUserScramCredentials", "Refused with SECURITY_DISABLED: no authentication."},
    {"GetTelemetrySubscriptions",
     "What client metrics configs ask for; the standard metrics of KIP-714 when "
     "`klamm.client.metrics.interval.ms` is set. `match` is in RE2's language."},
    {"PushTelemetry", "The last push of each client is shown in `/metrics`."},
    {"ListConfigResources",
     "Topics, the broker, client metrics, and groups that have configs of their own."},
    {"DescribeAcls", "Refused with SECURITY_DISABLED: no authorization."},
    {"AlterReplicaLogDirs", "One directory, in which everything is already."},
    {"DescribeLogDirs",
     "One directory; sizes are those of the batches that a partition still has."},
});

/// What is not spoken unless it is handled; neighbours with the same reason share a row.
struct Absent {
    std::string_view api;
    std::string_view keys;
    std::string_view why;
};

constexpr std::string_view no_transactions = "Transactions. Idempotent producers are supported.";
constexpr std::string_view no_authentication = "No authentication: listeners stay on loopback.";
constexpr std::string_view no_authorization = "No authorization.";
constexpr std::string_view no_share_groups = "Share groups.";
constexpr std::string_view no_streams_groups =
    "Streams groups. Streams applications work with classic groups.";
constexpr std::string_view no_client_metrics = "Client metrics.";
constexpr std::string_view no_quotas = "No quotas.";
constexpr std::string_view nothing_to_move = "One broker, one directory: nothing to move.";
constexpr std::string_view no_cluster = "There is no cluster behind it.";

constexpr auto not_supported = std::to_array<Absent>({
    {"AddPartitionsToTxn", "24", no_transactions},
    {"AddOffsetsToTxn", "25", no_transactions},
    {"EndTxn", "26", no_transactions},
    {"WriteTxnMarkers", "27", no_transactions},
    {"TxnOffsetCommit", "28", no_transactions},
    {"DescribeTransactions", "65", no_transactions},
    {"ListTransactions", "66", no_transactions},
    {"SaslHandshake, SaslAuthenticate, delegation tokens", "17, 36, 38-41", no_authentication},
    {"DescribeUserScramCredentials", "50", no_authentication},
    {"AlterUserScramCredentials", "51", no_authentication},
    {"DescribeAcls", "29", no_authorization},
    {"CreateAcls, DeleteAcls", "30, 31", no_authorization},
    {"ShareGroup..., ShareFetch, ShareAcknowledge, share group offsets", "76-79, 90-92",
     no_share_groups},
    {"StreamsGroupHeartbeat, StreamsGroupDescribe", "88, 89", no_streams_groups},
    {"GetTelemetrySubscriptions", "71", no_client_metrics},
    {"PushTelemetry", "72", no_client_metrics},
    {"DescribeClientQuotas", "48", no_quotas},
    {"AlterClientQuotas", "49", no_quotas},
    {"AlterReplicaLogDirs", "34", nothing_to_move},
    {"ElectLeaders", "43", nothing_to_move},
    {"AlterPartitionReassignments", "45", nothing_to_move},
    {"ListPartitionReassignments", "46", nothing_to_move},
    {"UpdateFeatures, UnregisterBroker, DescribeQuorum and what brokers say to each other",
     "4-7, 52-59, 62-64, 67, 70, 73, 80-87", no_cluster},
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

bool is_handled(std::span<ApiRange const> handled, std::string_view api) {
    return std::ranges::find(handled, api, &ApiRange::name) != handled.end();
}

void add_row(std::string& out, auto const&... cells) {
    ((out += "| ", out += cells, out += ' '), ...);
    out += "|\n";
}

void add_not_supported(std::string& out, std::span<ApiRange const> handled) {
    std::string apis, keys;
    std::string_view why;
    auto const finish_row = [&] {
        if (!apis.empty()) add_row(out, apis, keys, why);
        apis.clear();
        keys.clear();
    };
    for (auto const& absent : not_supported) {
        if (is_handled(handled, absent.api)) continue;
        if (absent.why != why) finish_row();
        why = absent.why;
        (apis += apis.empty() ? "" : ", ") += absent.api;
        (keys += keys.empty() ? "" : ", ") += absent.keys;
    }
    finish_row();
}

}  // namespace

std::string protocol_document(std::span<ApiRange const> handled) {
    std::string out{opening};
    auto const flexible_from = [](Api const& api) {
        return api.flexible_from == never_flexible ? "never" : std::to_string(api.flexible_from);
    };
    auto const versions = [](Api const& api) {
        auto const last = std::to_string(api.last);
        return api.first == api.last ? last : std::to_string(api.first) + "-" + last;
    };
#define X(Name)                                                                                   \
    if (is_handled(handled, #Name))                                                               \
        add_row(out, #Name, std::to_string(Name##Request::api.key), versions(Name##Request::api), \
                flexible_from(Name##Request::api), note_on(#Name));
    KLAMM_KAFKA_APIS(X)
#undef X
    out += between_tables;
    add_not_supported(out, handled);
    return out += closing;
}

}  // namespace klamm::kafka
