// DescribeConfigs, AlterConfigs and IncrementalAlterConfigs: of topics, of the broker, of groups,
// and of what is asked of clients' metrics.
#include "klamm/broker/config.h"

#include "klamm/broker/entries.h"
#include "klamm/broker/groups/group_config.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/state.h"
#include "klamm/broker/storage_report.h"
#include "klamm/broker/telemetry/subscriptions.h"
#include "klamm/broker/topics.h"

#include <algorithm>
#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

/// Kinds of resources, and where a value comes from, in the numbers of the protocol.
enum : std::int8_t {
    topic_resource = 2,
    broker_resource = 4,
    client_metrics_resource = 16,
    group_resource = 32,
};
enum : std::int8_t {
    from_topic = 1,
    from_broker = 2,
    from_default = 5,
    from_client_metrics = 7,
    from_group = 8,
};

Refusal wrong_resource(std::int8_t type) {
    return {ErrorCode::invalid_request, "Resource type " + std::to_string(type) +
                                            " has no configs here: topics (2), brokers (4), "
                                            "client metrics (16) and groups (32) have."};
}

/// What a name of a resource means: a topic, a group, what is asked of clients, or the broker.
struct Resource {
    enum class Kind : std::uint8_t { broker, topic, group, client_metrics };
    Kind kind = Kind::broker;
    Topic const* topic = nullptr;  ///< of a topic
    std::string name{};            ///< of a group or of client metrics, which need not exist
    bool cluster = false;          ///< the defaults of all brokers: an empty name

    bool is(Kind wanted) const { return kind == wanted; }
};
using Kind = Resource::Kind;

std::expected<Resource, Refusal> find_resource(Step& step, std::int8_t type,
                                               std::string const& name) {
    if (type == topic_resource) {
        if (auto const* topic = step.state().topic(name))
            return Resource{.kind = Kind::topic, .topic = topic};
        if (auto const why = check_topic_name(name, step.options()))
            return std::unexpected(Refusal{ErrorCode::invalid_topic_exception, *why});
        return std::unexpected(
            Refusal{ErrorCode::unknown_topic_or_partition, "Topic '" + name + "' does not exist."});
    }
    if (type == group_resource) {
        if (!name.empty()) return Resource{.kind = Kind::group, .name = name};
        return std::unexpected(
            Refusal{ErrorCode::invalid_request, "Group name must not be empty."});
    }
    if (type == client_metrics_resource) {
        if (!name.empty() && name.size() <= client_metrics_text_bytes_max)
            return Resource{.kind = Kind::client_metrics, .name = name};
        return std::unexpected(
            Refusal{ErrorCode::invalid_request,
                    name.empty() ? "Client metrics subscription name must not be empty"
                                 : "Client metrics subscription name is longer than " +
                                       std::to_string(client_metrics_text_bytes_max) + " bytes."});
    }
    if (type != broker_resource) return std::unexpected(wrong_resource(type));
    if (name.empty()) return Resource{.cluster = true};
    if (name == std::to_string(step.options().node_id)) return Resource{};
    return std::unexpected(
        Refusal{ErrorCode::invalid_request, "Unexpected broker id, expected " +
                                                std::to_string(step.options().node_id) +
                                                " or empty string, but received " + name + "."});
}

// ---- describing -----------------------------------------------------------------------------

using Described = kafka::DescribeConfigsResponse::DescribeConfigsResourceResult;
using Synonym = kafka::DescribeConfigsResponse::DescribeConfigsSynonym;

std::string default_of(Step& step, Resource const& resource, ConfigDef const& def) {
    return resource.is(Kind::group) ? group_default(def, step.options())
                                    : std::string(def.default_value);
}

/// What was set for the resource.
Configs const& configs_of(Step& step, Resource const& resource) {
    static Configs const none;
    switch (resource.kind) {
        case Kind::broker:
            return step.state().broker_configs;
        case Kind::topic:
            return resource.topic->configs;
        case Kind::group:
            return step.state().groups.configs(resource.name);
        case Kind::client_metrics: {
            auto const& all = step.state().client_metrics;
            auto const found = all.find(resource.name);
            return found == all.end() ? none : found->second;
        }
    }
    return none;
}

