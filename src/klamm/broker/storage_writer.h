// broker/storage_writer.h - batches into blocks, blocks into L1 files, and where they went.
//
// Parts that are large get a file of their own; all others of a job share one. A file that is not
// finished is removed.
#pragma once

#include "klamm/broker/batch_index.h"
#include "klamm/broker/entries.h"
#include "klamm/journal/extents.h"
#include "klamm/records/batch.h"

#include <expected>
#include <memory>
#include <vector>

namespace klamm::broker {

class StorageWriter {
public:
    StorageWriter(journal::ExtentStore& store, journal::FileNumber first_file,
                  std::uint64_t block_bytes)
        : store_(store), next_file_(first_file), block_bytes_(block_bytes) {}
    ~StorageWriter();  ///< removes what was not taken
    StorageWriter(StorageWriter const&) = delete;
    StorageWriter& operator=(StorageWriter const&) = delete;

    using Done = std::expected<void, journal::Error>;

    void begin(PartitionKey partition, bool own_file);
    /// Batches of the part in the order of their offsets.
    [[nodiscard]] Done add(Slice batch, records::BatchInfo const& info);
    /// The runs of the part, all written; not yet durable.
    [[nodiscard]] std::expected<std::vector<StoredRun>, journal::Error> end();
    /// Forgets the part; what was written of it takes space in vain.
    void abandon();
    /// Makes all files durable.
    [[nodiscard]] std::expected<std::vector<StoredFile>, journal::Error> finish();
    /// The files are somebody else's from now on.
    void keep() { made_.clear(); }

    std::uint64_t bytes() const;  ///< of all files

private:
    struct Output {
        journal::FileNumber number{};
        std::unique_ptr<journal::ExtentWriter> writer;
        std::uint64_t flushed = 0;
    };
    Done write_block();
    void end_run();
    std::expected<Output*, journal::Error> output();
    Done close(Output& output);

    journal::ExtentStore& store_;
    journal::FileNumber next_file_;
    std::uint64_t const block_bytes_;

    PartitionKey partition_{};
    bool own_file_ = false;
    Output shared_;
    Output own_;
    std::vector<Slice> block_;  ///< batches of the block that is being gathered
    BatchRef gathered_;
    BatchBlock places_;
    std::vector<StoredRun> runs_;
    std::vector<StoredFile> finished_;
    std::vector<journal::FileNumber> made_;
    std::uint64_t finished_bytes_ = 0;
};

}  // namespace klamm::broker
