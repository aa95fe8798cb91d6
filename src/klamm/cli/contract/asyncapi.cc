#include "klamm/cli/contract/asyncapi.h"

#include "klamm/cli/contract/payload_schema.h"
#include "klamm/cli/contract/references.h"
#include "klamm/cli/contract/yaml.h"
#include "klamm/json/pointer.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::cli {
namespace {

constexpr std::string_view channels_pointer = "/channels";
constexpr std::size_t topic_bytes_max = 249;

bool is_topic_name(std::string_view name) {
    return !name.empty() && name.size() <= topic_bytes_max && name != "." && name != ".." &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

/// The names in {} of an address.
std::vector<std::string> parameters_in(std::string_view address) {
    std::vector<std::string> names;
    for (auto open = address.find('{'); open != address.npos; open = address.find('{', open + 1)) {
        auto const close = address.find('}', open);
        if (close == address.npos) break;
        names.emplace_back(address.substr(open + 1, close - open - 1));
    }
    return names;
}

class Reading {
public:
    Reading(json::Value const& document, Load const& load, std::vector<Problem>& problems)
        : document_(document), load_(load), problems_(problems) {}

    Contract read() {
        auto const* info = document_.find("info");
        contract_.title = *info->find_string("title");
        contract_.version = *info->find_string("version");
        if (auto const* channels = document_.find_object("channels"))
            for (auto const& [name, channel] : *channels) add_channel(name, channel);
        if (auto const* operations = document_.find_object("operations"))
            for (auto const& [name, operation] : *operations) add_operation(name, operation);
        return std::move(contract_);
    }

private:
    void problem(std::string pointer, std::string why) {
        problems_.push_back({std::move(pointer), std::move(why)});
    }
    /// What stands there, or what is referred to. Its form was checked: it is there.
    Target resolved(json::Value const& value, std::string pointer) const {
        auto target = follow(document_, value, pointer);
        return target ? std::move(*target) : Target{&value, std::move(pointer)};
    }

    bool on_kafka(json::Value const& server) const {
        auto const target = resolved(server, "");
        auto const* protocol = target.value->find_string("protocol");
        return protocol != nullptr && protocol->starts_with("kafka");
    }
    /// Whether a channel is on Kafka: one of its servers is, or the document names none.
    bool on_kafka_channel(json::Value const& channel) const {
        if (auto const* own = channel.find_array("servers"); own != nullptr && !own->empty())
            return std::ranges::any_of(*own, [&](auto const& one) { return on_kafka(one); });
        auto const* all = document_.find_object("servers");
        return all == nullptr || all->empty() ||
               std::ranges::any_of(*all, [&](auto const& one) { return on_kafka(one.value); });
    }

    std::string topic_of(json::Value const& channel, std::string const& name,
                         std::string const& pointer) {
        auto const* address = channel.find("address");
        auto const* bindings = channel.find("bindings");
        auto const bound = bindings == nullptr ? Target{} : resolved(*bindings, "");
        auto const* kafka = bound.value == nullptr ? nullptr : bound.value->find("kafka");
        auto topic = kafka == nullptr ? nullptr : kafka->find_string("topic");
        auto where = json::pointer_to(pointer, "address");
        if (topic == nullptr) {
            if (address != nullptr && address->is_null()) return {};  // known at run time only
            if (address == nullptr)
                topic = &name;
            else
                topic = &address->string();
            check_parameters(channel, *topic, where);
            if (!parameters_in(*topic).empty()) return {};
        }
        if (is_topic_name(*topic)) return *topic;
        problem(where, fmt::format("'{}' is no name of a Kafka topic (letters, digits, . _ -); "
                                   "bindings.kafka.topic can name another one",
                                   *topic));
        return {};
    }
    void check_parameters(json::Value const& channel, std::string const& address,
                          std::string const& pointer) {
        auto const used = parameters_in(address);
        auto const* parameters = channel.find("parameters");
        for (auto const& name : used)
            if (parameters == nullptr || parameters->find(name) == nullptr)
                problem(pointer, fmt::format("the parameter {{{}}} is not described", name));
        if (parameters == nullptr) return;
        for (auto const& [name, parameter] : parameters->object())
            if (std::ranges::find(used, name) == used.end())
                problem(pointer, fmt::format("the parameter '{}' is not in the address", name));
    }

    void add_channel(std::string const& name, json::Value const& given) {
        auto const pointer = json::pointer_to(channels_pointer, name);
        auto const channel = resolved(given, pointer);
        ChannelContract out{.name = name, .pointer = pointer, .topic = {}, .messages = {}};
        if (on_kafka_channel(*channel.value))
            out.topic = topic_of(*channel.value, name, channel.pointer);
        if (auto const* messages = channel.value->find_object("messages"))
            for (auto const& [key, message] : *messages)
                out.messages.push_back(read_message(
                    key, message,
                    json::pointer_to(json::pointer_to(channel.pointer, "messages"), key)));
        contract_.channels.push_back(std::move(out));
    }

    MessageContract read_message(std::string const& name, json::Value const& given,
                                 std::string pointer) {
        auto const message = resolved(given, std::move(pointer));
        MessageContract out{.name = name,
                            .pointer = message.pointer,
                            .type = {},
                            .schema = {},
                            .schema_pointer = {},
                            .examples = {}};
        if (auto const* payload = message.value->find("payload")) {
            auto read = payload_schema(document_, *payload,
                                       json::pointer_to(message.pointer, "payload"), load_);
            if (read) {
                out.type = read->type;
                out.schema = std::move(read->text);
                out.schema_pointer = std::move(read->pointer);
            } else {
                problems_.push_back(std::move(read.error()));
            }
        }
        if (auto const* examples = message.value->find_array("examples"))
            for (auto const& example : *examples)
                if (auto const* payload = example.find("payload"))
                    out.examples.push_back(json::print(*payload));
        return out;
    }

    void add_operation(std::string const& name, json::Value const& given) {
        auto const pointer = json::pointer_to("/operations", name);
        auto const operation = resolved(given, pointer);
        OperationContract out{.name = name,
                              .pointer = operation.pointer,
                              .action = *operation.value->find_string("action") == "send"
                                            ? Action::send
                                            : Action::receive,
                              .channel = 0,
                              .messages = {}};
        auto const& to = *reference_in(*operation.value->find("channel"));
        auto const channel = channel_at(to);
        if (channel == contract_.channels.size())
            return problem(
                json::pointer_to(operation.pointer, "channel"),
                fmt::format("'{}' is none of the document's channels (#/channels/…)", to));
        out.channel = channel;
        add_messages(*operation.value, out);
        contract_.operations.push_back(std::move(out));
    }
    std::size_t channel_at(std::string_view reference) const {
        auto const pointer = pointer_of(reference);
        auto const found = std::ranges::find_if(contract_.channels, [&](auto const& channel) {
            return pointer && channel.pointer == *pointer;
        });
        return std::size_t(found - contract_.channels.begin());
    }
    /// Those that the operation names; without a list all of its channel.
    void add_messages(json::Value const& operation, OperationContract& out) {
        auto const& channel = contract_.channels[out.channel];
        auto const* named = operation.find_array("messages");
        if (named == nullptr) {
            for (std::size_t i = 0; i < channel.messages.size(); ++i) out.messages.push_back(i);
            return;
        }
        for (auto const& one : *named) {
            auto const target = pointer_of(*reference_in(one));
            auto const prefix = json::pointer_to(channel.pointer, "messages");
            auto const found =
                std::ranges::find_if(channel.messages, [&](MessageContract const& message) {
                    return target && *target == json::pointer_to(prefix, message.name);
                });
            if (found == channel.messages.end())
                problem(json::pointer_to(out.pointer, "messages"),
                        fmt::format("'{}' is none of the messages of channel '{}' ({}/…)",
                                    *reference_in(one), channel.name, "#" + prefix));
            else
                out.messages.push_back(std::size_t(found - channel.messages.begin()));
        }
    }

    json::Value const& document_;
    Load const& load_;
    std::vector<Problem>& problems_;
    Contract contract_;
};

}  // namespace

Contract read_contract(json::Value const& document, Load const& load,
                       std::vector<Problem>& problems) {
    return Reading(document, load, problems).read();
}

}  // namespace klamm::cli
