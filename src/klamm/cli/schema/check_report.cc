#include "klamm/cli/schema/check_report.h"

#include "klamm/cli/sarif.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/text.h"

#include <fmt/core.h>

#include <algorithm>

namespace klamm::cli {
namespace {

std::string place_of(DataCheck const& data, DataFinding const& finding) {
    return fmt::format("{}/{} offset {}", data.topic, finding.partition, finding.offset);
}

void print_data(DataCheck const& data, std::FILE* stream) {
    auto const paint = paint_for(stream);
    if (data.checked == 0) {
        fmt::print(stream, "  {}{} holds no records to check{}\n", paint.dim, data.topic,
                   paint.off);
        return;
    }
    if (data.failed == 0) {
        fmt::print(stream, "  {}reads{} the last {} record{} of {}\n", paint.good, paint.off,
                   with_commas(data.checked), data.checked == 1 ? "" : "s", data.topic);
        return;
    }
    fmt::print(stream, "  {}cannot read{} {} of the last {} record{} of {}\n", paint.bad, paint.off,
               with_commas(data.failed), with_commas(data.checked), data.checked == 1 ? "" : "s",
               data.topic);
    for (auto const& finding : data.findings) {
        fmt::print(stream, "    {}", place_of(data, finding));
        if (finding.id != 0) fmt::print(stream, " (schema {})", finding.id);
        fmt::print(stream, ": {}", printable(words_of(finding.error)));
        if (!finding.error.value.empty())
            fmt::print(stream, " {}[{}]{}", paint.dim, printable(finding.error.value), paint.off);
        fmt::print(stream, "\n");
    }
    if (data.failed > std::int64_t(data.findings.size()))
        fmt::print(stream, "    and {} more\n",
                   with_commas(data.failed - std::int64_t(data.findings.size())));
}

json::Value to_json(DataCheck const& data) {
    json::Array findings;
    for (auto const& each : data.findings)
        findings.push_back(json::Object{{"partition", each.partition},
                                        {"offset", each.offset},
                                        {"schema_id", each.id},
                                        {"path", each.error.path},
                                        {"rule", each.error.rule},
                                        {"value", printable(each.error.value)},
                                        {"why", each.error.why}});
    return json::Object{{"topic", data.topic},
                        {"checked", data.checked},
                        {"failed", data.failed},
                        {"findings", std::move(findings)}};
}

std::size_t line_in(SchemaFile const& file, std::string const& path) {
    return file.type == schema::Type::protobuf ? line_of_proto(file.text, path)
                                               : line_of(file.text, path);
}

std::vector<SarifResult::Fix> fixes_of(Checked const& it, registry::Finding const& finding) {
    std::vector<SarifResult::Fix> fixes;
    for (auto const& mend : finding.mends)
        fixes.push_back({mend.words, readable(it.result.file.type, mend.schema)});
    if (auto const& together = it.result.explanation->together)
        fixes.push_back(
            {fmt::format("Mend all {} findings together.", it.result.explanation->findings.size()),
             readable(it.result.file.type, together->schema)});
    return fixes;
}

void add_results(Checked const& it, std::vector<SarifResult>& results) {
    auto const& file = it.result.file;
    auto const lines = std::size_t(std::ranges::count(file.text, '\n'));
    if (it.result.status == CheckResult::Status::invalid)
        results.push_back({.rule = "INVALID_SCHEMA", .message = it.result.why, .file = file.path});
    if (it.result.explanation) {
        auto const& explanation = *it.result.explanation;
        auto notes = std::string();
        for (auto const& line : reader_words(explanation)) notes += " " + line;
        for (auto const& finding : explanation.findings)
            results.push_back({.rule = finding.difference.rule,
                               .message = fmt::format(
                                   "{}: {}. {}{}", file.subject, finding.difference.description,
                                   words_of(finding, explanation.old_name), notes),
                               .file = file.path,
                               .line = line_in(file, finding.difference.path),
                               .file_lines = lines,
                               .fixes = fixes_of(it, finding)});
    }
    if (!it.data) return;
    for (auto const& finding : it.data->findings)
        results.push_back(
            {.rule = "RECORD_NOT_READABLE",
             .message = fmt::format("{}: {}", place_of(*it.data, finding), words_of(finding.error)),
             .file = file.path});
}

}  // namespace

void print_checked(Checked const& it, std::FILE* stream) {
    auto const paint = paint_for(stream);
    auto const& [file, status, why, schema, explanation, notes] = it.result;
    fmt::print(stream, "{} {}→{} ", file.path, paint.dim, paint.off);
    switch (status) {
        case CheckResult::Status::invalid:
            fmt::print(stream, "{}{}{}: {}no schema{}\n\n  {}\n", paint.bold, file.subject,
                       paint.off, paint.bad, paint.off, why);
            break;
        case CheckResult::Status::is_new:
            fmt::print(stream, "{}{}{}: {}new{}, nothing to compare with\n", paint.bold,
                       file.subject, paint.off, paint.good, paint.off);
            break;
        case CheckResult::Status::compatible:
        case CheckResult::Status::incompatible:
            fmt::print(stream, "{}", to_text(*explanation, paint));
            break;
    }
    for (auto const& note : notes) fmt::print(stream, "  note: {}\n", note);
    if (it.data) print_data(*it.data, stream);
    if (!it.written.empty())
        fmt::print(stream, "\n  {}mended{}: written to {}\n", paint.good, paint.off, it.written);
    if (status == CheckResult::Status::incompatible) fmt::print(stream, "\n");
}

void print_summary(std::span<Checked const> all, std::FILE* stream) {
    auto const failing = all.size() - std::size_t(std::ranges::count_if(all, &Checked::passes));
    if (all.size() < 2) return;
    auto const paint = paint_for(stream);
    if (failing == 0)
        fmt::print(stream, "{}all {} pass{}\n", paint.good, all.size(), paint.off);
    else
        fmt::print(stream, "{}{} of {} {} not pass{}\n", paint.bad, failing, all.size(),
                   failing == 1 ? "does" : "do", paint.off);
}

json::Value to_json(std::span<Checked const> all) {
    json::Array results;
    std::int64_t failing = 0;
    for (auto const& it : all) {
        failing += !it.passes();
        json::Value result = json::Object{{"file", it.result.file.path},
                                          {"subject", it.result.file.subject},
                                          {"type", name_of(it.result.file.type)},
                                          {"status", name_of(it.result.status)},
                                          {"passes", it.passes()}};
        if (!it.written.empty()) result.set("mended", true);
        if (!it.result.why.empty()) result.set("why", it.result.why);
        if (it.result.explanation) result.set("explanation", to_json(*it.result.explanation));
        json::Array notes;
        for (auto const& note : it.result.notes) notes.push_back(note);
        if (!notes.empty()) result.set("notes", std::move(notes));
        if (it.data) result.set("data", to_json(*it.data));
        results.push_back(std::move(result));
    }
    return json::Object{{"checked", std::int64_t(all.size())},
                        {"failed", failing},
                        {"results", std::move(results)}};
}

json::Value to_sarif(std::span<Checked const> all) {
    std::vector<SarifResult> results;
    for (auto const& it : all) add_results(it, results);
    return to_sarif(results);
}

}  // namespace klamm::cli
