#include "klamm/broker/groups/live_group.h"

#include "klamm/base/ensure.h"

#include <algorithm>
#include <utility>

namespace klamm::broker {

std::string_view to_string(Phase phase) {
    switch (phase) {
        case Phase::empty:
            return "Empty";
        case Phase::preparing_rebalance:
            return "PreparingRebalance";
        case Phase::completing_rebalance:
            return "CompletingRebalance";
        case Phase::stable:
            return "Stable";
    }
    std::unreachable();
}

Protocol const* LiveMember::protocol(std::string_view name) const {
    auto const found = std::ranges::find(protocols, name, &Protocol::name);
    return found == protocols.end() ? nullptr : &*found;
}

std::size_t LiveMember::bytes() const {
    auto total = id.size() + client_id.size() + client_host.size();
    if (instance) total += instance->size();
    for (auto const& p : protocols) total += p.name.size() + p.metadata.size();
    return total;
}

LiveMember* LiveGroup::member(std::string const& member_id) {
    auto const found = members.find(member_id);
    return found == members.end() ? nullptr : &found->second;
}

bool LiveGroup::supports(std::string_view type, std::vector<Protocol> const& protocols) const {
    if (phase == Phase::empty || members.empty()) return !type.empty() && !protocols.empty();
    auto const all_support = [this](Protocol const& p) {
        auto const found = votes.find(p.name);
        return found != votes.end() && found->second == members.size();
    };
    return type == protocol_type && std::ranges::any_of(protocols, all_support);
}

Duration LiveGroup::rebalance_timeout() const {
    Duration longest{};
    for (auto const& [member_id, m] : members) longest = std::max(longest, m.rebalance_timeout);
    return longest;
}

std::string LiveGroup::select_protocol() const {
    ensure(!members.empty());
    std::map<std::string_view, std::size_t> ballots;
    for (auto const& [member_id, m] : members) {
        auto const choice = std::ranges::find_if(m.protocols, [this](Protocol const& p) {
            return votes.find(p.name)->second == members.size();
        });
        ensure(choice != m.protocols.end());
        ++ballots[choice->name];
    }
    auto const best = std::ranges::max_element(
        ballots, {}, [](auto const& ballot) { return ballot.second; });  // first of equals, by name
    return std::string(best->first);
}

LiveMember& LiveGroup::add(LiveMember added) {
    if (!leader) leader = added.id;
    if (added.instance) static_ids[*added.instance] = added.id;
    metadata_bytes += added.bytes();
    for (auto const& p : added.protocols) ++votes[p.name];
    if (added.joined) ++joined;
    promised.erase(added.id);
    auto key = added.id;
    auto const [at, is_new] = members.emplace(std::move(key), std::move(added));
    ensure(is_new);
    return at->second;
}

void LiveGroup::remove(std::string const& member_id) {
    auto const found = members.find(member_id);
    ensure(found != members.end());
    auto& gone = found->second;
    ensure(!gone.join);
    ensure(!gone.sync);
    set_joined(gone, false);
    set_protocols(gone, {});
    metadata_bytes -= gone.bytes();
    if (gone.instance && static_ids[*gone.instance] == member_id) static_ids.erase(*gone.instance);
    members.erase(found);
    if (leader == member_id)
        leader = members.empty() ? std::nullopt : std::optional(members.begin()->first);
}

void LiveGroup::set_protocols(LiveMember& changed, std::vector<Protocol> protocols) {
    metadata_bytes -= changed.bytes();
    for (auto const& p : changed.protocols) {
        auto const vote = votes.find(p.name);
        if (--vote->second == 0) votes.erase(vote);
    }
    changed.protocols = std::move(protocols);
    for (auto const& p : changed.protocols) ++votes[p.name];
    metadata_bytes += changed.bytes();
}

void LiveGroup::set_joined(LiveMember& changed, bool now_joined) {
    if (changed.joined != now_joined) joined += now_joined ? std::size_t(1) : std::size_t(-1);
    changed.joined = now_joined;
}

bool LiveGroup::elect_joined_leader() {
    auto const* current = leader ? member(*leader) : nullptr;
    if (current != nullptr && current->joined) return true;
    auto const next = std::ranges::find_if(members, [](auto const& m) { return m.second.joined; });
    if (next == members.end()) return false;
    leader = next->first;
    return true;
}

GroupChanged LiveGroup::to_entry(std::int64_t now_ms) const {
    GroupChanged entry;
    entry.group_id = id;
    entry.protocol_type = protocol_type;
    entry.generation_id = generation;
    entry.protocol_name = protocol;
    entry.leader = leader;
    entry.changed_ms = now_ms;
    for (auto const& [member_id, m] : members) {
        auto& out = entry.members.emplace_back();
        out.member_id = m.id;
        out.group_instance_id = m.instance;
        out.client_id = m.client_id;
        out.client_host = m.client_host;
        out.session_timeout_ms = std::int32_t(m.session_timeout.count());
        out.rebalance_timeout_ms = std::int32_t(m.rebalance_timeout.count());
        auto const* chosen = protocol ? m.protocol(*protocol) : nullptr;
        if (chosen != nullptr) out.subscription = chosen->metadata;
    }
    return entry;
}

LiveGroup revive(std::string group_id, StoredGroup const& stored, Instant now) {
    LiveGroup group;
    group.id = std::move(group_id);
    group.protocol_type = stored.protocol_type;
    // Whoever was in it before must not be taken for a member of a new generation.
    group.generation = stored.consumer ? stored.consumer->group_epoch : stored.generation_id;
    group.protocol = stored.protocol_name;
    for (auto const& [member_id, m] : stored.members) {
        LiveMember member;
        member.id = member_id;
        member.instance = m.group_instance_id;
        member.client_id = m.client_id;
        member.client_host = m.client_host;
        member.session_timeout = Duration(m.session_timeout_ms);
        member.rebalance_timeout = Duration(m.rebalance_timeout_ms);
        if (stored.protocol_name) member.protocols = {{*stored.protocol_name, m.subscription}};
        member.session_ends = now + member.session_timeout;
        group.add(std::move(member));
    }
    group.leader = stored.leader;
    if (!group.members.empty()) group.phase = Phase::stable;
    return group;
}

}  // namespace klamm::broker
