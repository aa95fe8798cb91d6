#include "klamm/sim/disk.h"

#include "klamm/base/ensure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace klamm::sim {

using seams::FileError;
using seams::sector_bytes;

namespace {

std::unexpected<FileError> failed(FileError::Kind kind, std::string what) {
    return std::unexpected(FileError{kind, std::move(what)});
}

std::unexpected<FileError> dead() {
    return failed(FileError::Kind::io, "this file belongs to a process that is dead");
}

std::unexpected<FileError> no_power() {
    return failed(FileError::Kind::io, "the power has failed");
}

}  // namespace

class DiskFile final : public seams::File {
public:
    DiskFile(Disk& disk, std::shared_ptr<Disk::Inode> inode)
        : disk_(disk), inode_(std::move(inode)), life_(disk.life_) {}

    std::expected<std::size_t, FileError> pread(std::span<std::byte> into,
                                                std::uint64_t offset) override {
        if (life_ != disk_.life_) return dead();
        auto const& now = inode_->now;
        if (offset >= now.size()) return 0;
        auto const bytes = std::min(into.size(), std::size_t(now.size() - offset));
        if (bytes > 0) std::memcpy(into.data(), now.data() + offset, bytes);
        return bytes;
    }
    std::expected<void, FileError> pwritev(std::span<ByteView const> parts,
                                           std::uint64_t offset) override {
        if (life_ != disk_.life_) return dead();
        return disk_.write(*inode_, parts, offset);
    }
    std::expected<void, FileError> sync() override {
        if (life_ != disk_.life_) return dead();
        return disk_.sync(*inode_);
    }
    std::expected<void, FileError> allocate(std::uint64_t bytes) override {
        if (life_ != disk_.life_) return dead();
        return bytes > inode_->now.size() ? disk_.resize(*inode_, bytes)
                                          : std::expected<void, FileError>{};
    }
    std::expected<void, FileError> zero(std::uint64_t offset, std::uint64_t bytes) override {
        Bytes const zeros(bytes);
        std::array const parts{ByteView{zeros}};
        return pwritev(parts, offset);
    }
    std::expected<std::uint64_t, FileError> size() override {
        if (life_ != disk_.life_) return dead();
        return inode_->now.size();
    }

private:
    Disk& disk_;
    std::shared_ptr<Disk::Inode> inode_;
    std::uint64_t life_;
};

class DiskLock final : public seams::Lock {
public:
    DiskLock(Disk& disk, std::string name)
        : disk_(disk), name_(std::move(name)), life_(disk.life_) {}
    ~DiskLock() override {
        if (life_ == disk_.life_) disk_.locks_.erase(name_);
    }

private:
    Disk& disk_;
    std::string name_;
    std::uint64_t life_;
};

// ---- names -------------------------------------------------------------------------------

std::string Disk::path_of(std::string_view name) const { return fmt::format("disk/{}", name); }

std::expected<std::unique_ptr<seams::File>, FileError> Disk::open(std::string_view name) {
    auto const found = names_.find(name);
    if (found == names_.end())
        return failed(FileError::Kind::not_found,
                      fmt::format("cannot open {}: it does not exist", path_of(name)));
    return std::make_unique<DiskFile>(*this, found->second);
}

std::expected<std::unique_ptr<seams::File>, FileError> Disk::create(std::string_view name) {
    if (stopped()) return no_power();
    if (names_.contains(name))
        return failed(FileError::Kind::exists,
                      fmt::format("cannot create {}: it exists", path_of(name)));
    unsynced_names_.push_back(names_);
    auto inode = std::make_shared<Inode>();
    names_.emplace(name, inode);
    return std::make_unique<DiskFile>(*this, std::move(inode));
}

std::expected<std::vector<std::string>, FileError> Disk::list() {
    std::vector<std::string> names;
    for (auto const& [name, _] : names_) names.push_back(name);
    return names;
}

