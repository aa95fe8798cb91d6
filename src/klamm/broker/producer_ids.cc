#include "klamm/broker/producer_ids.h"

#include "klamm/broker/entries.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/state.h"

namespace klamm::broker {

using kafka::ErrorCode;

void ProducerIds::handle(Step& step, Request const& request,
                         kafka::InitProducerIdRequest const& init) {
    kafka::InitProducerIdResponse response;
    if (init.transactional_id) {
        // INVALID_REQUEST is final for every client; the codes about coordinators would be retried.
        response.error_code = ErrorCode::invalid_request;
        response.producer_epoch = -1;
        return answer(step, request, std::move(response), After::nothing);
    }
    if (next_ == end_) {
        auto const first = step.state().next_producer_id;
        if (!step.commit(encode_entry(ProducerIdGiven{.next_producer_id = first + block}))) {
            response.error_code = ErrorCode::coordinator_load_in_progress;  // retriable everywhere
            response.producer_epoch = -1;
            return answer(step, request, std::move(response), After::nothing);
        }
        next_ = first;
        end_ = first + block;
    }
    response.producer_id = next_++;
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
