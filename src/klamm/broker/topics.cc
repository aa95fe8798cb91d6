#include "klamm/broker/topics.h"

#include "klamm/broker/entries.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"

#include <algorithm>
#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

bool allowed_in_name(char c) {
    return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

std::vector<ConfigEntry> to_list(Configs const& configs) {
    std::vector<ConfigEntry> list;
    for (auto const& [name, value] : configs) list.push_back({name, value});
    return list;
}

Refusal too_many(Options const& options) {
    return {ErrorCode::policy_violation, "The broker holds at most " +
                                             std::to_string(options.partitions_max) +
                                             " partitions of all topics together."};
}

bool room_for(Step& step, std::int32_t partitions) {
    return step.state().partitions.size() + std::size_t(partitions) <=
           std::size_t(step.options().partitions_max);
}

Uuid new_topic_id(Step& step) {
    while (true) {
        auto const id = Uuid::random(step.random());
        if (step.state().topic(id) == nullptr) return id;
    }
}

// ---- CreateTopics -------------------------------------------------------------------------

using NewTopic = kafka::CreateTopicsRequest::CreatableTopic;

/// How many partitions are wanted, or why it cannot be.
std::expected<std::int32_t, Refusal> partitions_of(Step& step, NewTopic const& topic) {
    auto const& options = step.options();
    auto const no = [](ErrorCode code, std::string why) {
        return std::unexpected(Refusal{code, std::move(why)});
    };
    if (topic.assignments.empty()) {
        if (topic.num_partitions == 0 || topic.num_partitions < -1)
            return no(ErrorCode::invalid_partitions,
                      "Number of partitions was set to an invalid non-positive value.");
        if (topic.replication_factor == 0 || topic.replication_factor < -1)
            return no(ErrorCode::invalid_replication_factor,
                      "Replication factor must be larger than 0, or -1 to use the default value.");
        if (topic.replication_factor > 1)
            return no(ErrorCode::invalid_replication_factor,
                      "Unable to replicate the partition " +
                          std::to_string(topic.replication_factor) +
                          " time(s): there is one broker.");
        return topic.num_partitions == -1 ? options.num_partitions : topic.num_partitions;
    }
    if (topic.num_partitions != -1 || topic.replication_factor != -1)
        return no(ErrorCode::invalid_request,
                  "With a manual partition assignment, the number of partitions and the "
                  "replication factor must be -1.");
    std::set<std::int32_t> numbers;
    for (auto const& [number, brokers] : topic.assignments) {
        if (brokers != std::vector{options.node_id})
            return no(ErrorCode::invalid_replica_assignment,
                      "The manual partition assignment must name broker " +
                          std::to_string(options.node_id) + " once for each partition.");
        if (number < 0 || !numbers.insert(number).second)
            return no(ErrorCode::invalid_replica_assignment,
                      "The manual partition assignment has partition " + std::to_string(number) +
                          " twice, or it is negative.");
    }
    if (*numbers.rbegin() != std::int32_t(numbers.size()) - 1)
        return no(ErrorCode::invalid_replica_assignment,
                  "Partitions should be a consecutive 0-based integer sequence.");
    return std::int32_t(numbers.size());
}

std::expected<Configs, Refusal> configs_of(NewTopic const& topic) {
    Configs configs;
    for (auto const& [name, value] : topic.configs) {
        auto const* def = find_topic_config(name);
        if (def == nullptr)
            return std::unexpected(
                Refusal{ErrorCode::invalid_config, "Unknown topic config name: " + name});
        if (!value)
            return std::unexpected(Refusal{ErrorCode::invalid_config,
                                           "Null value not supported for topic configs: " + name});
        if (auto why = check_config(*def, *value))
            return std::unexpected(Refusal{ErrorCode::invalid_config, *why});
        configs[name] = *value;
    }
    return configs;
}

using TopicResult = kafka::CreateTopicsResponse::CreatableTopicResult;

void describe_into(TopicResult& result, Step& step, Configs const& configs) {
    constexpr std::int8_t set_on_topic = 1, default_of_broker = 5;
    result.configs.emplace();
    for (auto const& def : topic_configs()) {
        auto const set = configs.find(def.name);
        auto& out = result.configs->emplace_back();
        out.name = def.name;
        out.value = set != configs.end()
                        ? set->second
                        : topic_default(def, step.state().broker_configs, step.options());
        out.config_source = set != configs.end() ? set_on_topic : default_of_broker;
    }
}

std::optional<Refusal> create(Step& step, NewTopic const& wanted, bool validate_only,
                              TopicResult& result) {
    auto const partitions = partitions_of(step, wanted);
    if (is_kept(wanted.name)) return refuse_kept(wanted.name, step.options());
    if (auto why = check_new_topic(step, wanted.name, partitions ? *partitions : 1)) return why;
    if (!partitions) return partitions.error();
    auto const configs = configs_of(wanted);
    if (!configs) return configs.error();
    if (!validate_only) {
        auto const topic = create_topic(step, wanted.name, *partitions, *configs);
        if (!topic) return topic.error();
        result.topic_id = (*topic)->id;
    }
    result.num_partitions = *partitions;
    result.replication_factor = 1;
    describe_into(result, step, *configs);
    return std::nullopt;
}

/// Names that occur more than once in one request.
template <class Items, class Name>
std::set<std::string> twice(Items const& items, Name name_of) {
    std::set<std::string> seen, again;
    for (auto const& item : items) {
        if (!seen.insert(name_of(item)).second) again.insert(name_of(item));
    }
    return again;
}

// ---- DeleteTopics -------------------------------------------------------------------------

using Deleted = kafka::DeleteTopicsResponse::DeletableTopicResult;

void delete_topic(Step& step, Topic const* topic, Deleted& result) {
    result.name = topic->name;
    result.topic_id = topic->id;
    result.error_message.reset();
    if (is_kept(topic->name)) {
        auto const& [code, message] = refuse_kept(topic->name, step.options());
        result.error_code = code;
        result.error_message = message;
        return;
    }
    if (step.commit(encode_entry(TopicDeleted{.topic_id = topic->id}))) return;
    result.error_code = ErrorCode::kafka_storage_error;
    result.error_message = journal_full;
}

Deleted delete_by_name(Step& step, std::string const& name) {
    Deleted result;
    result.name = name;
    if (auto const* topic = step.state().topic(name)) {
        delete_topic(step, topic, result);
    } else {
        result.error_code = ErrorCode::unknown_topic_or_partition;
        result.error_message = "This server does not host this topic-partition.";
    }
    return result;
}

Deleted delete_by_id(Step& step, Uuid const& id) {
    Deleted result;
    result.name.reset();
    result.topic_id = id;
    if (auto const* topic = step.state().topic(id)) {
        delete_topic(step, topic, result);
    } else {
        result.error_code = ErrorCode::unknown_topic_id;
        result.error_message = "This server does not host this topic ID.";
    }
    return result;
}

// ---- CreatePartitions ---------------------------------------------------------------------

using MorePartitions = kafka::CreatePartitionsRequest::CreatePartitionsTopic;

std::optional<Refusal> add_partitions(Step& step, MorePartitions const& wanted,
                                      bool validate_only) {
    auto const* topic = step.state().topic(wanted.name);
    if (topic == nullptr)
        return Refusal{ErrorCode::unknown_topic_or_partition,
                       "This server does not host this topic-partition."};
    if (is_kept(wanted.name)) return refuse_kept(wanted.name, step.options());
    auto const now = std::int32_t(topic->partitions.size());
    auto const more = std::int64_t{wanted.count} - now;
    if (more == 0)
        return Refusal{ErrorCode::invalid_partitions,
                       "Topic already has " + std::to_string(now) + " partition(s)."};
    if (more < 0)
        return Refusal{ErrorCode::invalid_partitions,
                       "The topic " + wanted.name + " currently has " + std::to_string(now) +
                           " partition(s); " + std::to_string(wanted.count) +
                           " would not be an increase."};
    if (wanted.assignments) {
        if (std::int64_t(wanted.assignments->size()) != more)
            return Refusal{
                ErrorCode::invalid_replica_assignment,
                "Attempted to add " + std::to_string(more) + " additional partition(s), but only " +
                    std::to_string(wanted.assignments->size()) + " assignment(s) were specified."};
        for (auto const& [brokers] : *wanted.assignments) {
            if (brokers != std::vector{step.options().node_id})
                return Refusal{ErrorCode::invalid_replica_assignment,
                               "The manual partition assignment must name broker " +
                                   std::to_string(step.options().node_id) +
                                   " once for each partition."};
        }
    }
    if (!room_for(step, std::int32_t(more))) return too_many(step.options());
    if (validate_only) return std::nullopt;
    if (!step.commit(encode_entry(PartitionsAdded{.topic_id = topic->id,
                                                  .first_partition = step.state().next_partition,
                                                  .partitions = std::int32_t(more)})))
        return Refusal{ErrorCode::kafka_storage_error, std::string(journal_full)};
    return std::nullopt;
}

}  // namespace

