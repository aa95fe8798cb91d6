// journal/disk_extents.h - L1 in files of a directory, beside the journal's segments.
//
// A file gets its name when it is created. One that was not finished, or that no durable state
// names, is garbage: whoever opens the directory removes it.
#pragma once

#include "klamm/journal/extents.h"
#include "klamm/seams/files.h"

#include <map>
#include <mutex>

namespace klamm::journal {

class DiskExtents final : public ExtentStore {
public:
    /// `free_bytes_min`: left on the disk. `directory` outlives this.
    DiskExtents(seams::Directory& directory, std::uint64_t free_bytes_min)
        : directory_(directory), free_bytes_min_(free_bytes_min) {}

    [[nodiscard]] std::expected<std::unique_ptr<ExtentWriter>, Error> create(
        FileNumber number) override;
    [[nodiscard]] std::expected<Slice, Error> read(BlockPlace const& place,
                                                   BlockLabel const& label) override;
    [[nodiscard]] std::expected<void, Error> remove(FileNumber number) override;
    [[nodiscard]] std::expected<std::vector<FileNumber>, Error> list() override;
    [[nodiscard]] std::expected<void, std::string> check(FileNumber number,
                                                         std::uint64_t bytes) override;
    std::uint64_t room() override;
    std::string describe_last_damage() const override;

private:
    using File = std::shared_ptr<seams::File>;
    struct Kept {
        File file;
        std::uint64_t used = 0;
    };
    std::expected<File, seams::FileError> open(FileNumber number);
    std::unexpected<Error> damaged(std::string what);
    std::unexpected<Error> refused(seams::FileError const& error);

    static constexpr std::size_t kept_open_max = 64;

    seams::Directory& directory_;
    std::uint64_t const free_bytes_min_;
    std::mutex mutex_;
    std::map<FileNumber, Kept> kept_;
    std::uint64_t uses_ = 0;
    mutable std::mutex damage_mutex_;
    std::string last_damage_;
};

}  // namespace klamm::journal
