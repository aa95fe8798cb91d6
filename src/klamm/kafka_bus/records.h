// kafka_bus/records.h - records of the bus as librdkafka's messages, and back.
#pragma once

#include "klamm/kafka_bus/handles.h"

#include <span>
#include <vector>

namespace klamm::kafka_bus {

/// Copies: librdkafka's messages must not outlive their client. The bytes of all of them share one
/// buffer.
std::vector<bus::Record> to_records(std::span<MessagePtr const> messages);

/// Puts a copy into the producer's queue. _QUEUE_FULL: poll, and try again. `opaque` comes back
/// with the delivery report.
rd_kafka_resp_err_t produce(rd_kafka_t* rk, bus::Outgoing const& record, void* opaque);

}  // namespace klamm::kafka_bus
