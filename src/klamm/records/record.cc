#include "klamm/records/record.h"

namespace klamm::records {

std::optional<ByteView> take_nullable(VarintReader& in) {
    auto const length = in.varint();
    if (length == -1) return std::nullopt;
    return in.take(length);
}

HeaderView take_header(VarintReader& in) {
    HeaderView header;
    header.key = in.take(in.varint());
    header.value = take_nullable(in);
    return header;
}

RecordView take_record(VarintReader& in) {
    VarintReader body{in.take(in.varint())};
    RecordView record;
    body.byte();  // attributes
    record.timestamp_delta = body.varlong();
    record.offset_delta = body.varint();
    record.key = take_nullable(body);
    record.value = take_nullable(body);
    record.headers_count = body.varint();
    if (record.headers_count < 0) body.fail();
    record.headers = body.take(std::int64_t(body.bytes_left()));

    // A header takes two bytes at least, so a count beyond the bytes left ends this soon.
    VarintReader headers{record.headers};
    for (auto left = record.headers_count; left > 0 && !headers.failed(); --left)
        take_header(headers);
    if (body.failed() || headers.failed() || headers.bytes_left() > 0) in.fail();
    return record;
}

}  // namespace klamm::records