std::int8_t source_of(Resource const& resource) {
    switch (resource.kind) {
        case Kind::topic:
            return from_topic;
        case Kind::group:
            return from_group;
        case Kind::client_metrics:
            return from_client_metrics;
        case Kind::broker:
            break;
    }
    return from_broker;
}

/// Where a value can come from, the strongest first.
std::vector<Synonym> sources(Step& step, Resource const& resource, ConfigDef const& def) {
    std::vector<Synonym> found;
    if (!resource.is(Kind::broker)) {
        auto const& own = configs_of(step, resource);
        if (auto const set = own.find(def.name); set != own.end())
            found.push_back({set->first, set->second, source_of(resource)});
    }
    auto const broker_name = resource.is(Kind::broker) ? def.name : def.broker_name;
    auto const& dynamic = step.state().broker_configs;
    if (auto const set = dynamic.find(broker_name); set != dynamic.end())
        found.push_back({set->first, set->second, from_broker});
    auto const* broker_def = find_broker_config(broker_name);
    found.push_back({std::string(broker_def == nullptr ? def.name : broker_name),
                     broker_def == nullptr ? default_of(step, resource, def)
                                           : broker_default(*broker_def, step.options()),
                     from_default});
    return found;
}

Described describe(Step& step, kafka::DescribeConfigsRequest const& request,
                   Resource const& resource, ConfigDef const& def) {
    Described out;
    auto synonyms = sources(step, resource, def);
    out.name = def.name;
    out.value = synonyms.front().value;
    out.config_source = synonyms.front().source;
    out.read_only = resource.is(Kind::broker) && !def.dynamic;
    out.config_type = std::int8_t(def.type);
    out.is_sensitive = def.type == ConfigType::password;
    if (out.is_sensitive) {
        out.value.reset();
        for (auto& synonym : synonyms) synonym.value.reset();
    }
    out.documentation.reset();
    if (request.include_documentation) out.documentation = def.documentation;
    if (request.include_synonyms) out.synonyms = std::move(synonyms);
    return out;
}

std::span<ConfigDef const> configs_for(Resource const& resource) {
    switch (resource.kind) {
        case Kind::topic:
            return topic_configs();
        case Kind::group:
            return group_configs();
        case Kind::client_metrics:
            return client_metrics_configs();
        case Kind::broker:
            break;
    }
    return broker_configs();
}

/// No config, but what a topic's storage has come to; for whoever asks for it by its name.
Described report(Step& step, Topic const& topic) {
    constexpr std::int8_t default_source = 5;
    Described out;
    out.name = report_config;
    out.value = step.report(topic);
    out.config_source = default_source;
    out.read_only = true;
    out.config_type = std::int8_t(ConfigType::string);
    out.documentation.reset();
    return out;
}

// ---- altering -------------------------------------------------------------------------------

ConfigDef const* find_def(Resource const& resource, std::string_view name) {
    auto const all = configs_for(resource);
    auto const found = std::ranges::find(all, name, &ConfigDef::name);
    return found == all.end() ? nullptr : &*found;
}

std::string_view kind_of(Resource const& resource) {
    switch (resource.kind) {
        case Kind::topic:
            return "topic";
        case Kind::group:
            return "group";
        case Kind::client_metrics:
            return "client metrics";
        case Kind::broker:
            break;
    }
    return "broker";
}

std::optional<Refusal> check_change(Resource const& resource, std::string const& name,
                                    std::optional<std::string> const& value) {
    auto const* def = find_def(resource, name);
    if (def == nullptr)
        return Refusal{resource.is(Kind::client_metrics) ? ErrorCode::invalid_request
                                                         : ErrorCode::invalid_config,
                       "Unknown " + std::string(kind_of(resource)) + " config name: " + name};
    if (resource.is(Kind::broker) && !def->dynamic)
        return Refusal{ErrorCode::invalid_request,
                       "Cannot update " + name + " while the broker runs."};
    if (!value) return std::nullopt;
    if (resource.is(Kind::client_metrics)) return check_client_metrics_config(*def, *value);
    if (auto why = check_config(*def, *value)) return Refusal{ErrorCode::invalid_config, *why};
    return std::nullopt;
}

