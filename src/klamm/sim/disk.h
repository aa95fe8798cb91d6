// sim/disk.h - a simulated disk with one directory, which misbehaves as the seed says.
//
// Fault model
//
//   A crash takes, for every sector that was written since its file's last sync, one of the
//   contents that it had since then: the synced one, that of any later write, the newest. Each
//   sector is decided alone. So unsynced writes are lost, kept, torn between sectors and reordered.
//   A sector itself is never torn.
//   A crash keeps a prefix, of any length, of the changes of names (create, rename, remove) since
//   the last sync of the directory. A size that was not synced is kept or lost.
//   A process that is killed loses nothing: kill() takes its locks and leaves all bytes.
//   On request: a sync fails; what it should have made durable looks written from then on, and no
//   later sync makes it durable unless it is written again (so does Linux); the disk is full; a
//   bit flips, in what is seen and in what is durable.
//
//   Not modelled: a disk that calls a write durable and then loses it; damage to names.
//
// How long an operation takes is the world's business: `on_sync` tells it when one happens.
// After crash() and kill() every open File and Lock is dead: its functions say `io`.
//
// Thread: one at a time.
#pragma once

#include "klamm/base/random.h"
#include "klamm/seams/files.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klamm::sim {

class Disk final : public seams::Directory {
public:
    explicit Disk(std::uint64_t seed, std::uint64_t bytes_max = std::uint64_t{1} << 30)
        : random_(seed), bytes_max_(bytes_max) {}

    // ---- seams::Directory ------------------------------------------------------------------

    [[nodiscard]] std::expected<std::unique_ptr<seams::File>, seams::FileError> open(
        std::string_view name) override;
    [[nodiscard]] std::expected<std::unique_ptr<seams::File>, seams::FileError> create(
        std::string_view name) override;
    [[nodiscard]] std::expected<std::vector<std::string>, seams::FileError> list() override;
    [[nodiscard]] std::expected<void, seams::FileError> remove(std::string_view name) override;
    [[nodiscard]] std::expected<void, seams::FileError> rename(std::string_view from,
                                                               std::string_view to) override;
    [[nodiscard]] std::expected<void, seams::FileError> sync() override;
    [[nodiscard]] std::expected<std::unique_ptr<seams::Lock>, seams::FileError> lock(
        std::string_view name) override;
    [[nodiscard]] std::expected<std::uint64_t, seams::FileError> free_bytes() override;
    std::string path_of(std::string_view name) const override;

    // ---- faults ----------------------------------------------------------------------------

    void crash();  ///< the power fails
    void kill();   ///< the process dies, the system lives on
    void fail_syncs(std::uint64_t after = 0) { syncs_until_failure_ = after; }  ///< once, then all
    void mend() { syncs_until_failure_ = never; }
    /// The power fails in the middle of something: after so many more changes (writes, syncs,
    /// names, sizes) everything fails, until crash().
    void stop_after(std::uint64_t changes) { changes_left_ = changes; }
    bool has_power() const { return changes_left_ != 0; }
    void set_bytes_max(std::uint64_t bytes) { bytes_max_ = bytes; }
    /// Requires that the file is there and long enough.
    void flip_bit(std::string_view name, std::uint64_t byte, unsigned bit);
    /// Cuts or lengthens the file, durably, as an operator would.
    void truncate(std::string_view name, std::uint64_t bytes);

    // ---- looking ---------------------------------------------------------------------------

    /// What a reader sees now. Requires that the file is there.
    Bytes const& bytes(std::string_view name) const;
    /// Same files, same bytes, durably; for trying one thing many times. Takes no locks along.
    std::unique_ptr<Disk> copy(std::uint64_t seed) const;
    std::function<void()> on_sync;  ///< called by every sync of a file, before it takes effect

    struct Hits {
        std::uint64_t sectors_lost = 0;  ///< went back to the synced content
        std::uint64_t sectors_kept = 0;  ///< unsynced, yet there after the crash
        std::uint64_t writes_torn =
            0;  ///< of the unsynced ones, some sectors were lost, others kept
        std::uint64_t names_lost = 0;
        std::uint64_t syncs_failed = 0;
        std::uint64_t full = 0;
    };
    Hits const& hits() const { return hits_; }

private:
    friend class DiskFile;
    friend class DiskLock;

    using Sector = std::array<std::byte, seams::sector_bytes>;
    struct Inode {
        Bytes now;  ///< what a reader sees
        std::uint64_t synced_bytes = 0;
        /// By number, what each changed sector held: the synced content first, then that after
        /// each write but the last, which is in `now`. At most versions_max of them.
        std::map<std::uint64_t, std::vector<Sector>> unsynced;
        /// What sectors held that a failed sync should have written. They look written, and no
        /// later sync writes them, unless they are written anew.
        std::map<std::uint64_t, Sector> stranded;
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>, std::less<>>;

    static constexpr std::uint64_t never = ~std::uint64_t{0};
    static constexpr std::size_t versions_max = 4;

    bool stopped();  ///< to be asked before each change
    static Sector sector_of(Inode const& inode, std::uint64_t sector);
    static void put_sector(Inode& inode, std::uint64_t sector, Sector const& content);
    std::expected<void, seams::FileError> resize(Inode& inode, std::uint64_t bytes);
    std::expected<void, seams::FileError> write(Inode& inode, std::span<ByteView const> parts,
                                                std::uint64_t offset);
    std::expected<void, seams::FileError> sync(Inode& inode);
    void crash(Inode& inode);
    std::uint64_t used_bytes() const;

    Random random_;
    std::uint64_t bytes_max_;
    std::uint64_t syncs_until_failure_ = never;
    std::uint64_t changes_left_ = never;
    std::uint64_t life_ =
        0;         ///< counts crashes and kills; what was opened in an earlier one is dead
    Names names_;  ///< what a reader sees
    std::vector<Names>
        unsynced_names_;  ///< the synced ones first, then after each change but the last
    std::map<std::string, std::uint64_t, std::less<>> locks_;  ///< held, since which life
    Hits hits_;
};

}  // namespace klamm::sim
