// sim/member.h - a member of a classic group: joins, syncs, beats, leaves, finds committed offsets.
#pragma once

#include "klamm/sim/client.h"
#include "klamm/sim/workloads.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace klamm::sim {

/// Offsets of the main topic's partitions, by number.
using Offsets = std::map<std::int32_t, std::int64_t>;

class Member {
public:
    Member(Client& client, Progress& progress, std::string group);

    /// One try. Afterwards it owns partitions, perhaps none.
    Task<bool> join();
    /// Where the group goes on in what the member owns. False: it was not told.
    Task<bool> find_committed(Offsets& offsets);
    /// False: it must join again.
    Task<bool> beat();
    Task<> leave();
    void forget() { member_id_.clear(); }
    /// What an answer said about this member.
    void heed(kafka::ErrorCode error);

    std::string const& group() const { return group_; }
    std::int32_t generation() const { return generation_; }
    std::string const& member_id() const { return member_id_; }
    std::optional<std::string> const& instance() const { return instance_; }
    std::vector<std::int32_t> const& owned() const { return owned_; }

private:
    using Members = std::vector<kafka::JoinGroupResponse::JoinGroupResponseMember>;

    Services& services() { return client_.services(); }
    Task<bool> ask_to_join();
    Task<bool> sync();
    void assign(Members const& members);

    Client& client_;
    Progress& progress_;
    std::string group_;
    std::optional<std::string> instance_;
    std::int32_t session_ms_ = 0;
    std::string member_id_;
    std::int32_t generation_ = -1;
    std::vector<std::int32_t> owned_;
    std::vector<kafka::SyncGroupRequest::SyncGroupRequestAssignment> assignments_;
};

}  // namespace klamm::sim
