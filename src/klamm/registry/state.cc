#include "klamm/registry/state.h"

#include <map>

namespace klamm::registry {

struct State::Data {
    std::map<std::string, std::string> records;
    std::uint64_t version = 0;
};

State::State() : data_(std::make_shared<Data>()) {}
State::State(State const&) = default;
State& State::operator=(State const&) = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

void State::apply(Record const& record) {
    data_ = std::make_shared<Data>(*data_);
    ++data_->version;
    if (record.value)
        data_->records[record.key] = *record.value;
    else
        data_->records.erase(record.key);
}

std::vector<Record> State::dump() const {
    std::vector<Record> all;
    for (auto const& [key, value] : data_->records) all.push_back({key, value});
    return all;
}

std::uint64_t State::version() const { return data_->version; }
State::Counts State::counts() const { return {}; }
StoredSchemaPtr State::by_id(std::string_view, std::int32_t) const { return nullptr; }
StoredSchemaPtr State::by_guid(std::string_view) const { return nullptr; }
std::optional<std::int32_t> State::version_of(std::string_view, StoredSchema const&) const {
    return std::nullopt;
}

}  // namespace klamm::registry
