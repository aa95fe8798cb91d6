// journal/memory_extents.h - L1 in memory: the model of all others, for tests and for `--memory`.
#pragma once

#include "klamm/journal/extents.h"

#include <map>
#include <mutex>

namespace klamm::journal {

class MemoryExtents final : public ExtentStore {
public:
    explicit MemoryExtents(std::uint64_t bytes_max = 256 * 1024 * 1024) : bytes_max_(bytes_max) {}

    [[nodiscard]] std::expected<std::unique_ptr<ExtentWriter>, Error> create(
        FileNumber number) override;
    [[nodiscard]] std::expected<Slice, Error> read(BlockPlace const& place,
                                                   BlockLabel const& label) override;
    [[nodiscard]] std::expected<void, Error> remove(FileNumber number) override;
    [[nodiscard]] std::expected<std::vector<FileNumber>, Error> list() override;
    [[nodiscard]] std::expected<void, std::string> check(FileNumber number,
                                                         std::uint64_t bytes) override;
    std::uint64_t room() override;
    std::string describe_last_damage() const override { return {}; }

    void set_bytes_max(std::uint64_t bytes);

private:
    friend class MemoryWriter;
    struct Block {
        BlockLabel label;
        Slice body;
    };
    struct File {
        std::map<std::uint64_t, Block> blocks;  ///< by offset
        std::uint64_t bytes = 0;
        bool finished = false;
    };

    mutable std::mutex mutex_;
    std::uint64_t bytes_max_;
    std::uint64_t bytes_ = 0;
    std::map<FileNumber, File> files_;
};

}  // namespace klamm::journal
