#include "klamm/broker/groups/groups_fixture.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

TEST(FindCoordinator, IsAlwaysThisNode) {
    Options options;
    options.node_id = 5;
    options.advertised_host = "broker.example";
    options.advertised_port = 1234;
    World world{options};
    for (kafka::ApiVersion version = 0; version <= 6; ++version) {
        for (std::int8_t type = 0; type <= (version > 0 ? 1 : 0); ++type) {
            kafka::FindCoordinatorRequest request;
            request.key_type = type;
            if (version < 4) {
                request.key = "g";
                auto const told = world.ask(request, version);
                EXPECT_EQ(told.node_id, 5);
                EXPECT_EQ(told.host, "broker.example");
                EXPECT_EQ(told.port, 1234);
            } else {
                request.coordinator_keys = {"g", "h"};
                auto const told = world.ask(request, version);
                ASSERT_EQ(told.coordinators.size(), 2u);
                EXPECT_EQ(told.coordinators[1].key, "h");
                EXPECT_EQ(told.coordinators[1].node_id, 5);
                EXPECT_EQ(told.coordinators[1].error_code, ErrorCode::none);
            }
        }
    }
}

TEST(FindCoordinator, RefusesOtherKinds) {
    World world;
    kafka::FindCoordinatorRequest request;
    request.key_type = 2;
    request.coordinator_keys = {"g:t:0"};
    EXPECT_EQ(world.ask(request, 6).coordinators.at(0).error_code, ErrorCode::invalid_request);
    request.coordinator_keys.clear();
    request.key = "g";
    EXPECT_EQ(world.ask(request, 3).error_code, ErrorCode::invalid_request);
}

TEST(DescribeGroups, ShowsMembersAndWhatTheyRead) {
    World world;
    Member ann{"ann"}, bob{"bob", "i-2"};
    become_stable(world, {&ann, &bob});
    kafka::DescribeGroupsRequest request;
    request.groups = {"g"};
    request.include_authorized_operations = true;
    auto const told = world.ask(request, 6).groups.at(0);
    EXPECT_EQ(told.group_state, "Stable");
    EXPECT_EQ(told.protocol_type, "consumer");
    EXPECT_EQ(told.protocol_data, "range");
    EXPECT_EQ(told.authorized_operations, 3400);
    ASSERT_EQ(told.members.size(), 2u);
    for (auto const& member : told.members) {
        auto const& expected = member.member_id == ann.id ? ann : bob;
        EXPECT_EQ(member.member_id, expected.id);
        EXPECT_EQ(member.group_instance_id, expected.instance);
        EXPECT_EQ(member.client_id, expected.name);
        EXPECT_EQ(member.client_host, "127.0.0.1");
        EXPECT_EQ(member.member_metadata, subscription_to({"t"}));
        EXPECT_EQ(member.member_assignment, bytes_of(expected.name));
    }
    Member eve{"eve"};
    eve.joins(world);
    request.include_authorized_operations = false;
    auto const moving = world.ask(request, 0).groups.at(0);
    EXPECT_EQ(moving.group_state, "PreparingRebalance");
    EXPECT_EQ(moving.protocol_data, "");
    EXPECT_EQ(moving.members.size(), 3u);
    EXPECT_EQ(moving.members[0].member_metadata, Bytes{});
}

TEST(DescribeGroups, CallsUnknownGroupsDead) {
    World world;
    kafka::DescribeGroupsRequest request;
    request.groups = {"nope"};
    EXPECT_EQ(world.ask(request, 5).groups.at(0).group_state, "Dead");
    EXPECT_EQ(world.ask(request, 5).groups.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(world.ask(request, 6).groups.at(0).error_code, ErrorCode::group_id_not_found);
    EXPECT_EQ(world.ask(request, 6).groups.at(0).error_message, "Group nope not found.");
}

std::vector<std::string> listed(World& world, std::vector<std::string> states,
                                std::vector<std::string> types) {
    kafka::ListGroupsRequest request;
    request.states_filter = std::move(states);
    request.types_filter = std::move(types);
    std::vector<std::string> names;
    for (auto const& group : world.ask(request, 5).groups)
        names.push_back(group.group_id + ":" + group.group_state + ":" + group.group_type);
    return names;
}

TEST(ListGroups, FiltersByStateAndType) {
    World world;
    Member a{"a", std::nullopt, "z"}, b{"b", std::nullopt, "left"}, c{"c", std::nullopt, "moving"};
    become_stable(world, {&a});
    become_stable(world, {&b});
    become_stable(world, {&c});
    b.leaves(world);
    Member d{"d", std::nullopt, "moving"};
    d.joins(world);
    Member promised{"p", std::nullopt, "promised"};
    world.send(promised.join_request(), 9);

    using Names = std::vector<std::string>;
    EXPECT_EQ(
        listed(world, {}, {}),
        (Names{"left:Empty:classic", "moving:PreparingRebalance:classic", "z:Stable:classic"}));
    EXPECT_EQ(listed(world, {"stable", "EMPTY"}, {"Classic"}),
              (Names{"left:Empty:classic", "z:Stable:classic"}));
    EXPECT_EQ(listed(world, {}, {"consumer"}), Names{});
    EXPECT_EQ(listed(world, {"Dead"}, {}), Names{});
    kafka::ListGroupsRequest old;
    EXPECT_EQ(world.ask(old, 0).groups.size(), 3u);
}

TEST(DeleteGroups, DeletesEmptyGroupsForGood) {
    World world;
    Member ann{"ann"}, bob{"bob", std::nullopt, "h"};
    become_stable(world, {&ann});
    become_stable(world, {&bob});
    bob.leaves(world);
    kafka::DeleteGroupsRequest request;
    request.groups_names = {"g", "h", "h", "nope"};
    auto const told = world.ask(request, 2);
    ASSERT_EQ(told.results.size(), 3u);
    EXPECT_EQ(told.results[0].error_code, ErrorCode::non_empty_group);
    EXPECT_EQ(told.results[1].error_code, ErrorCode::none);
    EXPECT_EQ(told.results[2].error_code, ErrorCode::group_id_not_found);
    world.crash_and_restart();
    EXPECT_EQ(world.state_of("h"), "Dead");
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST(DeleteGroups, IsRefusedAsRetriableWhenTheJournalIsFull) {
    World world;
    Member ann{"ann"};
    become_stable(world, {&ann});
    ann.leaves(world);
    world.step.full = true;
    kafka::DeleteGroupsRequest request;
    request.groups_names = {"g"};
    EXPECT_EQ(world.ask(request, 0).results.at(0).error_code, ErrorCode::coordinator_not_available);
    EXPECT_EQ(world.state_of("g"), "Empty");
}

}  // namespace
}  // namespace klamm::broker::group_stories
