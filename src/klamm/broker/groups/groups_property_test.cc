// Random stories: whatever members do, and whenever the broker stops, what was promised holds.
#include "klamm/broker/groups/groups_fixture.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

constexpr std::size_t members_count = 6;
constexpr int steps = 400;

struct Story {
    explicit Story(std::uint64_t seed) : dice(seed) {
        world.create_topic("t", 2);
        for (std::size_t i = 0; i < members_count; ++i) {
            Member m{"m" + std::to_string(i)};
            if (i % 3 == 0) m.instance = "i-" + std::to_string(i);
            m.join_version = kafka::ApiVersion(dice.below(10));
            if (m.join_version < 5) m.instance.reset();
            m.connection = 10 + i;
            m.rebalance_ms = 4'000 + 1'000 * std::int32_t(dice.below(5));
            members.push_back(m);
        }
    }

    /// Takes in an answer that has come to a parked request.
    void read(Member& m) {
        if (m.waiting == 0 || !world.answered(m.waiting)) return;
        auto const ticket = std::exchange(m.waiting, 0);
        auto const& body = world.step.replies.at(ticket);
        if (auto const* told = std::get_if<kafka::JoinGroupResponse>(&body)) read_join(m, *told);
        if (auto const* told = std::get_if<kafka::SyncGroupResponse>(&body)) {
            if (told->error_code == ErrorCode::unknown_member_id ||
                told->error_code == ErrorCode::fenced_instance_id)
                m.id.clear();
            if (told->error_code == ErrorCode::none) check_assignment(m, told->assignment);
        }
    }

    void read_join(Member& m, kafka::JoinGroupResponse const& told) {
        if (told.error_code == ErrorCode::unknown_member_id ||
            told.error_code == ErrorCode::fenced_instance_id)
            m.id.clear();
        if (told.error_code != ErrorCode::none) return;
        m.id = told.member_id;
        m.generation = told.generation_id;
        if (!told.members.empty() && !told.skip_assignment) {
            auto const key = std::pair{restarts, told.generation_id};
            auto const& leader = leaders.emplace(key, told.member_id).first->second;
            EXPECT_EQ(leader, told.member_id) << "two leaders of generation " << m.generation;
        }
    }

    /// Each partition of a generation has one owner: the leader gives each to one member, and
    /// nobody else may be told that it owns it.
    void check_assignment(Member const& m, Bytes const& assignment) {
        if (assignment.empty()) return;
        auto const key = std::tuple{restarts, m.generation, assignment};
        auto const& owner = owners.emplace(key, m.name).first->second;
        EXPECT_EQ(owner, m.name) << "two owners in generation " << m.generation;
    }

    void sync(Member& m) {
        std::vector<std::pair<std::string, std::string>> plan;
        auto const* leader = leader_of(m);
        if (leader != nullptr)
            for (std::size_t i = 0; i < leader->members.size() && i < 2; ++i)
                plan.emplace_back(leader->members[i].member_id, "t-" + std::to_string(i));
        m.syncs(world, plan);
    }
    kafka::JoinGroupResponse const* leader_of(Member const& m) const {
        for (auto it = world.step.replies.rbegin(); it != world.step.replies.rend(); ++it) {
            auto const* told = std::get_if<kafka::JoinGroupResponse>(&it->second);
            if (told != nullptr && told->member_id == m.id && told->generation_id == m.generation &&
                !told->members.empty())
                return told;
        }
        return nullptr;
    }

    void commit(Member& m) {
        auto const partition = std::int32_t(dice.below(2));
        auto const offset = ++last_offset;
        if (m.commits(world, offset, "t", partition) == ErrorCode::none)
            committed[partition] = offset;
    }

