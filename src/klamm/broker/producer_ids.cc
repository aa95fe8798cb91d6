#include "klamm/broker/producer_ids.h"

#include "klamm/broker/entries.h"
#include "klamm/broker/state.h"

namespace klamm::broker {

std::optional<std::int64_t> ProducerIds::take(Step& step) {
    if (next_ == end_) {
        auto const first = step.state().next_producer_id;
        if (!step.commit(encode_entry(ProducerIdGiven{.next_producer_id = first + block})))
            return std::nullopt;
        next_ = first;
        end_ = first + block;
    }
    return next_++;
}

}  // namespace klamm::broker
