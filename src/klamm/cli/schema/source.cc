#include "klamm/cli/schema/source.h"

#include "klamm/cli/schema/git.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace klamm::cli {
namespace {

namespace fs = std::filesystem;

struct Ending {
    std::string_view ending;
    schema::Type type;
};
constexpr Ending endings[] = {{".avsc", schema::Type::avro},
                              {".proto", schema::Type::protobuf},
                              {".json", schema::Type::json}};

std::string lower(std::string_view text) {
    std::string small(text);
    for (auto& letter : small)
        if (letter >= 'A' && letter <= 'Z') letter = char(letter + 32);
    return small;
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
}

Outcome<schema::Type> type_or_failure(std::string const& path, std::optional<schema::Type> type) {
    if (!type) type = type_of_file(path);
    if (!type)
        return misused(fmt::format("{}: what kind of schema is it?", path),
                       "--type avro, protobuf or json says so where the name does not end in "
                       ".avsc, .proto or .json");
    return *type;
}

/// Paths of the schemas in a directory, in order.
Outcome<std::vector<std::string>> schemas_below(std::string const& directory) {
    std::vector<std::string> paths;
    std::error_code error;
    fs::recursive_directory_iterator it(directory, error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
        auto const name = it->path().filename().string();
        if (name.starts_with('.')) {
            it.disable_recursion_pending();
            continue;
        }
        std::error_code unreadable;
        if (!type_of_file(name) || !it->is_regular_file(unreadable)) continue;
        auto const path = it->path().string();
        paths.push_back(path.starts_with("./") ? path.substr(2) : path);
        if (paths.size() > schema_files_max)
            return failed(fmt::format("{}: more than {} schemas", directory, schema_files_max));
    }
    if (error) return failed(fmt::format("{}: {}", directory, error.message()));
    std::ranges::sort(paths);
    return paths;
}

Outcome<std::string> read_stream(std::FILE* stream, std::string const& name) {
    std::string text;
    char part[1 << 16];
    for (std::size_t size = 0; (size = std::fread(part, 1, sizeof part, stream)) > 0;) {
        text.append(part, size);
        if (text.size() > schema_bytes_max)
            return failed(fmt::format("{}: more than {} MiB", name, schema_bytes_max >> 20));
    }
    if (std::ferror(stream) != 0) return failed(fmt::format("{}: {}", name, std::strerror(errno)));
    return text;
}

}  // namespace

std::optional<schema::Type> type_of_file(std::string_view path) {
    for (auto const& [ending, type] : endings)
        if (path.ends_with(ending)) return type;
    return std::nullopt;
}

std::optional<schema::Type> type_of_flag(std::string_view flag) {
    for (auto const type : {schema::Type::avro, schema::Type::protobuf, schema::Type::json})
        if (lower(flag) == lower(name_of(type))) return type;
    return std::nullopt;
}

std::vector<std::string> type_flags() { return {"avro", "protobuf", "json"}; }

Outcome<std::string> read_text(std::string const& path) {
    if (path == "-") return read_stream(stdin, "stdin");
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::fopen(path.c_str(), "re"),
                                                               &std::fclose);
    if (!file) return failed(fmt::format("{}: {}", path, std::strerror(errno)));
    return read_stream(file.get(), path);
}

Outcome<> write_text(std::string const& path, std::string_view text) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"),
                                                         &std::fclose);
    if (!file) return failed(fmt::format("{}: {}", path, std::strerror(errno)));
    auto const written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
    if (std::fclose(file.release()) != 0 || !written)
        return failed(fmt::format("{}: {}", path, std::strerror(errno)));
    return {};
}

Outcome<SchemaFile> read_schema(std::string const& path, std::optional<schema::Type> type) {
    auto const kind = type_or_failure(path, type);
    if (!kind) return std::unexpected(kind.error());
    auto text = read_text(path);
    if (!text) return std::unexpected(text.error());
    return SchemaFile{path, {}, *kind, std::move(*text)};
}

std::string SubjectNames::of(std::string_view path) const {
    if (!only.empty()) return only;
    for (auto const& key : {std::string(path), std::string(file_name(path))})
        if (auto const it = named.find(key); it != named.end()) return it->second;
    auto const name = file_name(path);
    return std::string(type_of_file(name) ? name.substr(0, name.rfind('.')) : name);
}