Bytes entry_of(Resource const& resource, std::vector<ConfigEntry> configs) {
    switch (resource.kind) {
        case Kind::topic:
            return encode_entry(
                TopicConfigured{.topic_id = resource.topic->id, .configs = std::move(configs)});
        case Kind::group:
            return encode_entry(GroupConfigured{resource.name, std::move(configs)});
        case Kind::client_metrics:
            return encode_entry(ClientMetricsConfigured{resource.name, std::move(configs)});
        case Kind::broker:
            break;
    }
    return encode_entry(BrokerConfigured{.configs = std::move(configs)});
}

/// Journals the configs of a resource as they are to be from now on.
std::optional<Refusal> store(Step& step, Resource const& resource, Configs const& configs) {
    if (configs == configs_of(step, resource)) return std::nullopt;
    auto const& groups = step.state().groups.all_configs();
    if (resource.is(Kind::group) && !groups.contains(resource.name) &&
        groups.size() >= configured_groups_max)
        return Refusal{ErrorCode::policy_violation, "Too many groups have configs."};
    auto const& client_metrics = step.state().client_metrics;
    if (resource.is(Kind::client_metrics) && !client_metrics.contains(resource.name) &&
        client_metrics.size() >= client_metrics_subscriptions_max)
        return Refusal{ErrorCode::policy_violation, "Too many client metrics subscriptions."};
    std::vector<ConfigEntry> list;
    for (auto const& [name, value] : configs) list.push_back({name, value});
    if (step.commit(entry_of(resource, std::move(list)))) return std::nullopt;
    return Refusal{ErrorCode::kafka_storage_error, std::string(journal_full)};
}

