// cli/groups.h - consumer groups of any Kafka cluster: who is in them, how far they came.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/cli/cluster.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::cli {

struct GroupListing {
    std::string name;
    std::string state;
    bool is_simple;         ///< only commits offsets, has no protocol
    std::string type = "";  ///< "classic" or "consumer"; empty: the cluster does not say
};

struct Member {
    std::string id;
    std::string client_id;
    std::string instance_id;  ///< empty: a dynamic member
    std::string host;
    std::vector<TopicPartition> assigned;
    std::optional<std::int32_t> epoch;  ///< of members of the consumer protocol's groups
};

struct GroupState {
    std::string name;
    std::string state;
    std::string assignor;
    std::int32_t coordinator = -1;
    std::vector<Member> members;
    std::string type = "classic";
    std::optional<std::int32_t> epoch;  ///< of groups of the consumer protocol

    bool is_empty() const { return members.empty(); }
};

Outcome<std::vector<GroupListing>> groups(Client& client);
/// A failure that names the group if there is none.
Outcome<GroupState> group(Client& client, std::string const& name);
/// The next offset that the group wants of each partition; without those that it never committed.
Outcome<Offsets> committed(Client& client, std::string const& group);
/// Requires a group without members; the cluster refuses otherwise.
Outcome<> commit(Client& client, std::string const& group, Offsets const& offsets);
Outcome<> delete_group(Client& client, std::string const& name);

}  // namespace klamm::cli