Outcome<SubjectNames> parse_subjects(std::vector<std::string> const& flags) {
    SubjectNames names;
    for (auto const& flag : flags) {
        auto const equals = flag.find('=');
        if (equals == std::string::npos && flags.size() > 1)
            return misused(fmt::format("--subject {}: which file?", flag),
                           "for instance --subject order.avsc=orders-value");
        if (equals == std::string::npos)
            names.only = flag;
        else
            names.named[flag.substr(0, equals)] = flag.substr(equals + 1);
    }
    return names;
}

std::pair<std::string, std::string> subject_and_version(std::string_view text) {
    auto const colon = text.rfind(':');
    auto const behind = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    auto const is_number = !behind.empty() && std::ranges::all_of(behind, [](char letter) {
        return letter >= '0' && letter <= '9';
    });
    // The colon of a context ends a name that is no version.
    if (colon == 0 || (!is_number && behind != "latest")) return {std::string(text), "latest"};
    return {std::string(text.substr(0, colon)), std::string(behind)};
}

Outcome<std::vector<SchemaReference>> parse_references(std::vector<std::string> const& flags) {
    std::vector<SchemaReference> references;
    for (auto const& flag : flags) {
        auto const equals = flag.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == flag.size())
            return misused(fmt::format("--reference {}: not NAME=SUBJECT:VERSION", flag),
                           "for instance --reference customer.proto=customer:1");
        auto const [subject, version] =
            subject_and_version(std::string_view(flag).substr(equals + 1));
        SchemaReference reference{flag.substr(0, equals), subject, -1};
        if (version != "latest") {
            auto const [end, error] =
                std::from_chars(version.data(), version.data() + version.size(), reference.version);
            if (error != std::errc() || reference.version < 1)
                return misused(fmt::format("--reference {}: {} is no version", flag, version));
        }
        references.push_back(std::move(reference));
    }
    return references;
}

Outcome<std::vector<SchemaFile>> read_schemas(std::vector<std::string> const& paths,
                                              std::optional<schema::Type> type,
                                              SubjectNames const& subjects) {
    std::vector<SchemaFile> files;
    for (auto const& path : paths) {
        std::vector<std::string> found{path};
        std::error_code error;
        if (path != "-" && fs::is_directory(path, error)) {
            auto below = schemas_below(path);
            if (!below) return std::unexpected(below.error());
            if (below->empty())
                return misused(fmt::format("{}: no .avsc, .proto or .json below it", path));
            found = std::move(*below);
        }
        for (auto const& each : found) {
            auto file = read_schema(each, type);
            if (!file) return std::unexpected(file.error());
            file->subject = subjects.of(each);
            files.push_back(std::move(*file));
        }
    }
    if (!subjects.only.empty() && files.size() > 1)
        return misused(
            fmt::format("--subject {} for {} files: which is it?", subjects.only, files.size()),
            "for instance --subject order.avsc=orders-value, once for each");
    return files;
}

Outcome<std::vector<SchemaFile>> read_schemas_of(std::string const& revision,
                                                 std::vector<std::string> const& paths,
                                                 std::optional<schema::Type> type,
                                                 SubjectNames const& subjects) {
    auto const listed = git_files(revision, paths);
    if (!listed) return std::unexpected(listed.error());
    std::vector<SchemaFile> files;
    for (auto const& path : *listed) {
        // A file that was named is meant, whatever its ending.
        auto const named = std::ranges::find(paths, path) != paths.end();
        if (!type_of_file(path) && !named) continue;
        if (files.size() == schema_files_max)
            return failed(fmt::format("{}: more than {} schemas", revision, schema_files_max));
        auto const kind = type_or_failure(path, type);
        if (!kind) return std::unexpected(kind.error());
        auto text = git_text(revision, path);
        if (!text) return std::unexpected(text.error());
        files.push_back({path, subjects.of(path), *kind, std::move(*text)});
    }
    return files;
}

std::string readable(schema::Type type, std::string const& text) {
    if (type == schema::Type::protobuf) return text.ends_with('\n') ? text : text + "\n";
    auto const document = json::parse(text);
    return document ? json::print_indented(*document) + "\n" : text + "\n";
}

}  // namespace klamm::cli
