#include "klamm/cli/contract/verdict.h"

#include "klamm/cli/contract/yaml.h"
#include "klamm/json/pointer.h"

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
    Directions(VersionsOf const& versions, ContractReport& report)
        : versions_(versions), report_(report) {}

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
        report_.verdicts.push_back(
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
        bool const sends = operation.action == Action::send;
        auto const first = sends ? versions.end() - 1 : versions.begin();
        bool right = true;
        for (auto version = first; version != versions.end(); ++version)
            right &= one(operation, message, subject, *version);
        if (!right) return;
        auto const last = versions.back().version;
        report_.holds.push_back(
            sends ? fmt::format("{} sends {}, which version {} of {} reads", operation.name,
                                message.message->name, last, subject)
                  : fmt::format(
                        "{} receives {} and reads {} of {}", operation.name, message.message->name,
                        versions.size() == 1 ? fmt::format("version {}", last)
                                             : fmt::format("all {} versions", versions.size()),
                        subject));
    }

    /// Whether it holds.
    bool one(OperationContract const& operation, ParsedMessage const& message,
             std::string const& subject, RegisteredVersion const& version) {
        bool const sends = operation.action == Action::send;
        auto const where =
            fmt::format("{} against version {} of {}", operation.name, version.version, subject);
        auto const wrong = [&](std::string why) {
            add(Kind::incompatible, message, where, std::move(why));
            return false;
        };
        if (message.schema->type() != version.schema->type())
            return wrong(fmt::format("the document's schema is {}, the registered one {}",
                                     schema::name_of(message.schema->type()),
                                     schema::name_of(version.schema->type())));
        auto const& reader = sends ? *version.schema : *message.schema;
        auto const& writer = sends ? *message.schema : *version.schema;
        auto const found = reader.differences(writer, schema::Policy::strict);
        if (!found) return wrong(found.error().why);
        auto const names =
            sends ? std::pair("registered", "document's") : std::pair("document's", "registered");
        for (auto const& difference : *found | std::views::take(differences_max))
            wrong(fmt::format("{}: {}", difference.rule,
                              schema::worded(difference.description, names.first, names.second)));
        return found->empty();
    }

    VersionsOf const& versions_;
    ContractReport& report_;
    std::map<std::string, std::vector<RegisteredVersion>> known_;
};

/// Null: it has none, or what is wrong with it was reported.
schema::SchemaPtr parse_message(MessageContract const& message, ContractReport& report) {
    if (!message.type) return nullptr;
    auto const schema = schema::parse(*message.type, message.schema, {});
    if (!schema) {
        report.verdicts.push_back({Kind::schema, message.schema_pointer, {}, schema.error().why});
        return nullptr;
    }
    for (std::size_t i = 0; i < message.examples.size(); ++i) {
        auto const fits = (*schema)->from_json(message.examples[i], {});
        if (fits) continue;
        auto const at = fits.error().path.empty() ? "" : fits.error().path + ": ";
        report.verdicts.push_back(
            {Kind::example,
             json::pointer_to(json::pointer_to(message.pointer, "examples"), std::to_string(i)),
             {},
             fmt::format("does not obey the message's schema: {}{}", at, fits.error().why)});
    }
    return *schema;
}

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

ChannelSchemas parse_schemas(Contract const& contract, ContractReport& report) {
    ChannelSchemas schemas;
    for (auto const& channel : contract.channels) {
        auto& parsed = schemas.emplace_back();
        for (auto const& message : channel.messages)
            if (auto schema = parse_message(message, report))
                parsed.push_back({&message, std::move(schema)});
    }
    return schemas;
}

Outcome<> check_directions(Contract const& contract, ChannelSchemas const& schemas,
                           VersionsOf const& versions, ContractReport& report) {
    Directions directions(versions, report);
    for (auto const& operation : contract.operations) {
        auto const& channel = contract.channels[operation.channel];
        if (channel.topic.empty()) continue;
        for (auto const& message : schemas[operation.channel]) {
            auto const index = std::size_t(message.message - channel.messages.data());
            if (std::ranges::find(operation.messages, index) == operation.messages.end()) continue;
            if (auto done = directions.check(operation, channel, message); !done) return done;
        }
    }
    return {};
}

}  // namespace klamm::cli
