// broker/transactions/initialize.cc - InitProducerId: an id, an epoch, and nobody else has them.
#include "klamm/broker/handlers.h"
#include "klamm/broker/transactions/transactions.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

constexpr kafka::ApiVersion fenced_from = 4;

ErrorCode check(Step& step, kafka::InitProducerIdRequest const& init) {
    auto const& id = *init.transactional_id;
    if (id.empty() || id.size() > transactional_id_bytes_max) return ErrorCode::invalid_request;
    if ((init.producer_id < 0) != (init.producer_epoch < 0)) return ErrorCode::invalid_request;
    auto const timeout_max = step.options().transaction_max_timeout_ms.count();
    if (init.transaction_timeout_ms <= 0 || init.transaction_timeout_ms > timeout_max)
        return ErrorCode::invalid_transaction_timeout;
    auto const& all = step.state().transactions.all();
    if (all.size() >= transactional_ids_max && !all.contains(id))
        return ErrorCode::policy_violation;
    return ErrorCode::none;
}

}  // namespace

ErrorCode check_producer(Transaction const* transaction, Incarnation const& producer) {
    if (transaction == nullptr || transaction->producer.id != producer.id)
        return ErrorCode::invalid_producer_id_mapping;
    return transaction->producer.epoch == producer.epoch ? ErrorCode::none
                                                         : ErrorCode::producer_fenced;
}

/// A producer that names its id and epoch goes on after an error, and may ask twice when an
/// answer was lost; it must not fence its successor. One that names none is new.
ErrorCode Transactions::initialize(Step& step, kafka::InitProducerIdRequest const& init,
                                   Incarnation& given) {
    auto const& id = *init.transactional_id;
    Incarnation const claimed{init.producer_id, init.producer_epoch};
    auto const* known = step.state().transactions.find(id);
    if (known != nullptr && claimed.known()) {
        if (claimed == known->before) return given = known->producer, ErrorCode::none;
        if (claimed != known->producer) return ErrorCode::producer_fenced;
    }
    Incarnation next;
    if (known != nullptr && known->producer.epoch < last_epoch) {
        next = {known->producer.id, std::int16_t(known->producer.epoch + 1)};
    } else {
        auto const new_id = ids_.take(step);
        if (!new_id) return ErrorCode::coordinator_load_in_progress;
        next = {*new_id, 0};
    }
    auto const before = known != nullptr && claimed.known() ? claimed : Incarnation{};
    auto error = ErrorCode::none;
    if (known != nullptr && known->ongoing()) {
        auto ending = fence(*known);
        ending.status = TransactionStatus::empty;
        ending.producer = next;
        ending.before = before;
        ending.timeout_ms = init.transaction_timeout_ms;
        error = end_transaction(step, *known, ending);
    } else if (!step.commit(
                   encode_entry(ProducerInitialized{.transactional_id = id,
                                                    .producer = next,
                                                    .before = before,
                                                    .timeout_ms = init.transaction_timeout_ms,
                                                    .initialized_ms = step.now().wall_ms}))) {
        error = ErrorCode::coordinator_not_available;
    }
    if (error == ErrorCode::none) given = next;
    return error;
}

void Transactions::initialize(Step& step, Request const& request,
                              kafka::InitProducerIdRequest const& init) {
    kafka::InitProducerIdResponse response;
    Incarnation given;
    if (!init.transactional_id) {
        auto const id = ids_.take(step);
        if (id) given = {*id, 0};
        if (!id) response.error_code = ErrorCode::coordinator_load_in_progress;  // all retry it
    } else {
        response.error_code = check(step, init);
        if (response.error_code == ErrorCode::none)
            response.error_code = initialize(step, init, given);
        if (response.error_code == ErrorCode::none) {
            control_.forget(*init.transactional_id);
            offsets_.forget(*init.transactional_id);
        }
    }
    if (response.error_code == ErrorCode::producer_fenced &&
        request.header.api_version < fenced_from)
        response.error_code = ErrorCode::invalid_producer_epoch;
    response.producer_id = given.id;
    response.producer_epoch = given.epoch;
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
