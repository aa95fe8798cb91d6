// broker/validation/validation_story.h - for tests: a broker with schemas, and who sends it
// records.
#pragma once

#include "klamm/broker/transactions/transactions_fixture.h"
#include "klamm/broker/validation/validation_fixture.h"

#include <string>
#include <vector>

namespace klamm::broker {

class ValidationStory : public TransactionsStory {
public:
    /// Without `prepared` the broker itself must look at the records.
    explicit ValidationStory(bool prepared = true) { prepares = prepared; }

    void registers(registry::Record const& record) {
        auto const done = broker->change_registry(broker->registry().version(), {&record, 1}, now);
        ensure(done.has_value());
        sync();
    }
    Produced sends(std::string const& topic, std::vector<records::Record> const& records,
                   records::BatchOptions const& how = {}) {
        return produce_batch(topic, records::build(records, how));
    }
    /// In a transaction of `from`, which goes on counting when the batch was taken.
    kafka::ErrorCode writes(TestProducer& from, std::string const& topic,
                            std::vector<records::Record> const& records,
                            records::Codec codec = records::Codec::none) {
        auto& sequence = from.sequences[{topic, 0}];
        auto request = produce_request(topic, 0,
                                       records::build(records, {.codec = codec,
                                                                .producer_id = from.name.id,
                                                                .producer_epoch = from.name.epoch,
                                                                .base_sequence = sequence,
                                                                .transactional = true}));
        request.transactional_id = from.transactional_id;
        auto const error = ask(request, 12).responses.at(0).partition_responses.at(0).error_code;
        if (error == kafka::ErrorCode::none) sequence += std::int32_t(records.size());
        return error;
    }
    /// Offsets between its ends.
    std::int64_t stored(std::string const& topic) {
        return list_offset(topic, -1) - list_offset(topic, -2);
    }
    kafka::ErrorCode configure(std::string const& topic, std::string const& config,
                               std::string const& value) {
        kafka::IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = 2;
        resource.resource_name = topic;
        resource.configs.push_back({.name = config, .config_operation = 0, .value = value});
        return ask(request).responses.at(0).error_code;
    }
};

}  // namespace klamm::broker
