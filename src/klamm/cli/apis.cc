// cli/apis.cc - klamm apis: the protocol as this program speaks it.
#include "klamm/broker/broker.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/outcome.h"
#include "klamm/cli/terminal.h"
#include "klamm/kafka/describe.h"

#include <fmt/core.h>
#include <rapidjson/document.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

namespace klamm::cli {
namespace {

struct ApisFlags {
    std::string name;  ///< a part of the messages' names
    bool fields = false;
    bool json = false;
};

std::string text_of(rapidjson::Value const& it, char const* name) {
    auto const found = it.FindMember(name);
    return found != it.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
}

int number_of(rapidjson::Value const& it, char const* name, int otherwise) {
    auto const found = it.FindMember(name);
    return found != it.MemberEnd() && found->value.IsInt() ? found->value.GetInt() : otherwise;
}

/// "since 12", "until 3", "3-12"; empty where the holder sets the bounds.
std::string versions_of(rapidjson::Value const& field) {
    auto const first = number_of(field, "first", -1);
    auto const last = number_of(field, "last", -1);
    if (first >= 0 && last >= 0)
        return first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
    if (first >= 0) return fmt::format("since {}", first);
    return last >= 0 ? fmt::format("until {}", last) : "";
}

void add_fields(Table& table, rapidjson::Value const& holder, std::size_t depth) {
    auto const fields = holder.FindMember("fields");
    if (fields == holder.MemberEnd() || !fields->value.IsArray()) return;
    for (auto const& field : fields->value.GetArray()) {
        auto const nullable = number_of(field, "nullable_from", -1);
        auto const tag = number_of(field, "tag", -1);
        auto notes = nullable < 0    ? std::string()
                     : nullable == 0 ? "may be null"
                                     : fmt::format("may be null since {}", nullable);
        if (tag >= 0) notes += fmt::format("{}tag {}", notes.empty() ? "" : ", ", tag);
        table.row({std::string(2 + 2 * depth, ' ') + text_of(field, "name"), text_of(field, "type"),
                   versions_of(field), notes});
        add_fields(table, field, depth + 1);
    }
}

bool matches(std::string_view name, std::string_view part) {
    auto const lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return !std::ranges::search(name, part, {}, lower, lower).empty() || part.empty();
}

Outcome<> print_fields(std::string const& name) {
    auto const json = kafka::describe_json();
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    if (document.HasParseError() || !document.IsArray())
        return failed("the descriptions of the messages cannot be read");
    Style const style{stdout};
    auto found = false;
    for (auto const& message : document.GetArray()) {
        auto const title = text_of(message, "name");
        if (!matches(title, name)) continue;
        fmt::print("{}{}{}{}  API {}, versions {} to {}\n", found ? "\n" : "", style.cool(), title,
                   style.off(), number_of(message, "key", -1), number_of(message, "first", -1),
                   number_of(message, "last", -1));
        found = true;
        Table table({"  FIELD", "TYPE", "VERSIONS", ""});
        add_fields(table, message, 0);
        if (!table.empty()) table.print(stdout);
    }
    if (found) return {};
    return failed(fmt::format("no message has '{}' in its name", name),
                  "`klamm apis` lists the APIs");
}

Outcome<> apis(ApisFlags const& flags) {
    if (flags.json) {
        fmt::print("{}\n", kafka::describe_json());
        return {};
    }
    if (flags.fields || !flags.name.empty()) return print_fields(flags.name);
    fmt::print("{}", kafka::protocol_document(broker::Broker::apis()));
    return {};
}

}  // namespace

void add_apis(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("apis", "The Kafka protocol, as Klamm speaks it");
    auto flags = std::make_shared<ApisFlags>();
    command->add_option("NAME", flags->name, "Fields of the messages with this in their names");
    command->add_flag("--fields", flags->fields, "Fields of all messages");
    command->add_flag("--json", flags->json, "Everything, as JSON");
    command->footer("Examples:\n  klamm apis\n  klamm apis FetchRequest\n  klamm apis --json");
    command->callback([flags, &exit_code] { exit_code = report(apis(*flags)); });
}

}  // namespace klamm::cli