std::optional<std::string> check_topic_name(std::string_view name, Options const& options) {
    auto const illegal = [&](std::string const& why) {
        return "Topic name is invalid: '" + std::string(name) + "' " + why;
    };
    if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
    if (name == "." || name == "..") return illegal("is not allowed");
    if (name.size() > std::size_t(options.topic_name_bytes_max))
        return "Topic name is invalid: the length is " + std::to_string(name.size()) +
               ", longer than the max allowed length " +
               std::to_string(options.topic_name_bytes_max);
    if (!std::ranges::all_of(name, allowed_in_name))
        return illegal(
            "contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'");
    return std::nullopt;
}

kafka::ErrorCode why_no_topic(std::string_view name, Options const& options) {
    return check_topic_name(name, options) ? ErrorCode::invalid_topic_exception
                                           : ErrorCode::unknown_topic_or_partition;
}

std::optional<Refusal> check_new_topic(Step& step, std::string const& name,
                                       std::int32_t partitions) {
    if (auto why = check_topic_name(name, step.options()))
        return Refusal{ErrorCode::invalid_topic_exception, *why};
    if (step.state().topic(name) != nullptr)
        return Refusal{ErrorCode::topic_already_exists, "Topic '" + name + "' already exists."};
    if (!room_for(step, partitions)) return too_many(step.options());
    return std::nullopt;
}

