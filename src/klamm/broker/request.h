// broker/request.h - what goes into the broker and what comes out, in both worlds.
//
//   frame ──▶ prepare ──▶ Request ──▶ Broker ──▶ Reply ──▶ fill ──▶ encode ──▶ frame
//            any thread              one thread           any thread
//
// prepare() decodes and checks checksums; fill() puts record bytes, read from the journal, and what
// only they say into the places that the broker left open. Both are pure and may run on any thread,
// so that the broker's own thread never touches record bytes.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/compressions.h"
#include "klamm/broker/telemetry/telemetry.h"
#include "klamm/broker/validation/validate.h"
#include "klamm/broker/validation/validations.h"
#include "klamm/journal/extents.h"
#include "klamm/journal/journal.h"
#include "klamm/kafka/apis.h"
#include "klamm/records/batch.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace klamm::broker {

enum class ConnectionId : std::uint64_t {};

/// Names one request until it is answered. The world counts `number` up within a connection and
/// sends replies in that order.
struct RequestId {
    ConnectionId connection{};
    std::uint64_t number = 0;
    auto operator<=>(RequestId const&) const = default;
};

/// One batch of a Produce request, already checked against its checksum and its own header.
using CheckedBatch = std::expected<records::BatchInfo, records::BatchError>;

struct Request {
    RequestId id;
    kafka::RequestHeader header;
    kafka::AnyRequest body;
    std::string peer;  ///< the client's address without port, as group descriptions show it
    std::uint16_t peer_port = 0;
    /// Produce only: one for each partition of the request, in its order.
    std::vector<CheckedBatch> batches;
    /// Beside `batches`, where some topic has a compression.type of its own; else empty.
    std::vector<Recompressed> recompressed;
    std::size_t recompressed_bytes = 0;  ///< of all of them
    /// Beside `batches`, where some topic has its records validated; else empty.
    std::vector<Verdict> verdicts;
    /// PushTelemetry only: what it says, or why it is refused.
    std::expected<ClientMetrics, kafka::ErrorCode> client_metrics;
};

/// Where batches are: one in the journal (`bytes` of the body of the entry at `position`, from
/// `skip` on), or a block of them in an L1 file.
struct BatchPlace {
    journal::Position position{};  ///< in the journal, or the byte in the file
    std::uint32_t bytes = 0;
    std::uint32_t skip = 0;
    journal::FileNumber file{};   ///< 0: the journal
    journal::BlockLabel label{};  ///< of the block in the file

    bool in_journal() const { return file == journal::FileNumber{}; }
};

/// Batches to be put into responses[topic].partitions[partition].records of a FetchResponse. Of a
/// block those before `from_offset` and those from `end_offset` on are left out, and those that no
/// longer fit into `bytes_max`.
struct FillRecords {
    std::uint32_t topic = 0;
    std::uint32_t partition = 0;
    std::vector<BatchPlace> batches;
    std::int64_t from_offset = 0;
    std::int64_t end_offset = 0;
    std::int64_t bytes_max = 0;
    bool at_least_one = false;  ///< the first batch comes even if it does not fit
};

/// A record to be looked for, for topics[topic].partitions[partition] of a ListOffsetsResponse:
/// the first one at or after `timestamp`, or the latest one, among those in [from_offset,
/// end_offset).
struct FillOffset {
    std::uint32_t topic = 0;
    std::uint32_t partition = 0;
    /// By timestamp: searched in this order until one has it. The latest: all are searched.
    std::vector<BatchPlace> batches;
    std::int64_t from_offset = 0;
    std::int64_t end_offset = 0;
    std::int64_t timestamp = 0;  ///< milliseconds; -3: the record with the largest timestamp
};

/// A batch that a compacted topic refused: each of its records that has no key is to be named in
/// responses[topic].partition_responses[partition] of a ProduceResponse.
struct FillKeyless {
    std::uint32_t topic = 0;
    std::uint32_t partition = 0;
    Slice batch;
};

struct Reply {
    RequestId id;
    kafka::AnyResponse body;
    std::vector<FillRecords> records;
    std::vector<FillOffset> offsets;
    std::vector<FillKeyless> keyless;
    /// PushTelemetry that was accepted, for the world to show. Null otherwise.
    std::shared_ptr<ClientPush const> push;
    /// Produce with acks=0: there is no response; the connection just goes on. With `close` it is
    /// closed, which is all that the protocol lets such a client see of an error.
    bool silent = false;
    bool close = false;  ///< close the connection after this reply
};

/// Reads one place: the whole body of the entry, or the block. `trimmed`: it is elsewhere by now,
/// or deleted.
using ReadPlace = std::function<std::expected<Slice, journal::Error>(BatchPlace const&)>;

/// From the journal or from L1, whichever the place names. May block.
[[nodiscard]] std::expected<Slice, journal::Error> read_place(journal::Journal& journal,
                                                              journal::ExtentStore& extents,
                                                              BatchPlace const& place);
/// What of it belongs to the place: one batch, or a block of them.
[[nodiscard]] std::expected<Slice, journal::Error> read_batches(ReadPlace const& read,
                                                                BatchPlace const& place);

/// Decodes a frame (without its length) and checks the batches of a Produce request. Validates
/// their records as `validated` says, and compresses them as `wanted` says; null: no topic wants
/// that.
/// The error says why the connection must be closed. A request whose API or version is not
/// known is no error when the protocol has an answer to it (ApiVersions).
[[nodiscard]] std::expected<Request, std::string> prepare(RequestId id, Slice frame,
                                                          std::string peer,
                                                          Compressions const* wanted = nullptr,
                                                          Validations const* validated = nullptr);

/// Completes the reply. A batch that cannot be read becomes that partition's error; the other
/// partitions are not disturbed. One that was moved since the broker decided is no error of a
/// fetch: what is before it is answered, perhaps nothing, and the client asks again.
void fill(Reply& reply, ReadPlace const& read);

}  // namespace klamm::broker
