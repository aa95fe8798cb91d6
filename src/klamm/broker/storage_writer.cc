#include "klamm/broker/storage_writer.h"

#include "klamm/kafka/wire.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace klamm::broker {
namespace {

/// So much is pushed to the disk at once: a commit of the journal that comes meanwhile waits for
/// no more than this.
constexpr std::uint64_t flush_bytes = 4 * 1024 * 1024;

Bytes encode(BatchBlock const& places) {
    kafka::Writer out{256};
    places.encode(out);
    return std::move(out).finish_bytes();
}

}  // namespace

StorageWriter::~StorageWriter() {
    shared_.writer.reset();
    own_.writer.reset();
    // What cannot be removed now is removed at the next start.
    for (auto const number : made_) std::ignore = store_.remove(number);
}

void StorageWriter::begin(PartitionKey partition, bool own_file) {
    partition_ = partition;
    own_file_ = own_file;
}

std::expected<StorageWriter::Output*, journal::Error> StorageWriter::output() {
    auto& output = own_file_ ? own_ : shared_;
    if (output.writer) return &output;
    auto const number = next_file_;
    auto made = store_.create(number);
    if (!made) return std::unexpected(made.error());
    next_file_ = journal::FileNumber(std::to_underlying(number) + 1);
    made_.push_back(number);
    output = {number, std::move(*made), 0};
    return &output;
}

StorageWriter::Done StorageWriter::add(Slice batch, records::BatchInfo const& info) {
    if (!block_.empty() && gathered_.bytes + batch.size() > block_bytes_) {
        if (auto done = write_block(); !done) return done;
    }
    if (block_.empty())
        gathered_ = {.base_offset = info.base_offset, .max_timestamp = info.max_timestamp};
    gathered_.bytes += std::uint32_t(batch.size());
    gathered_.last_offset = info.last_offset();
    gathered_.max_timestamp = std::max(gathered_.max_timestamp, info.max_timestamp);
    block_.push_back(std::move(batch));
    return {};
}

StorageWriter::Done StorageWriter::write_block() {
    if (block_.empty()) return {};
    auto const to = output();
    if (!to) return std::unexpected(to.error());
    std::vector<ByteView> parts;
    for (auto const& batch : block_) parts.push_back(batch.view());
    auto& writer = *(*to)->writer;
    auto const place = writer.write({std::uint32_t(partition_), gathered_.base_offset}, parts);
    if (!place) return std::unexpected(place.error());
    block_.clear();
    gathered_.position = journal::Position{place->offset};
    places_.append(gathered_);
    // A run is replaced as a whole, so none may be large.
    if (places_.full() || places_.bytes() >= BatchBlock::count_max * block_bytes_) end_run();
    if (writer.bytes() - (*to)->flushed < flush_bytes) return {};
    (*to)->flushed = writer.bytes();
    return writer.flush();
}

void StorageWriter::end_run() {
    if (places_.count() == 0) return;
    auto const number = own_file_ ? own_.number : shared_.number;
    runs_.push_back({std::to_underlying(number), encode(std::exchange(places_, {}))});
}

std::expected<std::vector<StoredRun>, journal::Error> StorageWriter::end() {
    if (auto done = write_block(); !done) return std::unexpected(done.error());
    end_run();
    if (auto done = close(own_); !done) return std::unexpected(done.error());
    return std::exchange(runs_, {});
}

void StorageWriter::abandon() {
    block_.clear();
    places_ = {};
    runs_.clear();
    if (!own_.writer) return;
    own_.writer.reset();
    std::ignore = store_.remove(own_.number);
    std::erase(made_, own_.number);
}

StorageWriter::Done StorageWriter::close(Output& output) {
    if (!output.writer) return {};
    auto const bytes = output.writer->finish();
    if (!bytes) return std::unexpected(bytes.error());
    finished_.push_back({std::to_underlying(output.number), *bytes});
    finished_bytes_ += *bytes;
    output.writer.reset();
    return {};
}

std::expected<std::vector<StoredFile>, journal::Error> StorageWriter::finish() {
    if (auto done = close(shared_); !done) return std::unexpected(done.error());
    std::ranges::sort(finished_, {}, &StoredFile::number);
    return std::exchange(finished_, {});
}

std::uint64_t StorageWriter::bytes() const {
    return finished_bytes_ + (shared_.writer ? shared_.writer->bytes() : 0) +
           (own_.writer ? own_.writer->bytes() : 0);
}

}  // namespace klamm::broker