/// All that is not named goes back to its default.
std::expected<Configs, Refusal> replaced(
    Step&, Resource const& resource,
    kafka::AlterConfigsRequest::AlterConfigsResource const& wanted) {
    Configs configs;
    for (auto const& [name, value] : wanted.configs) {
        if (auto why = check_change(resource, name, value)) return std::unexpected(*why);
        if (value) configs[name] = *value;
    }
    return configs;
}

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> list;
    while (!text.empty()) {
        auto const end = std::min(text.find(','), text.size());
        auto word = text.substr(0, end);
        while (word.starts_with(' ')) word.remove_prefix(1);
        while (word.ends_with(' ')) word.remove_suffix(1);
        if (!word.empty()) list.emplace_back(word);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

std::string joined(std::vector<std::string> const& list) {
    std::string text;
    for (auto const& word : list) text += (text.empty() ? "" : ",") + word;
    return text;
}

std::string current(Step& step, Resource const& resource, ConfigDef const& def) {
    auto const& configs = configs_of(step, resource);
    if (auto const set = configs.find(def.name); set != configs.end()) return set->second;
    if (resource.is(Kind::topic))
        return topic_default(def, step.state().broker_configs, step.options());
    return resource.is(Kind::broker) ? broker_default(def, step.options())
                                     : default_of(step, resource, def);
}

enum class Operation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

std::expected<std::string, Refusal> changed_list(ConfigDef const& def, std::string const& before,
                                                 Operation operation, std::string const& value) {
    if (def.type != ConfigType::list)
        return std::unexpected(Refusal{
            ErrorCode::invalid_config,
            "Can't append to or subtract from '" + std::string(def.name) + "': it is no list."});
    auto list = words(before);
    for (auto const& word : words(value)) {
        auto const at = std::ranges::find(list, word);
        if (operation == Operation::append && at == list.end()) list.push_back(word);
        if (operation == Operation::subtract && at != list.end()) list.erase(at);
    }
    return joined(list);
}

using Increment = kafka::IncrementalAlterConfigsRequest::AlterableConfig;

/// One change, on top of those before it.
std::optional<Refusal> change(Step& step, Resource const& resource, Increment const& wanted,
                              Configs& configs) {
    auto const& [name, number, value] = wanted;
    auto const operation = Operation(number);
    auto const* def = find_def(resource, name);
    if (auto why = check_change(resource, name, std::nullopt)) return why;
    if (operation == Operation::remove) {
        configs.erase(name);
        return std::nullopt;
    }
    if (operation > Operation::subtract || operation < Operation::set)
        return Refusal{ErrorCode::invalid_request,
                       "Unknown operation " + std::to_string(number) + " on config " + name + "."};
    if (!value)
        return Refusal{ErrorCode::invalid_request, "Null value not supported for : " + name};
    auto next = *value;
    if (operation != Operation::set) {
        auto const set = configs.find(name);
        auto const before = set != configs.end() ? set->second : current(step, resource, *def);
        auto const list = changed_list(*def, before, operation, *value);
        if (!list) return list.error();
        next = *list;
    }
    if (auto why = check_change(resource, name, next)) return why;
    configs[name] = next;
    return std::nullopt;
}

std::expected<Configs, Refusal> replaced(
    Step& step, Resource const& resource,
    kafka::IncrementalAlterConfigsRequest::AlterConfigsResource const& wanted) {
    auto configs = configs_of(step, resource);
    std::set<std::string> names;
    for (auto const& increment : wanted.configs) {
        if (!names.insert(increment.name).second)
            return std::unexpected(Refusal{ErrorCode::invalid_request,
                                           "Config " + increment.name + " is changed twice."});
        if (auto why = change(step, resource, increment, configs)) return std::unexpected(*why);
    }
    return configs;
}

/// Both ways of altering differ in how the new configs follow from the old ones, and in nothing
/// else.
template <class Response, class AlterRequest>
void alter(Step& step, Request const& request, AlterRequest const& wanted) {
    Response response;
    for (auto const& resource : wanted.resources) {
        auto& out = response.responses.emplace_back();
        out.resource_type = resource.resource_type;
        out.resource_name = resource.resource_name;
        out.error_message.reset();
        auto const refuse = [&](Refusal const& why) {
            out.error_code = why.code;
            out.error_message = why.message;
        };
        auto const found = find_resource(step, resource.resource_type, resource.resource_name);
        if (!found) {
            refuse(found.error());
            continue;
        }
        auto const configs = replaced(step, *found, resource);
        if (!configs) {
            refuse(configs.error());
            continue;
        }
        if (found->is(Kind::group)) {
            if (auto const why = check_group_configs(*configs, step.options())) {
                refuse({ErrorCode::invalid_config, *why});
                continue;
            }
        }
        if (wanted.validate_only) continue;
        if (auto const why = store(step, *found, *configs)) refuse(*why);
    }
    answer(step, request, std::move(response));
}

}  // namespace

void handle(Step& step, Request const& request,
            kafka::DescribeConfigsRequest const& describe_configs) {
    kafka::DescribeConfigsResponse response;
    for (auto const& resource : describe_configs.resources) {
        auto& out = response.results.emplace_back();
        out.resource_type = resource.resource_type;
        out.resource_name = resource.resource_name;
        out.error_message.reset();
        auto const found = find_resource(step, resource.resource_type, resource.resource_name);
        if (!found) {
            out.error_code = found.error().code;
            out.error_message = found.error().message;
            continue;
        }
        auto const& keys = resource.configuration_keys;
        auto const& dynamic = step.state().broker_configs;
        for (auto const& def : configs_for(*found)) {
            if (keys && !keys->empty() && std::ranges::find(*keys, def.name) == keys->end())
                continue;
            if (found->cluster && dynamic.find(def.name) == dynamic.end()) continue;
            out.configs.push_back(describe(step, describe_configs, *found, def));
        }
        if (found->topic != nullptr && keys && std::ranges::count(*keys, report_config) > 0)
            out.configs.push_back(report(step, *found->topic));
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::AlterConfigsRequest const& wanted) {
    alter<kafka::AlterConfigsResponse>(step, request, wanted);
}

void handle(Step& step, Request const& request,
            kafka::IncrementalAlterConfigsRequest const& wanted) {
    alter<kafka::IncrementalAlterConfigsResponse>(step, request, wanted);
}

}  // namespace klamm::broker
