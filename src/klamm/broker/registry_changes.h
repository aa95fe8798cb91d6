// broker/registry_changes.h - the schema registry inside the broker: its changes are the records of
// the topic _schemas.
//
//   records ──▶ one batch ──▶ one entry ──▶ apply(): the topic has a batch more, and its records
//                                            are folded into State::registry
//
// So the topic and the registry cannot disagree, a change is durable when its entry is, and a
// crash leaves all records of a change or none. doc/decisions/0010.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/notice.h"
#include "klamm/broker/registry_refusal.h"
#include "klamm/broker/state.h"
#include "klamm/broker/step.h"
#include "klamm/registry/state.h"

#include <cstdint>
#include <deque>
#include <expected>
#include <span>
#include <string>

namespace klamm::broker {

/// What one batch of _schemas says. Total: what is no record of a registry is passed over.
void fold(registry::State& registry, ByteView batch);

/// Journals the records as one batch, if the registry still has the version `expected`. Makes the
/// topic before the first. Requires records.
[[nodiscard]] std::expected<journal::Position, RegistryRefusal> change_registry(
    Step& step, std::uint64_t expected, std::span<registry::Record const> records);

/// Folds what the topic had before there was a registry, as far as it is in the journal. Returns
/// how many offsets are in L1 files, and were not read. Blocks.
std::int64_t read_old_schemas(State& state, journal::Journal& journal);

Notice schemas_not_read(std::int64_t records, std::int64_t now_ms);

/// The registry as readers may see it: only what is durable.
class DurableRegistry {
public:
    void start(registry::State const& all) { shown_ = all; }
    /// Requires growing positions.
    void changed(journal::Position at, registry::State const& now) { hidden_.push_back({at, now}); }
    void durable(journal::Position position) {
        for (; !hidden_.empty() && hidden_.front().at < position; hidden_.pop_front())
            shown_ = std::move(hidden_.front().state);
    }
    registry::State const& shown() const { return shown_; }

private:
    struct Hidden {
        journal::Position at{};
        registry::State state;
    };
    registry::State shown_;
    std::deque<Hidden> hidden_;  ///< as many as there are changes in one commit
};

}  // namespace klamm::broker
