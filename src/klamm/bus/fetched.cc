#include "klamm/bus/fetched.h"

#include "klamm/records/contents.h"
#include "klamm/records/filter.h"

#include <algorithm>
#include <set>
#include <utility>

namespace klamm::bus {
namespace {

using records::BatchInfo;

constexpr std::size_t decompressed_bytes_max = 64 * 1024 * 1024;
constexpr std::int64_t offset_max = INT64_MAX / 2;
constexpr std::size_t record_bytes_min = 7;  ///< a byte for each field
/// Source: https://kafka.apache.org/documentation/#controlbatch: version, then 0 for an abort
constexpr std::size_t marker_type_at = 3;

Headers headers_of(records::RecordView const& view) {
    Headers headers;
    headers.reserve(std::size_t(view.headers_count));
    each_header(view.headers, view.headers_count,
                [&](std::string_view name, std::optional<std::string_view> value) {
                    headers.push_back({std::string(name), std::optional<std::string>(value)});
                });
    return headers;
}

/// The records of a batch, as they lie in `contents`.
struct Opened {
    Slice contents;
    Slice slice(ByteView view) const {
        return contents.part(std::size_t(view.data() - contents.data()), view.size());
    }
};

std::expected<Opened, std::string> open(Slice const& batch, BatchInfo const& info) {
    auto const body =
        batch.part(records::batch_header_bytes, batch.size() - records::batch_header_bytes);
    if (info.codec() == records::Codec::none) return Opened{body};
    if (info.codec() > records::Codec::zstd) return std::unexpected("an unknown codec");
    auto plain = records::decompress(info.codec(), body.view(), decompressed_bytes_max);
    if (!plain) return std::unexpected("contents that cannot be decompressed");
    return Opened{Slice{std::move(*plain)}};
}

class Reader {
public:
    Reader(kafka::FetchResponse::PartitionData const& fetched, TopicPartition const& partition,
           std::int64_t offset, std::vector<Record>& out)
        : partition_(partition), next_(offset), out_(out) {
        if (fetched.aborted_transactions) aborted_ = *fetched.aborted_transactions;
        std::ranges::sort(aborted_, std::greater{}, [](auto const& a) { return a.first_offset; });
    }

    std::expected<void, std::string> read(Slice const& part) {
        std::expected<void, std::string> result;
        auto const visited =
            records::visit_batches(part.view(), [&](ByteView batch, BatchInfo const& info) {
                auto const at = std::size_t(batch.data() - part.data());
                result = read(part.part(at, batch.size()), info);
                return result.has_value();
            });
        if (!visited) return std::unexpected(visited.error().why);
        return result;
    }
    std::int64_t next() const { return next_; }

private:
    std::expected<void, std::string> read(Slice const& batch, BatchInfo const& info) {
        if (info.base_offset < 0 || info.base_offset > offset_max || info.last_offset_delta < 0)
            return std::unexpected("a batch with impossible offsets");
        if (info.last_offset() < next_) return {};
        for (; !aborted_.empty() && aborted_.back().first_offset <= info.last_offset();
             aborted_.pop_back())
            aborting_.insert(aborted_.back().producer_id);
        bool const skipped = info.transactional() && aborting_.contains(info.producer_id);
        if (info.control() || !skipped) {
            auto const opened = open(batch, info);
            if (!opened) return std::unexpected(opened.error());
            if (auto done = records(*opened, info); !done) return done;
        }
        next_ = info.next_offset();
        return {};
    }

    /// A batch may claim any number of records; they need bytes each.
    void make_room(std::int32_t claimed, std::size_t bytes) {
        auto const count = std::min(std::size_t(std::max(claimed, 0)), bytes / record_bytes_min);
        auto const room = out_.size() + count;
        if (room > out_.capacity()) out_.reserve(std::max(room, 2 * out_.capacity()));
    }

    std::expected<void, std::string> records(Opened const& opened, BatchInfo const& info) {
        if (!info.control()) make_room(info.records_count, opened.contents.size());
        auto const visit = [&](records::RecordView const& view, std::int64_t offset,
                               std::int64_t timestamp) {
            if (info.control()) {
                if (view.key && view.key->size() > marker_type_at &&
                    (*view.key)[marker_type_at] == std::byte{0})
                    aborting_.erase(info.producer_id);
                return true;
            }
            if (offset < next_) return true;
            auto& record = out_.emplace_back();
            record.partition = partition_;
            record.offset = offset;
            record.timestamp_ms = timestamp;
            if (view.key) record.key = opened.slice(*view.key);
            if (view.value) record.value = opened.slice(*view.value);
            if (view.headers_count > 0) record.headers = headers_of(view);
            return true;
        };
        auto const walked = klamm::records::for_each(opened.contents.view(), info, visit);
        if (!walked) return std::unexpected(walked.error().why);
        return {};
    }

    TopicPartition const& partition_;
    std::int64_t next_;
    std::vector<Record>& out_;
    /// The first one last.
    std::vector<kafka::FetchResponse::AbortedTransaction> aborted_;
    std::set<std::int64_t> aborting_;  ///< producer ids
};

}  // namespace

std::expected<std::int64_t, std::string> read_fetched(
    kafka::FetchResponse::PartitionData const& fetched, TopicPartition const& partition,
    std::int64_t offset, std::vector<Record>& out) {
    if (!fetched.records) return offset;
    auto const before = out.size();
    Reader reader{fetched, partition, offset, out};
    for (auto const& part : fetched.records->parts) {
        auto done = reader.read(part);
        if (done) continue;
        out.resize(before);
        return std::unexpected(std::move(done.error()));
    }
    return reader.next();
}

}  // namespace klamm::bus