std::expected<void, FileError> Disk::remove(std::string_view name) {
    if (stopped()) return no_power();
    auto const found = names_.find(name);
    if (found == names_.end())
        return failed(FileError::Kind::not_found,
                      fmt::format("cannot remove {}: it does not exist", path_of(name)));
    unsynced_names_.push_back(names_);
    names_.erase(found);
    return {};
}

std::expected<void, FileError> Disk::rename(std::string_view from, std::string_view to) {
    if (stopped()) return no_power();
    auto const found = names_.find(from);
    if (found == names_.end())
        return failed(FileError::Kind::not_found,
                      fmt::format("cannot rename {}: it does not exist", path_of(from)));
    unsynced_names_.push_back(names_);
    auto inode = found->second;
    names_.erase(found);
    names_.insert_or_assign(std::string{to}, std::move(inode));
    return {};
}

std::expected<void, FileError> Disk::sync() {
    if (stopped()) return no_power();
    unsynced_names_.clear();
    return {};
}

std::expected<std::unique_ptr<seams::Lock>, FileError> Disk::lock(std::string_view name) {
    if (!locks_.emplace(name, life_).second)
        return failed(FileError::Kind::locked, "disk is in use by another process");
    return std::make_unique<DiskLock>(*this, std::string{name});
}

// ---- space -------------------------------------------------------------------------------

std::uint64_t Disk::used_bytes() const {
    std::uint64_t used = 0;
    for (auto const& [_, inode] : names_) used += inode->now.size();
    return used;
}

std::expected<std::uint64_t, FileError> Disk::free_bytes() {
    return bytes_max_ - std::min(bytes_max_, used_bytes());
}

std::expected<void, FileError> Disk::resize(Inode& inode, std::uint64_t bytes) {
    if (stopped()) return no_power();
    if (bytes > inode.now.size() && used_bytes() + bytes - inode.now.size() > bytes_max_) {
        ++hits_.full;
        return failed(FileError::Kind::full, "no space left on the disk");
    }
    inode.now.resize(bytes);
    return {};
}

// ---- bytes -------------------------------------------------------------------------------

Disk::Sector Disk::sector_of(Inode const& inode, std::uint64_t sector) {
    Sector content{};
    auto const from = sector * sector_bytes;
    if (from < inode.now.size())
        std::memcpy(content.data(), inode.now.data() + from,
                    std::min<std::size_t>(sector_bytes, inode.now.size() - from));
    return content;
}

void Disk::put_sector(Inode& inode, std::uint64_t sector, Sector const& content) {
    auto const from = sector * sector_bytes;
    if (from < inode.now.size())
        std::memcpy(inode.now.data() + from, content.data(),
                    std::min<std::size_t>(sector_bytes, inode.now.size() - from));
}

std::expected<void, FileError> Disk::write(Inode& inode, std::span<ByteView const> parts,
                                           std::uint64_t offset) {
    std::uint64_t bytes = 0;
    for (auto const part : parts) bytes += part.size();
    if (bytes == 0) return {};
    if (stopped()) return no_power();
    if (offset + bytes > inode.now.size()) {
        if (auto done = resize(inode, offset + bytes); !done) return done;
    }
    for (auto sector = offset / sector_bytes; sector <= (offset + bytes - 1) / sector_bytes;
         ++sector) {
        auto& versions = inode.unsynced[sector];
        if (auto const found = inode.stranded.find(sector); found != inode.stranded.end()) {
            versions.push_back(found->second);
            inode.stranded.erase(found);
        }
        if (versions.size() == versions_max) versions.pop_back();
        versions.push_back(sector_of(inode, sector));
    }
    for (auto const part : parts) {
        if (!part.empty()) std::memcpy(inode.now.data() + offset, part.data(), part.size());
        offset += part.size();
    }
    return {};
}

