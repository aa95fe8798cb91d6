#include "klamm/records/contents.h"

#include <fmt/format.h>

namespace klamm::records {

std::unexpected<BatchError> refuse(BatchError::Kind kind, std::string why) {
    return std::unexpected(BatchError{kind, std::move(why)});
}

std::unexpected<BatchError> refuse_record(BatchError::Kind kind, std::int32_t index,
                                          BatchInfo const& info, std::string_view what) {
    return refuse(kind, fmt::format("record {} of {} {}", index + 1, info.records_count, what));
}

std::expected<Contents, BatchError> Contents::open(ByteView batch, BatchInfo const& info,
                                                   CheckLimits limits) {
    Contents contents;
    contents.inside_ = batch.subspan(batch_header_bytes);
    if (info.codec() == Codec::none) return contents;
    auto plain = decompress(info.codec(), contents.inside_, limits.decompressed_bytes_max);
    if (!plain) {
        if (plain.error() == DecompressError::too_large)
            return refuse(BatchError::Kind::too_large,
                          fmt::format("the records decompress to more than {} bytes",
                                      limits.decompressed_bytes_max));
        if (plain.error() == DecompressError::unreadable)
            return refuse(BatchError::Kind::corrupt,
                          "the lz4 frame has blocks that depend on each other or a dictionary; "
                          "Kafka's clients read independent blocks only");
        return refuse(
            BatchError::Kind::corrupt,
            fmt::format("the records are not well-formed {} data", to_string(info.codec())));
    }
    contents.plain_ = std::move(*plain);
    return contents;
}

}  // namespace klamm::records