    void act() {
        auto& m = members[dice.below(members.size())];
        read(m);
        auto const idle = m.waiting == 0;
        world.step.full = dice.one_in(20);
        switch (dice.below(12)) {
            case 0:
            case 1:
            case 2:
                if (idle) m.joins(world);
                break;
            case 3:
            case 4:
            case 5:
                if (idle && !m.id.empty()) sync(m);
                break;
            case 6:
                m.heartbeat(world);
                break;
            case 7:
                commit(m);
                break;
            case 8:
                if (dice.one_in(3)) m.leaves(world);
                break;
            case 9:
                world.pass(Duration{dice.below(3'000)});
                break;
            case 10:
                if (dice.one_in(3)) {  // the client is restarted
                    world.disconnect(m.connection);
                    m.id.clear();
                    m.waiting = 0;
                }
                break;
            case 11:
                if (dice.one_in(5)) restart();
                break;
        }
        world.step.full = false;
        read(m);
    }

    void restart() {
        Bytes before;
        world.step.held->groups.encode(before);
        world.crash_and_restart();
        ++restarts;
        Bytes after;
        world.step.held->groups.encode(after);
        EXPECT_EQ(before, after);
        GroupsState decoded;
        EXPECT_EQ(decoded.decode(after), std::nullopt);
        EXPECT_EQ(decoded, world.step.held->groups);
        for (auto& m : members) m.waiting = 0;  // their connections are gone
        check_offsets();
    }

    void check_offsets() {
        for (auto const& [partition, offset] : committed) {
            auto const* group = world.stored("g");
            ASSERT_NE(group, nullptr);
            ASSERT_NE(group->offset("t", partition), nullptr);
            EXPECT_EQ(group->offset("t", partition)->offset, offset);
        }
    }

    /// When nobody does strange things any more, everybody is a member again.
    void settle() {
        for (int round = 0; round < 60; ++round) {
            for (auto& m : members) {
                read(m);
                if (m.waiting != 0) continue;
                auto const error = m.id.empty() ? ErrorCode::unknown_member_id : m.heartbeat(world);
                if (error == ErrorCode::none && calm(m)) continue;
                if (error == ErrorCode::none)
                    sync(m);
                else
                    rejoin(m, error);
                read(m);
            }
            world.pass(Duration{500});
        }
        EXPECT_EQ(world.state_of("g"), "Stable");
        EXPECT_EQ(world.stored("g")->members.size(), members.size());
    }
    bool calm(Member const&) { return world.state_of("g") == "Stable"; }
    void rejoin(Member& m, ErrorCode error) {
        if (error == ErrorCode::unknown_member_id || error == ErrorCode::fenced_instance_id)
            m.id.clear();
        m.joins(world);
    }

    Random dice;
    World world;
    std::vector<Member> members;
    int restarts = 0;
    std::int64_t last_offset = 0;
    std::map<std::pair<int, std::int32_t>, std::string> leaders;
    std::map<std::tuple<int, std::int32_t, Bytes>, std::string> owners;
    std::map<std::int32_t, std::int64_t> committed;
};

TEST(GroupStories, EndWithOneOwnerPerPartitionAndNothingForgotten) {
    std::size_t leaders = 0, owners = 0, restarts = 0, offsets = 0;
    std::map<ErrorCode, int> errors;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Story story{seed};
        for (int i = 0; i < steps; ++i) story.act();
        story.restart();
        story.settle();
        if (::testing::Test::HasFailure()) return;
        leaders += story.leaders.size();
        owners += story.owners.size();
        restarts += std::size_t(story.restarts);
        offsets += story.committed.size();
        for (auto const& [ticket, body] : story.world.step.replies) {
            auto const* told = std::get_if<kafka::JoinGroupResponse>(&body);
            if (told != nullptr) ++errors[told->error_code];
            auto const* synced = std::get_if<kafka::SyncGroupResponse>(&body);
            if (synced != nullptr) ++errors[synced->error_code];
        }
    }
    // The stories are worth nothing when nothing happens in them.
    EXPECT_GT(leaders, 1'000u);
    EXPECT_GT(owners, 500u);
    EXPECT_GT(restarts, 500u);
    EXPECT_GT(offsets, 200u);
    for (auto const error : {ErrorCode::member_id_required, ErrorCode::unknown_member_id,
                             ErrorCode::fenced_instance_id, ErrorCode::coordinator_not_available,
                             ErrorCode::illegal_generation, ErrorCode::rebalance_in_progress})
        EXPECT_GT(errors[error], 0) << kafka::to_string(error);
}

TEST(GroupStories, AreTheSameForTheSameSeed) {
    auto const tell = [] {
        Story story{99};
        for (int i = 0; i < steps; ++i) story.act();
        return std::pair{story.world.step.journaled, story.world.step.replies.size()};
    };
    EXPECT_EQ(tell(), tell());
}

TEST(GroupsState, RefusesEveryTruncationOfACheckpoint) {
    World world;
    world.create_topic("t");
    Member ann{"ann"}, bob{"bob", "i"};
    become_stable(world, {&ann, &bob});
    ann.commits(world, 7);
    Bytes whole;
    world.step.held->groups.encode(whole);
    for (std::size_t size = 1; size < whole.size(); ++size) {
        GroupsState state;
        EXPECT_NE(state.decode(ByteView{whole}.first(size)), std::nullopt) << size;
        EXPECT_TRUE(state.all().empty());
    }
    GroupsState state;
    EXPECT_EQ(state.decode(whole), std::nullopt);
    EXPECT_EQ(state, world.step.held->groups);
}

}  // namespace
}  // namespace klamm::broker::group_stories
