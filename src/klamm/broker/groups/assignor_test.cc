#include "klamm/broker/groups/assignor.h"

#include "klamm/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace klamm::broker {
namespace {

Uuid topic(int n) {
    Uuid id;
    id.bytes[0] = std::byte(n);
    return id;
}

/// A group whose members may change, with what they were to have last.
struct Team {
    std::map<Uuid, std::int32_t> topics;
    std::map<std::string, std::vector<Uuid>> members;
    std::map<std::string, TargetPartitions> targets;

    AssignableGroup spec() const {
        AssignableGroup out;
        out.topics = topics;
        for (auto const& [id, read] : members) {
            auto const before = targets.find(id);
            out.members.push_back({id, read, before == targets.end() ? nullptr : &before->second});
        }
        return out;
    }
    void assign(std::string_view how) {
        auto const found = broker::assign(how, spec());
        std::map<std::string, TargetPartitions> next;
        std::size_t i = 0;
        for (auto const& [id, read] : members) next[id] = found[i++];
        targets = std::move(next);
    }
    std::vector<std::size_t> loads() const {
        std::vector<std::size_t> out;
        for (auto const& [id, target] : targets) out.push_back(target.size());
        return out;
    }
    /// How many partitions are to be had by another than in `before`.
    std::size_t moved_from(std::map<std::string, TargetPartitions> const& before) const {
        std::size_t count = 0;
        for (auto const& [id, target] : before) {
            auto const now = targets.find(id);
            if (now == targets.end()) continue;
            for (auto const& at : target)
                count += std::size_t(!std::ranges::binary_search(now->second, at));
        }
        return count;
    }
    void expect_complete() const {
        std::set<TopicIdPartition> wanted, given;
        for (auto const& [id, read] : members)
            for (auto const& t : read)
                for (std::int32_t n = 0; n < topics.at(t); ++n) wanted.insert({t, n});
        for (auto const& [id, target] : targets) {
            EXPECT_TRUE(std::ranges::is_sorted(target));
            for (auto const& at : target) {
                EXPECT_TRUE(given.insert(at).second) << "given to two";
                EXPECT_TRUE(std::ranges::binary_search(members.at(id), at.topic_id));
            }
        }
        EXPECT_EQ(given, wanted);
    }
};

TEST(Uniform, BalancesOverAllTopicsTogether) {
    Team team{
        {{topic(1), 3}, {topic(2), 4}},
        {{"a", {topic(1), topic(2)}}, {"b", {topic(1), topic(2)}}, {"c", {topic(1), topic(2)}}},
        {}};
    team.assign(uniform_assignor);
    team.expect_complete();
    EXPECT_EQ(team.loads(), (std::vector<std::size_t>{3, 2, 2}));
}

TEST(Uniform, MovesAsLittleAsBalanceLets) {
    Team team{{{topic(1), 10}}, {{"a", {topic(1)}}, {"b", {topic(1)}}}, {}};
    team.assign(uniform_assignor);
    auto const before = team.targets;
    team.members["aa"] = {topic(1)};
    team.assign(uniform_assignor);
    team.expect_complete();
    EXPECT_EQ(team.loads(), (std::vector<std::size_t>{4, 3, 3}));
    EXPECT_EQ(team.moved_from(before), 3u);  // only to the newcomer
}

TEST(Uniform, BalancesMembersThatReadDifferentTopics) {
    Team team{{{topic(1), 4}, {topic(2), 8}},
              {{"a", {topic(1)}}, {"b", {topic(1), topic(2)}}, {"c", {topic(1), topic(2)}}},
              {}};
    team.assign(uniform_assignor);
    team.expect_complete();
    EXPECT_EQ(team.loads(), (std::vector<std::size_t>{4, 4, 4}));
}

TEST(Range, GivesTheSameNumbersOfEqualTopicsToTheSameMember) {
    std::vector const both{topic(1), topic(2)};
    Team team{{{topic(1), 4}, {topic(2), 4}}, {{"a", both}, {"b", both}}, {}};
    team.assign(range_assignor);
    team.expect_complete();
    auto const numbers = [&](std::string const& id, int t) {
        std::vector<std::int32_t> out;
        for (auto const& at : team.targets[id])
            if (at.topic_id == topic(t)) out.push_back(at.partition);
        return out;
    };
    EXPECT_EQ(numbers("a", 1), (std::vector{0, 1}));
    EXPECT_EQ(numbers("b", 1), (std::vector{2, 3}));
    EXPECT_EQ(numbers("a", 2), numbers("a", 1));
    EXPECT_EQ(numbers("b", 2), numbers("b", 1));
    team.members["c"] = both;
    team.assign(range_assignor);
    team.expect_complete();
    for (auto const* id : {"a", "b", "c"}) EXPECT_EQ(numbers(id, 1), numbers(id, 2)) << id;
}

TEST(Assignors, GiveNothingToNobody) {
    Team team{{{topic(1), 4}}, {}, {}};
    EXPECT_TRUE(assign(uniform_assignor, team.spec()).empty());
    EXPECT_TRUE(assign(range_assignor, team.spec()).empty());
    team.members["a"] = {};
    team.assign(uniform_assignor);
    EXPECT_TRUE(team.targets["a"].empty());
}

/// Whoever comes, goes or changes: everything is given once, and members that read the same are
/// within one of each other.
TEST(Assignors, CoverEverythingOnceInRandomTeams) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random{seed};
        Team team;
        auto const how = random.one_in(2) ? uniform_assignor : range_assignor;
        bool const alike = random.one_in(2);
        for (int t = 0; t < 4; ++t) team.topics[topic(t)] = std::int32_t(1 + random.below(9));
        for (int step = 0; step < 12; ++step) {
            auto const id = "m" + std::to_string(random.below(7));
            if (random.one_in(3)) {
                team.members.erase(id);
            } else {
                auto& read = team.members[id];
                read.clear();
                for (auto const& [t, n] : team.topics)
                    if (alike || random.one_in(2)) read.push_back(t);
            }
            if (random.one_in(4)) team.topics[topic(int(random.below(4)))] += 2;
            team.assign(how);
            team.expect_complete();
            if (!alike || how != uniform_assignor || team.members.empty()) continue;
            auto const loads = team.loads();
            auto const [least, most] = std::ranges::minmax(loads);
            EXPECT_LE(most - least, 1u);
            auto const before = team.targets;
            team.assign(how);
            EXPECT_EQ(team.targets, before);  // nothing changed, nothing moves
        }
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace klamm::broker
