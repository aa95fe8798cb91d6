#include "klamm/cli/contract/verdict.h"

#include "klamm/cli/contract/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>

namespace klamm::cli {
namespace {

using Kind = Verdict::Kind;
constexpr std::size_t differences_max = 20;  ///< that one comparison may report

/// Where a channel's messages may be registered, by the usual strategies for names of subjects.
std::vector<std::string> subjects_of(ChannelContract const& channel, schema::Schema const& schema) {
    std::vector<std::string> subjects;
    auto const record = schema.record_name();
    if (channel.messages.size() == 1) subjects.push_back(channel.topic + "-value");
    if (!record.empty()) subjects.push_back(channel.topic + "-" + record);
    if (!record.empty()) subjects.push_back(record);
    if (channel.messages.size() > 1) subjects.push_back(channel.topic + "-value");
    return subjects;
}

class Directions {
public:
    Directions(VersionsOf const& versions, std::vector<Verdict>& verdicts)
        : versions_(versions), verdicts_(verdicts) {}

    Outcome<> check(OperationContract const& operation, ChannelContract const& channel,
                    ParsedMessage const& message) {
        auto const subjects = subjects_of(channel, *message.schema);
        for (auto const& subject : subjects) {
            auto const known = versions_of(subject);
            if (!known) return std::unexpected(known.error());
            if ((*known)->empty()) continue;
            compare(operation, message, subject, **known);
            return {};
        }
        add(Kind::unregistered, message, operation.name,
            fmt::format("the registry has no subject {}; nothing was compared",
                        fmt::join(subjects, " or ")));
        return {};
    }

private:
    void add(Kind kind, ParsedMessage const& message, std::string where, std::string why) {
        verdicts_.push_back(
            {kind, message.message->schema_pointer, std::move(where), std::move(why)});
    }

    Outcome<std::vector<RegisteredVersion> const*> versions_of(std::string const& subject) {
        if (auto const known = known_.find(subject); known != known_.end()) return &known->second;
        auto found = versions_(subject);
        if (!found) return std::unexpected(found.error());
        return &(known_[subject] = std::move(*found));
    }

    void compare(OperationContract const& operation, ParsedMessage const& message,
                 std::string const& subject, std::vector<RegisteredVersion> const& versions) {
        if (operation.action == Action::send)
            return one(operation, message, subject, versions.back());
        for (auto const& version : versions) one(operation, message, subject, version);
    }

    void one(OperationContract const& operation, ParsedMessage const& message,
             std::string const& subject, RegisteredVersion const& version) {
        bool const sends = operation.action == Action::send;
        auto const where =
            fmt::format("{} against version {} of {}", operation.name, version.version, subject);
        if (message.schema->type() != version.schema->type())
            return add(Kind::incompatible, message, where,
                       fmt::format("the document's schema is {}, the registered one {}",
                                   schema::name_of(message.schema->type()),
                                   schema::name_of(version.schema->type())));
        auto const& reader = sends ? *version.schema : *message.schema;
        auto const& writer = sends ? *message.schema : *version.schema;
        auto const found = reader.differences(writer, schema::Policy::strict);
        if (!found) return add(Kind::incompatible, message, where, found.error().why);
        auto const registered = fmt::format("registered (version {})", version.version);
        for (auto const& difference : *found | std::views::take(differences_max))
            add(Kind::incompatible, message, where,
                fmt::format(
                    "{}: {}", difference.rule,
                    schema::worded(difference.description, sends ? registered : "document's",
                                   sends ? "document's" : registered)));
    }

    VersionsOf const& versions_;
    std::vector<Verdict>& verdicts_;
    std::map<std::string, std::vector<RegisteredVersion>> known_;
};

}  // namespace

std::string_view name_of(Verdict::Kind kind) {
    switch (kind) {
        case Kind::document:
            return "document";
        case Kind::schema:
            return "schema";
        case Kind::example:
            return "example";
        case Kind::incompatible:
            return "incompatible";
        case Kind::unregistered:
            return "unregistered";
        case Kind::record:
            return "record";
    }
    return "document";
}

std::vector<ParsedMessage> parse_messages(ChannelContract const& channel,
                                          std::vector<Verdict>& verdicts) {
    std::vector<ParsedMessage> parsed;
    for (auto const& message : channel.messages) {
        if (!message.type) continue;
        auto const schema = schema::parse(*message.type, message.schema, {});
        if (!schema) {
            verdicts.push_back({Kind::schema, message.schema_pointer, {}, schema.error().why});
            continue;
        }
        parsed.push_back({&message, *schema});
        for (std::size_t i = 0; i < message.examples.size(); ++i)
            if (auto const fits = (*schema)->from_json(message.examples[i], {}); !fits)
                verdicts.push_back(
                    {Kind::example,
                     pointer_to(pointer_to(message.pointer, "examples"), std::to_string(i)),
                     {},
                     fmt::format("does not obey the message's schema: {}{}{}", fits.error().path,
                                 fits.error().path.empty() ? "" : ": ", fits.error().why)});
    }
    return parsed;
}

Outcome<> check_directions(Contract const& contract, VersionsOf const& versions,
                           std::vector<Verdict>& verdicts) {
    Directions directions(versions, verdicts);
    std::vector<std::vector<ParsedMessage>> messages;
    for (auto const& channel : contract.channels)
        messages.push_back(parse_messages(channel, verdicts));
    for (auto const& operation : contract.operations) {
        auto const& channel = contract.channels[operation.channel];
        if (channel.topic.empty()) continue;
        for (auto const index : operation.messages)
            for (auto const& message : messages[operation.channel])
                if (message.message == &channel.messages[index])
                    if (auto done = directions.check(operation, channel, message); !done)
                        return done;
    }
    return {};
}

}  // namespace klamm::cli
