#include "klamm/bus/bus.h"

namespace klamm::bus {

Headers Outgoing::all_headers() const {
    auto all = headers;
    all.reserve(all.size() + std::size_t(more_headers.count()));
    more_headers.each([&](std::string_view name, std::optional<std::string_view> text) {
        all.push_back({std::string(name), std::optional<std::string>(text)});
    });
    return all;
}

std::vector<Outgoing const*> Transaction::all_records() const {
    auto count = records.size();
    for (auto const& part : shared) count += part->size();
    std::vector<Outgoing const*> all;
    all.reserve(count);
    for (auto const& part : shared)
        for (auto const& record : *part) all.push_back(&record);
    for (auto const& record : records) all.push_back(&record);
    return all;
}

void Transaction::own_records() {
    if (shared.empty()) return;
    std::vector<Outgoing> all;
    for (auto const& part : std::exchange(shared, {}))
        all.insert(all.end(), part->begin(), part->end());
    for (auto& record : records) all.push_back(std::move(record));
    records = std::move(all);
}

}  // namespace klamm::bus
