// cli/schema/schema.cc - klamm schema: everything about schemas, with any registry.
#include "klamm/cli/commands.h"
#include "klamm/cli/schema/commands.h"

namespace klamm::cli {

void add_schema(CLI::App& app, int& exit_code) {
    auto* const schema =
        app.add_subcommand("schema", "Register, check, compare and move schemas, in any registry");
    schema->require_subcommand(1);
    schema->footer(
        "Examples:\n"
        "  klamm schema register orders-value order.avsc\n"
        "  klamm schema check order.avsc --subject orders-value\n"
        "  klamm schema check schemas/ --sarif > findings.sarif\n"
        "  klamm schema diff orders-value:1 orders-value:2\n"
        "  klamm schema import http://old-registry:8081");
    add_schema_list(*schema, exit_code);
    add_schema_show(*schema, exit_code);
    add_schema_register(*schema, exit_code);
    add_schema_check(*schema, exit_code);
    add_schema_diff(*schema, exit_code);
    add_schema_delete(*schema, exit_code);
    add_schema_config(*schema, exit_code);
    add_schema_export(*schema, exit_code);
    add_schema_import(*schema, exit_code);
}

}  // namespace klamm::cli
