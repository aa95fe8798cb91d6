#include "klamm/schema/protobuf/descriptors.h"
#include "klamm/schema/protobuf/known.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::schema::protobuf {
namespace {

/// The first error of a file, with its place where there is one.
class FirstError : public pb::DescriptorPool::ErrorCollector {
public:
    explicit FirstError(ParsedFile const& file) : file_(file) {}

    void AddError(std::string const& /*file*/, std::string const& element,
                  pb::Message const* descriptor, ErrorLocation location,
                  std::string const& message) override {
        if (!why.empty()) return;
        int line = -1;
        int column = 0;
        if (location == IMPORT)
            file_.places.FindImport(descriptor, element, &line, &column);
        else
            file_.places.Find(descriptor, location, &line, &column);
        auto text = message;
        while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
        why = line >= 0         ? fmt::format("line {}, column {}: {}", line + 1, column + 1, text)
              : element.empty() ? text
                                : fmt::format("{}: {}", element, text);
    }

    std::string why;

private:
    ParsedFile const& file_;
};

void add_known(pb::DescriptorPool& pool, std::string const& path) {
    if (pool.FindFileByName(path) != nullptr) return;
    if (auto const* built_in = pb::DescriptorPool::generated_pool()->FindFileByName(path)) {
        pb::FileDescriptorProto proto;
        built_in->CopyTo(&proto);
        for (auto const& import : proto.dependency()) add_known(pool, import);
        pool.BuildFile(proto);
        return;
    }
    auto file = parse_text(known_file(path).value_or(""), path);
    if (!file) return;
    for (auto const& import : (*file)->proto.dependency()) add_known(pool, import);
    (*file)->proto.set_name(path);
    pool.BuildFile((*file)->proto);
}

struct KnownPool : pb::DescriptorPool {
    KnownPool() {
        for (auto const* path : {"any", "api", "descriptor", "duration", "empty", "field_mask",
                                 "source_context", "struct", "timestamp", "type", "wrappers"})
            add_known(*this, fmt::format("google/protobuf/{}.proto", path));
        for (auto const path : known_paths()) add_known(*this, std::string(path));
    }
};

/// The files that every schema may import, built once: a pool of their own, so that types which
/// other parts of the process generated are none of a schema's.
pb::DescriptorPool const& known_pool() {
    static KnownPool const pool;
    return pool;
}

}  // namespace

Definitions::Definitions() : pool_(&known_pool()) {}

pb::FileDescriptor const& Definitions::payload_file() const {
    bool const only_import = file_->dependency_count() == 1 &&
                             file_->public_dependency_count() == 1 &&
                             file_->message_type_count() == 0 && file_->enum_type_count() == 0 &&
                             file_->service_count() == 0 && file_->extension_count() == 0;
    return only_import ? *file_->public_dependency(0) : *file_;
}

Origin const& Definitions::origin(pb::FileDescriptor const& file) const {
    static Origin const own;
    auto const found = origins_.find(&file);
    return found == origins_.end() ? own : found->second;
}

/// Builds a file after those that it imports.
class Builder {
public:
    Builder(Definitions& definitions, std::span<Reference const> references)
        : definitions_(definitions) {
        for (auto const& reference : references) references_.emplace(reference.name, &reference);
    }

    std::expected<void, SchemaError> build_own(ParsedFile& file) {
        auto const built = build(file, "");
        if (!built) return std::unexpected(built.error());
        definitions_.file_ = *built;
        return {};
    }

private:
    std::expected<pb::FileDescriptor const*, SchemaError> build(ParsedFile& file,
                                                                std::string_view path);
    std::expected<void, SchemaError> import(std::string const& path, std::string_view importer);

    Definitions& definitions_;
    std::map<std::string_view, Reference const*> references_;
    std::vector<std::string> under_way_;
};

std::expected<void, SchemaError> Builder::import(std::string const& path,
                                                 std::string_view importer) {
    if (definitions_.pool_.FindFileByName(path) != nullptr) return {};
    auto const refuse = [&](std::string_view why) {
        auto const where = importer.empty() ? std::string() : fmt::format("in {}: ", importer);
        return std::unexpected(SchemaError{fmt::format("{}import \"{}\" {}", where, path, why)});
    };
    if (std::ranges::find(under_way_, path) != under_way_.end())
        return refuse("leads back to itself");
    if (under_way_.size() >= nesting_max) return refuse("is too deep: imports in imports");
    auto const found = references_.find(path);
    if (found == references_.end())
        return refuse("is not among the references: name its subject and version there");
    auto const& text = found->second->text;
    auto file = looks_like_base64(text) ? parse_base64(text) : parse_text(text, path);
    if (!file) return std::unexpected(file.error());
    under_way_.push_back(path);
    auto const built = build(**file, path);
    under_way_.pop_back();
    if (!built) return std::unexpected(built.error());
    definitions_.origins_.emplace(*built, Origin{found->second->subject, found->second->version});
    return {};
}

std::expected<pb::FileDescriptor const*, SchemaError> Builder::build(ParsedFile& file,
                                                                     std::string_view path) {
    for (auto const& import_path : file.proto.dependency())
        if (auto const done = import(import_path, path); !done)
            return std::unexpected(done.error());
    file.proto.set_name(std::string(path.empty() ? own_path : path));
    FirstError error(file);
    // The places of every word would stay in the pool for as long as it lives.
    auto places = std::unique_ptr<pb::SourceCodeInfo>(file.proto.release_source_code_info());
    auto const* built = definitions_.pool_.BuildFileCollectingErrors(file.proto, &error);
    file.proto.set_allocated_source_code_info(places.release());
    if (built != nullptr && error.why.empty()) return built;
    if (error.why.empty()) error.why = "the definitions contradict each other";
    if (!path.empty()) error.why = fmt::format("in {}: {}", path, error.why);
    return std::unexpected(SchemaError{error.why});
}

std::expected<std::unique_ptr<Definitions>, SchemaError> define(
    ParsedFile& file, std::span<Reference const> references) {
    try {
        auto definitions = std::make_unique<Definitions>();
        auto const built = Builder(*definitions, references).build_own(file);
        if (!built) return std::unexpected(built.error());
        return definitions;
    } catch (std::exception const& thrown) {
        return std::unexpected(SchemaError{thrown.what()});
    }
}

}  // namespace klamm::schema::protobuf
