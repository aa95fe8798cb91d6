// records/batch_builder.h - a batch, written record by record where it will be sent from.
#pragma once

#include "klamm/records/batch.h"
#include "klamm/records/record.h"

#include <span>

namespace klamm::records {

/// What a record is made of; copied once, into the batch.
struct RecordParts {
    std::int64_t timestamp = 0;  ///< milliseconds since 1970
    std::optional<ByteView> key;
    std::optional<ByteView> value;
    std::span<HeaderView const> headers;
    /// And these, behind `headers`, written already: record.h.
    ByteView more_headers{};
    std::int32_t more_headers_count = 0;
};

class BatchBuilder {
public:
    /// For a batch of about so many bytes.
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    void add(RecordParts const& record);
    /// The batch with this record, not compressed.
    std::size_t bytes_with(RecordParts const& record) const;
    std::int32_t count() const { return count_; }
    bool empty() const { return count_ == 0; }
    /// What was added, and begins anew. Requires that it is not empty.
    Bytes finish(BatchOptions const& options);

private:
    Bytes bytes_;  ///< room for the header, then records
    std::int32_t count_ = 0;
    std::int64_t base_timestamp_ = 0;
    std::int64_t max_timestamp_ = 0;
};

}  // namespace klamm::records
