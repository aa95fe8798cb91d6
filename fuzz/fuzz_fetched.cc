// Any bytes as what a Fetch brought: in one part or in two, with transactions that were aborted.
#include "klamm/base/ensure.h"
#include "klamm/bus/fetched.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace klamm;
    if (size < 4) return 0;
    kafka::FetchResponse::PartitionData fetched;
    fetched.aborted_transactions->push_back({data[0], data[1]});
    auto const from = std::int64_t(data[2]);
    auto const split = data[3] % (size - 3);
    auto const* bytes = reinterpret_cast<std::byte const*>(data) + 4;
    auto& parts = fetched.records.emplace().parts;
    parts.emplace_back(Bytes(bytes, bytes + split));
    parts.emplace_back(Bytes(bytes + split, bytes + (size - 4)));
    std::vector<bus::Record> records;
    auto const next = bus::read_fetched(fetched, {"topic", 0}, from, records);
    ensure(next || records.empty());
    std::size_t read = 0;
    for (auto const& record : records) {
        ensure(record.offset >= from && record.offset < *next);
        if (record.key) read += record.key->size();
        if (record.value)
            for (auto const b : record.value->view()) read += std::size_t(b);
        for (auto const& header : record.headers) read += header.name.size();
    }
    return read == SIZE_MAX ? -1 : 0;
}