std::expected<Topic const*, Refusal> create_topic(Step& step, std::string const& name,
                                                  std::int32_t partitions, Configs const& configs) {
    if (auto why = check_new_topic(step, name, partitions)) return std::unexpected(*why);
    auto const done =
        step.commit(encode_entry(TopicCreated{.name = name,
                                              .topic_id = new_topic_id(step),
                                              .first_partition = step.state().next_partition,
                                              .partitions = partitions,
                                              .configs = to_list(configs),
                                              .created_ms = step.now().wall_ms}));
    if (!done)
        return std::unexpected(Refusal{ErrorCode::kafka_storage_error, std::string(journal_full)});
    return step.state().topic(name);
}

void handle(Step& step, Request const& request, kafka::CreateTopicsRequest const& create_topics) {
    kafka::CreateTopicsResponse response;
    auto const again = twice(create_topics.topics, [](auto const& t) { return t.name; });
    for (auto const& name : again) {
        auto& result = response.topics.emplace_back();
        result.name = name;
        result.error_code = ErrorCode::invalid_request;
        result.error_message = "Duplicate topic name.";
    }
    for (auto const& wanted : create_topics.topics) {
        if (again.contains(wanted.name)) continue;
        auto& result = response.topics.emplace_back();
        result.name = wanted.name;
        result.error_message.reset();
        auto const refused = create(step, wanted, create_topics.validate_only, result);
        if (!refused) continue;
        result.error_code = refused->code;
        result.error_message = refused->message;
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::DeleteTopicsRequest const& delete_topics) {
    kafka::DeleteTopicsResponse response;
    for (auto const& name : delete_topics.topic_names)
        response.responses.push_back(delete_by_name(step, name));
    for (auto const& [name, id] : delete_topics.topics) {
        if (name && !id.is_none()) {
            auto& result = response.responses.emplace_back();
            result.name = name;
            result.topic_id = id;
            result.error_code = ErrorCode::invalid_request;
            result.error_message = "You may not specify both topic name and topic id.";
        } else {
            response.responses.push_back(name ? delete_by_name(step, *name)
                                              : delete_by_id(step, id));
        }
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request,
            kafka::CreatePartitionsRequest const& create_partitions) {
    kafka::CreatePartitionsResponse response;
    auto const again = twice(create_partitions.topics, [](auto const& t) { return t.name; });
    for (auto const& name : again) {
        auto& result = response.results.emplace_back();
        result.name = name;
        result.error_code = ErrorCode::invalid_request;
        result.error_message = "Duplicate topic name.";
    }
    for (auto const& wanted : create_partitions.topics) {
        if (again.contains(wanted.name)) continue;
        auto& result = response.results.emplace_back();
        result.name = wanted.name;
        auto const refused = add_partitions(step, wanted, create_partitions.validate_only);
        if (!refused) continue;
        result.error_code = refused->code;
        result.error_message = refused->message;
    }
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
