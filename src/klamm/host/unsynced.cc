#include "klamm/host/unsynced.h"

#include <utility>

namespace klamm::host {
namespace {

using seams::FileError;

class UnsyncedFile final : public seams::File {
public:
    explicit UnsyncedFile(std::unique_ptr<seams::File> file) : file_(std::move(file)) {}

    std::expected<std::size_t, FileError> pread(std::span<std::byte> into,
                                                std::uint64_t offset) override {
        return file_->pread(into, offset);
    }
    std::expected<void, FileError> pwritev(std::span<ByteView const> parts,
                                           std::uint64_t offset) override {
        return file_->pwritev(parts, offset);
    }
    std::expected<void, FileError> sync() override { return {}; }
    std::expected<void, FileError> allocate(std::uint64_t bytes) override {
        return file_->allocate(bytes);
    }
    std::expected<void, FileError> zero(std::uint64_t offset, std::uint64_t bytes) override {
        return file_->zero(offset, bytes);
    }
    std::expected<std::uint64_t, FileError> size() override { return file_->size(); }

private:
    std::unique_ptr<seams::File> file_;
};

std::expected<std::unique_ptr<seams::File>, FileError> wrap(
    std::expected<std::unique_ptr<seams::File>, FileError> file) {
    if (!file) return file;
    return std::make_unique<UnsyncedFile>(std::move(*file));
}

class UnsyncedDirectory final : public seams::Directory {
public:
    explicit UnsyncedDirectory(std::unique_ptr<seams::Directory> directory)
        : directory_(std::move(directory)) {}

    std::expected<std::unique_ptr<seams::File>, FileError> open(std::string_view name) override {
        return wrap(directory_->open(name));
    }
    std::expected<std::unique_ptr<seams::File>, FileError> create(std::string_view name) override {
        return wrap(directory_->create(name));
    }
    std::expected<std::vector<std::string>, FileError> list() override {
        return directory_->list();
    }
    std::expected<void, FileError> remove(std::string_view name) override {
        return directory_->remove(name);
    }
    std::expected<void, FileError> rename(std::string_view from, std::string_view to) override {
        return directory_->rename(from, to);
    }
    std::expected<void, FileError> sync() override { return {}; }
    std::expected<std::unique_ptr<seams::Lock>, FileError> lock(std::string_view name) override {
        return directory_->lock(name);
    }
    std::expected<std::uint64_t, FileError> free_bytes() override {
        return directory_->free_bytes();
    }
    std::string path_of(std::string_view name) const override { return directory_->path_of(name); }

private:
    std::unique_ptr<seams::Directory> directory_;
};

}  // namespace

std::unique_ptr<seams::Directory> without_sync(std::unique_ptr<seams::Directory> directory) {
    return std::make_unique<UnsyncedDirectory>(std::move(directory));
}

}  // namespace klamm::host
