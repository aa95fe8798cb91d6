// Sessions against the simple walk: whatever happens, an incremental fetch answers what a fetch
// without a session finds for the same partitions in the same order, less what the client knows.
#include "klamm/broker/story.h"

#include <algorithm>
#include <ostream>
#include <utility>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;

constexpr kafka::ApiVersion by_name = 12;
constexpr std::int32_t partitions_max = 6;

struct Item {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int64_t known_high_watermark = -1;
    std::int64_t known_log_start = -1;
    bool sent = false;  ///< the session has it
    bool named = true;  ///< in the next request
};

struct Answer {
    std::string topic;
    std::int32_t partition = 0;
    ErrorCode error{};
    std::int64_t high_watermark = 0;
    std::int64_t log_start = 0;
    Values values{};
    std::int64_t next_offset = -1;  ///< behind the last value
    bool operator==(Answer const&) const = default;
    friend void PrintTo(Answer const& answer, std::ostream* out) {
        *out << answer.topic << '-' << answer.partition << " error " << int(answer.error) << ", "
             << answer.log_start << ".." << answer.high_watermark << ", " << answer.values.size()
             << " values";
    }
};

std::vector<Answer> flat(FetchResponse const& response) {
    std::vector<Answer> all;
    for (auto const& topic : response.responses) {
        for (auto const& one : topic.partitions) {
            all.push_back({topic.topic, one.partition_index, one.error_code, one.high_watermark,
                           one.log_start_offset});
            auto const records = Story::records_of(one);
            for (auto const& record : records) all.back().values.push_back(Story::text_of(record));
            if (!records.empty()) all.back().next_offset = records.back().offset + 1;
        }
    }
    return all;
}

void add(FetchRequest& request, Item const& item) {
    if (request.topics.empty() || request.topics.back().topic != item.topic)
        request.topics.emplace_back().topic = item.topic;
    request.topics.back().partitions.push_back(
        {.partition = item.partition, .fetch_offset = item.offset, .partition_max_bytes = 300});
}

class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed) {
        story_.create("a", 3);
        story_.create("b", 3);
        want();
    }

    void step() {
        switch (random_.below(12)) {
            case 0:
                return delete_records();
            case 1:
                return random_.one_in(4) ? void(story_.remove(topic())) : void();
            case 2:
                return void(story_.create(topic(), 1 + std::int32_t(random_.below(4))));
            case 3:
                return want();
            case 4:
                return forget();
            case 5:
            case 6:
            case 7:
                return void(
                    story_.produce(topic(), {std::string(random_.below(200), 'x')}, partition()));
            default:
                return fetch();
        }
    }

private:
    std::string topic() { return random_.one_in(2) ? "a" : "b"; }
    std::int32_t partition() { return std::int32_t(random_.below(partitions_max)); }

    auto find(std::string const& topic, std::int32_t partition) {
        return std::ranges::find_if(items_, [&](Item const& item) {
            return item.topic == topic && item.partition == partition;
        });
    }
    void want() {
        auto const name = topic();
        auto const number = partition();
        if (find(name, number) != items_.end() || is_forgotten(name, number)) return;
        items_.push_back({.topic = name, .partition = number});
    }
    bool is_forgotten(std::string const& topic, std::int32_t partition) const {
        return std::ranges::count(forgotten_, std::pair{topic, partition}) > 0;
    }
    void forget() {
        auto const at = find(topic(), partition());
        if (at == items_.end() || items_.size() == 1) return;
        if (at->sent) forgotten_.emplace_back(at->topic, at->partition);
        items_.erase(at);
    }
    void delete_records() {
        kafka::DeleteRecordsRequest request;
        request.topics = {{.name = topic(),
                           .partitions = {{.partition_index = partition(),
                                           .offset = std::int64_t(random_.below(10))}}}};
        story_.ask(request);
    }

    /// What the walk over all partitions finds, less what the client knows.
    std::vector<Answer> expected(std::int32_t bytes_max, bool full) {
        FetchRequest request;
        request.max_bytes = bytes_max;
        for (auto const& item : items_) add(request, item);
        auto all = flat(story_.ask(request, by_name));
        EXPECT_EQ(all.size(), items_.size());
        std::vector<Answer> changed;
        for (std::size_t n = 0; n < items_.size(); ++n) {
            auto& item = items_[n];
            auto const high = story_.list_offset(item.topic, -1, item.partition);
            auto const start = story_.list_offset(item.topic, -2, item.partition);
            bool const same = all[n].values.empty() && all[n].error == ErrorCode::none &&
                              item.known_high_watermark == high && item.known_log_start == start;
            item.known_high_watermark = high;
            item.known_log_start = start;
            if (full || !same) changed.push_back(all[n]);
        }
        return changed;
    }

    void fetch() {
        constexpr std::int32_t limits[] = {100, 500, 10'000};
        FetchRequest request;
        request.max_bytes = limits[random_.below(3)];
        bool const full = session_ == 0;
        request.session_id = session_;
        request.session_epoch = epoch_;
        for (auto& item : items_) {
            if (full || item.named) add(request, item);
            item.sent = true;
            item.named = false;
        }
        for (auto const& [name, number] : std::exchange(forgotten_, {}))
            request.forgotten_topics_data.push_back(
                {.topic = name, .topic_id = {}, .partitions = {number}});
        auto const want = expected(request.max_bytes, full);
        auto const response = story_.ask(request, by_name);
        ASSERT_EQ(response.error_code, ErrorCode::none);
        ASSERT_NE(response.session_id, 0);
        auto const got = flat(response);
        ASSERT_EQ(got, want);
        session_ = response.session_id;
        ++epoch_;
        for (auto const& answer : got) take(answer);
        if (random_.one_in(8)) {
            auto& item = items_[random_.below(items_.size())];
            item.offset = std::int64_t(random_.below(12));
            item.named = true;
        }
    }
    /// A client goes on behind what it got; now and then it does not, and gets it again.
    void take(Answer const& answer) {
        auto const at = find(answer.topic, answer.partition);
        if (!answer.values.empty() && !random_.one_in(4)) {
            at->offset = answer.next_offset;
            at->named = true;
        }
        if (!answer.values.empty()) std::rotate(at, at + 1, items_.end());
    }

    Random random_;
    Story story_;
    std::vector<Item> items_;
    std::vector<std::pair<std::string, std::int32_t>> forgotten_;
    std::int32_t session_ = 0;
    std::int32_t epoch_ = 0;
};

TEST(FetchSessionProperty, AnswersAsAWalkOverAllPartitionsWould) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        Walk walk{seed};
        for (int n = 0; n < 250 && !testing::Test::HasFatalFailure(); ++n) walk.step();
    }
}

}  // namespace
}  // namespace klamm::broker
