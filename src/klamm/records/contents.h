// records/contents.h - the records of a batch, decompressed when there is a codec.
#pragma once

#include "klamm/records/batch.h"
#include "klamm/records/record.h"

namespace klamm::records {

/// The bytes behind the header: a view into the batch, or into what was decompressed.
class Contents {
public:
    Contents() = default;  ///< of no batch
    /// Requires that `batch` has exactly `info.bytes` bytes and `info` is its header.
    [[nodiscard]] static std::expected<Contents, BatchError> open(ByteView batch,
                                                                  BatchInfo const& info,
                                                                  CheckLimits limits);
    ByteView view() const { return plain_ ? ByteView{*plain_} : inside_; }

private:
    std::optional<Bytes> plain_;
    ByteView inside_;
};

/// As batch.h says, and gives out what it has decompressed. What was in `contents` is gone.
[[nodiscard]] std::expected<BatchInfo, BatchError> check(ByteView batch, CheckLimits limits,
                                                         Contents& contents);

/// Gives each record to `visit(RecordView, offset, timestamp)` until it returns false, and then
/// ends. Otherwise the records must number `info.records_count` and end with the bytes.
template <class Visit>
[[nodiscard]] std::expected<void, BatchError> for_each(ByteView contents, BatchInfo const& info,
                                                       Visit&& visit);

/// Builds an error; `why` is a whole sentence without the full stop.
[[nodiscard]] std::unexpected<BatchError> refuse(BatchError::Kind kind, std::string why);
/// "record 3 of 10 ..."
[[nodiscard, gnu::cold]] std::unexpected<BatchError> refuse_record(BatchError::Kind kind,
                                                                   std::int32_t index,
                                                                   BatchInfo const& info,
                                                                   std::string_view what);

template <class Visit>
std::expected<void, BatchError> for_each(ByteView contents, BatchInfo const& info, Visit&& visit) {
    VarintReader in{contents};
    for (std::int32_t i = 0; i < info.records_count; ++i) {
        auto const record = take_record(in);
        if (in.failed())
            return refuse_record(BatchError::Kind::corrupt, i, info,
                                 "does not fit its length or the batch");
        auto timestamp = info.max_timestamp;
        if (!info.log_append_time() &&
            __builtin_add_overflow(info.base_timestamp, record.timestamp_delta, &timestamp))
            return refuse_record(BatchError::Kind::invalid, i, info,
                                 "has a timestamp beyond 64 bits");
        if (record.offset_delta < 0 || record.offset_delta > info.last_offset_delta)
            return refuse_record(BatchError::Kind::invalid, i, info,
                                 "has an offset outside the batch");
        if (!visit(record, info.base_offset + record.offset_delta, timestamp)) return {};
    }
    if (in.bytes_left() > 0)
        return refuse(BatchError::Kind::corrupt,
                      std::to_string(in.bytes_left()) + " bytes follow the last record");
    return {};
}

}  // namespace klamm::records
