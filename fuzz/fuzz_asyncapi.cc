// fuzz/fuzz_asyncapi.cc - AsyncAPI documents, in YAML or JSON: read, checked for their form, and
// taken at their word.
#include "klamm/base/ensure.h"
#include "klamm/cli/contract/asyncapi.h"
#include "klamm/cli/contract/yaml.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace klamm;
    auto const document = cli::read_document({reinterpret_cast<char const*>(data), size});
    if (!document) {
        ensure(!document.error().empty());
        return 0;
    }
    auto problems = cli::problems_of(document->value);
    for (auto const& problem : problems) ensure(document->line_of(problem.pointer) >= 1);
    if (!problems.empty()) return 0;
    auto const no_files = [](std::string const& path) -> std::expected<std::string, std::string> {
        return std::unexpected(path + ": no such file");
    };
    auto const contract = cli::read_contract(document->value, no_files, problems);
    for (auto const& operation : contract.operations) {
        ensure(operation.channel < contract.channels.size());
        for (auto const message : operation.messages)
            ensure(message < contract.channels[operation.channel].messages.size());
    }
    return 0;
}
