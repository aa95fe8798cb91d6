// bus/embedded_producer.h - transactions of KIP-890, one after the other.
//
//     commit ─▶ learn topics ─▶ Produce, round by round ─┐
//                           └─▶ TxnOffsetCommit ─────────┴─▶ EndTxn ─▶ done
//
// A transaction begins at the broker with the first thing written; its epoch is its name, so that
// nothing that comes late counts for the next one. EndTxn counts the epoch up, and may be asked
// again when its answer was lost.
#pragma once

#include "klamm/bus/setting.h"

namespace klamm::bus {

std::unique_ptr<Producer> make_embedded_producer(std::shared_ptr<Setting> setting,
                                                 ProducerOptions options);

}  // namespace klamm::bus
