#include "klamm/registry/state.h"

#include "klamm/registry/access.h"
#include "klamm/registry/records.h"

namespace klamm::registry {

struct State::Data {
    Tables tables;
    std::uint64_t version = 0;
};

State::State() : data_(std::make_shared<Data>()) {}
State::State(State const&) = default;
State& State::operator=(State const&) = default;
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

Tables const& Access::tables(State const& state) { return state.data_->tables; }

void State::apply(Record const& record) {
    auto changed = std::make_shared<Data>(*data_);
    registry::apply(changed->tables, record);
    ++changed->version;
    data_ = std::move(changed);
}

std::vector<Record> State::dump() const { return registry::dump(data_->tables); }

std::uint64_t State::version() const { return data_->version; }

State::Counts State::counts() const {
    return {.schemas = data_->tables.ids.size(),
            .subjects = data_->tables.subjects,
            .versions = data_->tables.versions.size()};
}

StoredSchemaPtr State::by_id(std::string_view context, std::int32_t id) const {
    return data_->tables.by_id({.context = std::string(context), .id = id});
}

StoredSchemaPtr State::by_guid(std::string_view guid) const {
    for (auto const& context : data_->tables.all_contexts())
        if (auto stored = data_->tables.by_guid(context, guid)) return stored;
    return nullptr;
}

std::optional<std::int32_t> State::version_of(std::string_view subject,
                                              StoredSchema const& schema) const {
    auto const named = parse_subject(subject);
    IdKey const id{.context = named.context, .id = schema.id()};
    auto const stored = data_->tables.by_id(id);
    if (!stored || stored->guid() != schema.guid()) return std::nullopt;
    std::optional<std::int32_t> latest;
    UseKey const first{.id = id, .version = {.subject = named, .version = 0}};
    data_->tables.uses.from(first, [&](UseKey const& use, Nothing) {
        if (use.id != id || use.version.subject != named) return false;
        latest = use.version.version;
        return true;
    });
    return latest;
}

}  // namespace klamm::registry
