// test/conformance/json_schema_suite.cc - judges the JSON Schema Test Suite's cases.
//
//   json_schema_suite DRAFT REMOTES FILE...
//
// REMOTES is an object of schemas by address. Each FILE is an array of groups as the suite has
// them. Prints each case that is judged otherwise than the suite says, then "N cases, M wrong".
#include "klamm/schema/json/json_schema.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

using namespace klamm;
using namespace klamm::schema;

namespace {

struct Tally {
    int cases = 0;
    int wrong = 0;
};

json::Value read(char const* path) {
    std::ifstream file(path, std::ios::binary);
    std::string const text(std::istreambuf_iterator<char>(file), {});
    auto value = json::parse(text);
    if (value) return std::move(*value);
    fmt::print(stderr, "{}: {}\n", path, value.error().why);
    std::exit(2);
}

/// The draft is said by the folder that a case is in; a schema without $schema is of that draft.
json::Value with_draft(json::Value schema, std::string_view address) {
    if (schema.is_object() && schema.find("$schema") == nullptr) {
        auto& members = schema.object();
        members.insert(members.begin(), {"$schema", json::Value(address)});
    }
    return schema;
}

std::string_view address_of(std::string_view draft) {
    if (draft == "draft4") return "http://json-schema.org/draft-04/schema#";
    if (draft == "draft6") return "http://json-schema.org/draft-06/schema#";
    if (draft == "draft7") return "http://json-schema.org/draft-07/schema#";
    if (draft == "draft2019-09") return "https://json-schema.org/draft/2019-09/schema";
    return "https://json-schema.org/draft/2020-12/schema";
}

/// Some remotes are in a draft's folder too.
std::string_view draft_of(std::string_view address, std::string_view otherwise) {
    for (std::string_view const draft :
         {"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"})
        if (address.find(fmt::format("/{}/", draft)) != address.npos) return draft;
    return otherwise;
}

void judge(json::Value const& group, std::string_view draft, std::vector<Reference> const& remotes,
           std::string_view file, Tally& tally) {
    auto const text = json::print(with_draft(*group.find("schema"), address_of(draft)));
    auto const schema = parse_json_schema(text, remotes, {});
    for (auto const& test : *group.find_array("tests")) {
        ++tally.cases;
        auto const payload = json::print(*test.find("data"));
        auto const bytes = std::as_bytes(std::span(payload));
        auto const right = test.find_bool("valid").value_or(false);
        std::string why = "accepted";
        auto accepted = schema.has_value();
        if (!schema) {
            why = schema.error().why;
        } else if (auto const checked = (*schema)->check(bytes, {}); !checked) {
            accepted = false;
            why = checked.error().rule + ": " + checked.error().why;
        }
        if (schema && accepted == right) continue;
        ++tally.wrong;
        fmt::print("wrong: {}: {}: {}: {}\n", file, *group.find_string("description"),
                   *test.find_string("description"), why);
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) {
        fmt::print(stderr, "json_schema_suite DRAFT REMOTES FILE...\n");
        return 2;
    }
    std::string_view const draft = arguments[1];
    std::vector<Reference> remotes;
    auto const texts = read(arguments[2]);
    for (auto const& [address, schema] : texts.object())
        remotes.push_back(
            {.name = address,
             .subject = address,
             .version = 1,
             .text = json::print(with_draft(schema, address_of(draft_of(address, draft))))});
    Tally tally;
    for (int i = 3; i < count; ++i) {
        auto const groups = read(arguments[i]);
        for (auto const& group : groups.array()) judge(group, draft, remotes, arguments[i], tally);
    }
    fmt::print("{} cases, {} wrong\n", tally.cases, tally.wrong);
    return tally.wrong == 0 ? 0 : 1;
}