std::expected<void, FileError> Disk::sync(Inode& inode) {
    if (stopped()) return no_power();
    if (on_sync) on_sync();
    if (syncs_until_failure_ == 0) {
        ++hits_.syncs_failed;
        for (auto const& [sector, versions] : inode.unsynced)
            inode.stranded.emplace(sector, versions.front());
        inode.unsynced.clear();
        return failed(FileError::Kind::io, "cannot sync: the disk failed");
    }
    if (syncs_until_failure_ != never) --syncs_until_failure_;
    inode.unsynced.clear();
    inode.synced_bytes = inode.now.size();
    return {};
}

// ---- faults ------------------------------------------------------------------------------

bool Disk::stopped() {
    if (changes_left_ == never) return false;
    if (changes_left_ == 0) return true;
    --changes_left_;
    return false;
}

void Disk::kill() {
    ++life_;
    locks_.clear();
}

void Disk::crash() {
    kill();
    syncs_until_failure_ = changes_left_ = never;
    if (!unsynced_names_.empty()) {
        auto const kept = random_.below(unsynced_names_.size() + 1);
        hits_.names_lost += unsynced_names_.size() - kept;
        if (kept < unsynced_names_.size()) {
            auto names = std::move(unsynced_names_[kept]);
            names_ = std::move(names);
        }
        unsynced_names_.clear();
    }
    for (auto const& [_, inode] : names_) crash(*inode);
}

void Disk::crash(Inode& inode) {
    std::uint64_t lost = 0;
    std::uint64_t kept = 0;
    // Now and then all or nothing, so that the plain cases happen too.
    auto const mood = random_.below(4);
    for (auto const& [sector, versions] : inode.unsynced) {
        auto const choice = mood == 0   ? 0
                            : mood == 1 ? versions.size()
                                        : random_.below(versions.size() + 1);
        ++(choice == 0 ? lost : kept);
        if (choice < versions.size()) put_sector(inode, sector, versions[choice]);
    }
    inode.unsynced.clear();
    for (auto const& [sector, content] : inode.stranded) {
        auto const keep = random_.one_in(2);
        ++(keep ? kept : lost);
        if (!keep) put_sector(inode, sector, content);
    }
    inode.stranded.clear();
    if (inode.now.size() != inode.synced_bytes && random_.one_in(2))
        inode.now.resize(inode.synced_bytes);
    inode.synced_bytes = inode.now.size();
    hits_.sectors_lost += lost;
    hits_.sectors_kept += kept;
    if (lost > 0 && kept > 0) ++hits_.writes_torn;
}

void Disk::flip_bit(std::string_view name, std::uint64_t byte, unsigned bit) {
    auto const found = names_.find(name);
    ensure(found != names_.end());
    auto& inode = *found->second;
    ensure(byte < inode.now.size());
    auto const mask = std::byte(1U << bit);
    inode.now[byte] ^= mask;
    if (auto const changed = inode.unsynced.find(byte / sector_bytes);
        changed != inode.unsynced.end()) {
        for (auto& version : changed->second) version[byte % sector_bytes] ^= mask;
    }
    if (auto const changed = inode.stranded.find(byte / sector_bytes);
        changed != inode.stranded.end())
        changed->second[byte % sector_bytes] ^= mask;
}

void Disk::truncate(std::string_view name, std::uint64_t bytes) {
    auto const found = names_.find(name);
    ensure(found != names_.end());
    auto& inode = *found->second;
    inode.now.resize(bytes);
    inode.unsynced.clear();
    inode.stranded.clear();
    inode.synced_bytes = bytes;
}

Bytes const& Disk::bytes(std::string_view name) const {
    auto const found = names_.find(name);
    ensure(found != names_.end());
    return found->second->now;
}

std::unique_ptr<Disk> Disk::copy(std::uint64_t seed) const {
    auto twin = std::make_unique<Disk>(seed, bytes_max_);
    for (auto const& [name, inode] : names_) {
        auto other = std::make_shared<Inode>();
        other->now = inode->now;
        other->synced_bytes = other->now.size();
        twin->names_.emplace(name, std::move(other));
    }
    return twin;
}

}  // namespace klamm::sim
