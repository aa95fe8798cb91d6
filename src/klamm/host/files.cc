#include "klamm/host/files.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>
#include <utility>

namespace klamm::host {
namespace {

using seams::FileError;

FileError::Kind kind_of(int error) {
    switch (error) {
        case ENOENT:
            return FileError::Kind::not_found;
        case EEXIST:
            return FileError::Kind::exists;
        case ENOSPC:
        case EDQUOT:
            return FileError::Kind::full;
        default:
            return FileError::Kind::io;
    }
}

/// What errno says about `operation` on `path`.
std::unexpected<FileError> failed(std::string_view operation, std::string_view path) {
    auto const error = errno;
    return std::unexpected(FileError{
        kind_of(error), fmt::format("cannot {} {}: {}", operation, path, std::strerror(error))});
}

class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int operator*() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }

private:
    int number_;
};

constexpr std::size_t zeros_bytes = 1024 * 1024;
/// What every disk accepts as alignment of memory, offset and size without the page cache.
constexpr std::size_t direct_alignment = 4096;

ByteView zeros() {
    struct alignas(direct_alignment) Block {
        std::array<std::byte, zeros_bytes> bytes;
    };
    static Block block;  // not const: pages of zeros that nobody writes take no memory
    return block.bytes;
}

class PosixFile final : public seams::File {
public:
    PosixFile(Descriptor descriptor, std::string path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    std::expected<std::size_t, FileError> pread(std::span<std::byte> into,
                                                std::uint64_t offset) override {
        std::size_t done = 0;
        while (done < into.size()) {
            auto const got = ::pread(*descriptor_, into.data() + done, into.size() - done,
                                     ::off_t(offset + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return failed("read", path_);
            if (got == 0) break;
            done += std::size_t(got);
        }
        return done;
    }

    std::expected<void, FileError> pwritev(std::span<ByteView const> parts,
                                           std::uint64_t offset) override {
        std::array<::iovec, IOV_MAX> vectors;
        std::size_t inside = 0;  // bytes of parts.front() that are written already
        while (!parts.empty()) {
            auto const count = std::min(parts.size(), vectors.size());
            for (std::size_t i = 0; i < count; ++i) {
                auto const part = parts[i].subspan(i == 0 ? inside : 0);
                vectors[i] = {const_cast<std::byte*>(part.data()), part.size()};
            }
            auto const put = ::pwritev(*descriptor_, vectors.data(), int(count), ::off_t(offset));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return failed("write", path_);
            offset += std::uint64_t(put);
            inside += std::size_t(put);
            while (!parts.empty() && inside >= parts.front().size()) {
                inside -= parts.front().size();
                parts = parts.subspan(1);
            }
        }
        return {};
    }

    std::expected<void, FileError> sync() override {
        if (::fdatasync(*descriptor_) != 0) return failed("sync", path_);
        return {};
    }

    std::expected<void, FileError> allocate(std::uint64_t bytes) override {
        // posix_fallocate writes into every block where the file system cannot reserve.
        if (::fallocate(*descriptor_, 0, 0, ::off_t(bytes)) == 0) return {};
        if (errno == EOPNOTSUPP) errno = ::posix_fallocate(*descriptor_, 0, ::off_t(bytes));
        if (errno != 0) return failed("reserve space for", path_);
        return {};
    }

    std::expected<void, FileError> zero(std::uint64_t offset, std::uint64_t bytes) override {
        auto const direct = zero_directly(offset, bytes);
        offset += direct;
        bytes -= direct;
        while (bytes > 0) {
            std::array const part{zeros().first(std::min<std::uint64_t>(bytes, zeros_bytes))};
            if (auto written = pwritev(part, offset); !written) return written;
            offset += part[0].size();
            bytes -= part[0].size();
        }
        return {};
    }

    std::expected<std::uint64_t, FileError> size() override {
        struct ::stat facts {};
        if (::fstat(*descriptor_, &facts) != 0) return failed("look at", path_);
        return std::uint64_t(facts.st_size);
    }

private:
    /// Zeros past the page cache, which would copy and keep them: a twentieth of the CPU, and later
    /// small writes find no large dirty folios. Returns how far it came: not every file system can.
    std::uint64_t zero_directly(std::uint64_t offset, std::uint64_t bytes) {
        if (offset % direct_alignment != 0 || bytes % direct_alignment != 0) return 0;
        auto const name = fmt::format("/proc/self/fd/{}", *descriptor_);
        Descriptor const direct{::open(name.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC)};
        if (!direct) return 0;
        std::uint64_t done = 0;
        while (done < bytes) {
            auto const part = zeros().first(std::min<std::uint64_t>(bytes - done, zeros_bytes));
            auto const put = ::pwrite(*direct, part.data(), part.size(), ::off_t(offset + done));
            if (put != ::ssize_t(part.size())) break;
            done += part.size();
        }
        return done;
    }

    Descriptor descriptor_;
    std::string path_;
};

class PosixLock final : public seams::Lock {
public:
    explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

private:
    Descriptor descriptor_;  // closing it releases the lock, and so does the end of the process
};

/// The process id that the holder of a lock wrote into its file, for the message.
std::string holder(int descriptor) {
    std::array<char, 32> text{};
    auto const got = ::pread(descriptor, text.data(), text.size(), 0);
    int process = 0;
    if (got <= 0) return {};
    auto const parsed = std::from_chars(text.data(), text.data() + got, process);
    return parsed.ec == std::errc{} ? fmt::format(" (process {})", process) : std::string{};
}

class PosixDirectory final : public seams::Directory {
public:
    PosixDirectory(Descriptor descriptor, std::string path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    std::expected<std::unique_ptr<seams::File>, FileError> open(std::string_view name) override {
        return open_file(name, O_RDWR, "open");
    }
    std::expected<std::unique_ptr<seams::File>, FileError> create(std::string_view name) override {
        return open_file(name, O_RDWR | O_CREAT | O_EXCL, "create");
    }

    std::expected<std::vector<std::string>, FileError> list() override {
        std::vector<std::string> names;
        std::error_code error;
        for (std::filesystem::directory_iterator at{path_, error}, end; !error && at != end;
             at.increment(error))
            names.push_back(at->path().filename().string());
        if (error) {
            errno = error.value();
            return failed("list", path_);
        }
        std::ranges::sort(names);
        return names;
    }

    std::expected<void, FileError> remove(std::string_view name) override {
        if (::unlinkat(*descriptor_, std::string{name}.c_str(), 0) != 0)
            return failed("remove", path_of(name));
        return {};
    }

    std::expected<void, FileError> rename(std::string_view from, std::string_view to) override {
        if (::renameat(*descriptor_, std::string{from}.c_str(), *descriptor_,
                       std::string{to}.c_str()) != 0)
            return failed("rename", path_of(from));
        return {};
    }

    std::expected<void, FileError> sync() override {
        if (::fsync(*descriptor_) != 0) return failed("sync", path_);
        return {};
    }

    std::expected<std::unique_ptr<seams::Lock>, FileError> lock(std::string_view name) override {
        auto const path = path_of(name);
        Descriptor file{
            ::openat(*descriptor_, std::string{name}.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
        if (!file) return failed("open", path);
        if (::flock(*file, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return failed("lock", path);
            return std::unexpected(
                FileError{FileError::Kind::locked,
                          fmt::format("{} is in use by another process{}", path_, holder(*file))});
        }
        // Only for the message above: who holds it. The lock works without. Always as long, so that
        // it covers the one before: cutting a file may wait for the file system's own journal.
        auto const text = fmt::format("{:<10}\n", ::getpid());
        if (::pwrite(*file, text.data(), text.size(), 0) < 0 && errno != ENOSPC)
            return failed("write", path);
        return std::make_unique<PosixLock>(std::move(file));
    }

    std::expected<std::uint64_t, FileError> free_bytes() override {
        struct ::statvfs facts {};
        if (::fstatvfs(*descriptor_, &facts) != 0) return failed("look at", path_);
        return std::uint64_t{facts.f_bavail} * facts.f_frsize;
    }

    std::string path_of(std::string_view name) const override {
        return fmt::format("{}/{}", path_, name);
    }

private:
    std::expected<std::unique_ptr<seams::File>, FileError> open_file(std::string_view name,
                                                                     int flags,
                                                                     std::string_view operation) {
        auto path = path_of(name);
        Descriptor file{::openat(*descriptor_, std::string{name}.c_str(), flags | O_CLOEXEC, 0644)};
        if (!file) return failed(operation, path);
        return std::make_unique<PosixFile>(std::move(file), std::move(path));
    }

    Descriptor descriptor_;
    std::string path_;
};

/// Makes the directory, parents first, each synced into the one above it.
std::expected<void, FileError> make_durably(std::filesystem::path const& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return {};
    auto parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
    if (parent.empty()) parent = ".";
    if (auto made = make_durably(parent); !made) return made;
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return failed("create", path.native());
    Descriptor const above{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!above) return failed("open", parent.native());
    if (::fsync(*above) != 0) return failed("sync", parent.native());
    return {};
}

}  // namespace

std::expected<std::unique_ptr<seams::Directory>, FileError> open_directory(
    std::string const& path) {
    if (auto made = make_durably(path); !made) return std::unexpected(made.error());
    Descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!directory) return failed("open", path);
    return std::make_unique<PosixDirectory>(std::move(directory), path);
}

}  // namespace klamm::host
