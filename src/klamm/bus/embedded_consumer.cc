#include "klamm/bus/embedded_consumer.h"

#include "klamm/bus/fetcher.h"
#include "klamm/bus/questions.h"
#include "klamm/bus/topics.h"

#include <algorithm>
#include <set>

namespace klamm::bus {
namespace {

using kafka::ErrorCode;
using Heartbeat = kafka::ConsumerGroupHeartbeatRequest;
using Assignment = kafka::ConsumerGroupHeartbeatResponse::Assignment;

constexpr kafka::ApiVersion heartbeat_version = 1;
constexpr kafka::ApiVersion leave_version = 5;
constexpr std::int32_t joins = 0;
constexpr std::int32_t leaves = -1;
/// Until the broker says how often it wants to hear of a member.
constexpr Duration heartbeat_interval_first{5'000};

class State final : public Membership,
                    public Fetcher::Hears,
                    public std::enable_shared_from_this<State> {
public:
    State(std::shared_ptr<Setting> setting, ConsumerOptions options, Subscriber& subscriber)
        : setting_(std::move(setting)),
          options_(std::move(options)),
          subscriber_(subscriber),
          line_(std::make_shared<Line>(setting_, options_.client_id)),
          fetcher_(setting_, options_.client_id, options_.fetch_bytes_max, *this),
          member_id_(to_string(Uuid::random(setting_->random))) {}

    void begin() {
        line_->belong_to(weak_from_this());
        fetcher_.belong_to(weak_from_this());
        plan_beat(Duration{0});
    }
    void close() {
        closed_ = true;
        owned_.clear();
        line_->close();
        fetcher_.close();
    }

    void resume(TopicPartition const& partition, std::int64_t offset) {
        auto const at = owned_.find(partition);
        if (at != owned_.end() && at->second == Stage::given) fetcher_.resume(partition, offset);
    }
    void pause(TopicPartition const& partition) { fetcher_.pause(partition); }
    void leave(Done<void> done);

    // ---- Membership

    MemberName name() const override { return {options_.group, member_id_, epoch_, life_}; }
    bool owns(TopicPartition const& partition) const override {
        auto const at = owned_.find(partition);
        return at != owned_.end() && at->second != Stage::finding;
    }
    void doubted() override { plan_beat(Duration{0}); }

private:
    /// Of a partition that the broker gave this member.
    enum class Stage : std::uint8_t {
        finding,  ///< where the group had committed; the subscriber has not heard of it
        given,
        leaving,  ///< until the subscriber lets it go
    };
    enum Source : std::size_t { heartbeats, fetches, sources };

    // ---- the group

    void plan_beat(Duration delay);
    void beat();
    Heartbeat heartbeat() const;
    void heard(std::optional<kafka::AnyResponse> answer);
    void refused(ErrorCode error, std::optional<std::string> const& message);
    void take_over();
    void superseded();
    void membership_lost();
    void take(Assignment const& assignment);
    std::set<TopicPartition> named(Assignment const& assignment);
    void learn(std::set<Uuid> unknown);
    void released(std::vector<TopicPartition> const& partitions, std::uint64_t life);

    // ---- where to go on

    void find();
    void found(std::optional<kafka::AnyResponse> answer);

    // ---- Fetcher::Hears

    void fetched(std::vector<Record> records) override { subscriber_.records(std::move(records)); }
    void out_of_range(TopicPartition const& partition, std::int64_t from,
                      std::int64_t to) override {
        subscriber_.skipped(partition, from, to);
    }
    void fetch_trouble(std::string const& why) override { trouble(fetches, why); }

    /// Whether something works; empty: it does.
    void trouble(Source source, std::string const& why);

    std::shared_ptr<Setting> setting_;
    ConsumerOptions options_;
    Subscriber& subscriber_;
    std::shared_ptr<Line> line_;
    Fetcher fetcher_;
    std::string member_id_;
    std::int32_t epoch_ = joins;
    Duration interval_ = heartbeat_interval_first;
    std::map<TopicPartition, Stage> owned_;
    std::map<std::string, Uuid> ids_;  ///< of the topics in it
    std::uint64_t life_ = 0;           ///< counts memberships
    std::uint64_t plans_ = 0;
    bool beating_ = false;
    bool beat_again_ = false;
    bool finding_ = false;
    bool learning_ = false;
    bool joined_ = false;   ///< once at least
    bool leaving_ = false;  ///< or superseded: no more heartbeats
    bool closed_ = false;
    std::optional<Instant> failing_since_[sources];
    bool away_ = false;
};

// ---- heartbeats ---------------------------------------------------------------------------------

/// The latest plan counts.
void State::plan_beat(Duration delay) {
    if (leaving_) return;
    line_->after(delay, [this, plan = ++plans_] {
        if (plan == plans_) beat();
    });
}

void State::beat() {
    if (leaving_) return;
    beat_again_ = beating_;
    if (std::exchange(beating_, true)) return;
    line_->send(heartbeat(), heartbeat_version,
                [this, life = life_](std::optional<kafka::AnyResponse> answer) {
                    beating_ = false;
                    if (!leaving_ && life == life_) heard(std::move(answer));
                });
}

/// All that there is to say, each time: so no answer that is lost makes a difference.
Heartbeat State::heartbeat() const {
    Heartbeat request;
    request.group_id = options_.group;
    request.member_id = member_id_;
    request.member_epoch = epoch_;
    if (!options_.instance.empty()) request.instance_id = options_.instance;
    request.rebalance_timeout_ms = std::int32_t(options_.rebalance_timeout.count());
    request.subscribed_topic_names = options_.topics;
    auto& mine = request.topic_partitions.emplace();
    for (auto const& [partition, stage] : owned_) {
        auto const& id = ids_.at(partition.topic);
        if (mine.empty() || mine.back().topic_id != id) mine.emplace_back().topic_id = id;
        mine.back().partitions.push_back(partition.partition);
    }
    return request;
}

void State::heard(std::optional<kafka::AnyResponse> answer) {
    if (!answer) {
        plan_beat(setting_->options.retry_pause);
        return trouble(heartbeats, "the broker does not answer");
    }
    auto const& response = std::get<kafka::ConsumerGroupHeartbeatResponse>(*answer);
    if (response.error_code != ErrorCode::none)
        return refused(response.error_code, response.error_message);
    joined_ = true;
    epoch_ = response.member_epoch;
    interval_ = Duration{response.heartbeat_interval_ms};
    plan_beat(beat_again_ ? Duration{0} : interval_);
    trouble(heartbeats, {});
    if (!closed_ && response.assignment) take(*response.assignment);
}

void State::refused(ErrorCode error, std::optional<std::string> const& message) {
    if (error == ErrorCode::fenced_member_epoch || error == ErrorCode::unknown_member_id) {
        // Who is not even let in does not hurry.
        plan_beat(epoch_ == joins ? setting_->options.retry_pause : Duration{0});
        return membership_lost();
    }
    if (error == ErrorCode::unreleased_instance_id && !joined_) return take_over();
    if (error == ErrorCode::unreleased_instance_id || error == ErrorCode::fenced_instance_id)
        return superseded();
    plan_beat(kafka::is_retriable(error) ? setting_->options.retry_pause : interval_);
    trouble(heartbeats, klamm::bus::refused("group '" + options_.group + "'", error, message).why);
}

/// The one that has this member's name is its predecessor: it is removed, and the next request on
/// the connection joins in its place.
void State::take_over() {
    kafka::LeaveGroupRequest request;
    request.group_id = options_.group;
    request.members.emplace_back().group_instance_id = options_.instance;
    line_->send(std::move(request), leave_version, [](std::optional<kafka::AnyResponse>) {});
    beat();
}

/// By one that came later. Who would come again now would take its place from that one.
void State::superseded() {
    leaving_ = true;
    membership_lost();
    if (!closed_)
        subscriber_.away(fmt::format("another member has taken the name '{}' in group '{}'",
                                     options_.instance, options_.group));
}

/// Under the same id it may join again at once.
void State::membership_lost() {
    ++life_;
    epoch_ = joins;
    beating_ = finding_ = false;
    fetcher_.pause_all();
    std::vector<TopicPartition> told;
    for (auto const& [partition, stage] : std::exchange(owned_, {}))
        if (stage != Stage::finding) told.push_back(partition);
    if (!told.empty()) subscriber_.lost(told);
}

// ---- partitions come and go ---------------------------------------------------------------------

std::set<TopicPartition> State::named(Assignment const& assignment) {
    std::set<TopicPartition> target;
    std::set<Uuid> unknown;
    for (auto const& topic : assignment.topic_partitions) {
        auto const name = setting_->topics.name_of(topic.topic_id);
        if (!name) {
            unknown.insert(topic.topic_id);
            continue;
        }
        ids_[*name] = topic.topic_id;
        for (auto const number : topic.partitions) target.insert({*name, number});
    }
    if (!unknown.empty()) learn(std::move(unknown));
    return target;
}

/// What they are called; the next heartbeat brings them again.
void State::learn(std::set<Uuid> unknown) {
    if (std::exchange(learning_, true)) return;
    line_->insist<kafka::MetadataRequest>(
        {.what = "to ask for topics",
         .until = line_->patience(),
         .make = [this] { return metadata_request(options_.topics); },
         .hear =
             [this, unknown = std::move(unknown)](kafka::MetadataResponse& answer, bool) {
                 learning_ = false;
                 setting_->topics.hear(answer, line_->now());
                 bool const known = std::ranges::any_of(unknown, [&](Uuid const& id) {
                     return setting_->topics.name_of(id).has_value();
                 });
                 if (known) plan_beat(Duration{0});
                 return settled;
             },
         .give_up = [this](Error const&, bool) { learning_ = false; }});
}

void State::take(Assignment const& assignment) {
    auto const target = named(assignment);
    std::vector<TopicPartition> revoked;
    bool gave_up = false;
    for (auto at = owned_.begin(); at != owned_.end();) {
        auto const here = at++;
        if (target.contains(here->first)) continue;
        if (here->second == Stage::given) {
            here->second = Stage::leaving;
            fetcher_.pause(here->first);
            revoked.push_back(here->first);
        } else if (here->second == Stage::finding) {
            owned_.erase(here);
            gave_up = true;
        }
    }
    bool any_new = false;
    for (auto const& partition : target)
        any_new |= owned_.try_emplace(partition, Stage::finding).second;
    if (gave_up) plan_beat(Duration{0});
    if (any_new) find();
    if (revoked.empty()) return;
    auto const& list = revoked;
    subscriber_.revoked(list, [weak = weak_from_this(), revoked, life = life_] {
        if (auto const state = weak.lock()) state->released(revoked, life);
    });
}

void State::released(std::vector<TopicPartition> const& partitions, std::uint64_t life) {
    if (closed_ || life != life_) return;
    for (auto const& partition : partitions) {
        auto const at = owned_.find(partition);
        if (at != owned_.end() && at->second == Stage::leaving) owned_.erase(at);
    }
    plan_beat(Duration{0});
}

// ---- where to go on -----------------------------------------------------------------------------

void State::find() {
    std::vector<TopicPartition> wanted;
    for (auto const& [partition, stage] : owned_)
        if (stage == Stage::finding) wanted.push_back(partition);
    if (finding_ || leaving_ || wanted.empty()) return;
    finding_ = true;
    line_->send(offsets_request(options_.group, member_id_, epoch_, wanted), offset_fetch_version,
                [this, life = life_](std::optional<kafka::AnyResponse> answer) {
                    if (life == life_ && !leaving_) found(std::move(answer));
                });
}

void State::found(std::optional<kafka::AnyResponse> answer) {
    finding_ = false;
    // For those that are not stable yet, or were not to be had at all.
    line_->after(setting_->options.retry_pause, [this] { find(); });
    if (!answer) return;
    auto const& group = std::get<kafka::OffsetFetchResponse>(*answer).groups.at(0);
    if (group.error_code != ErrorCode::none) return plan_beat(Duration{0});
    std::map<TopicPartition, Committed> given;
    for (auto const& topic : group.topics)
        for (auto const& part : topic.partitions) {
            if (part.error_code != ErrorCode::none) continue;
            auto const at = owned_.find({topic.name, part.partition_index});
            if (at == owned_.end() || at->second != Stage::finding) continue;
            at->second = Stage::given;
            given[at->first] = {part.committed_offset, part.metadata.value_or("")};
        }
    if (!given.empty()) subscriber_.assigned(given);
}

// ---- the rest -----------------------------------------------------------------------------------

void State::trouble(Source source, std::string const& why) {
    if (closed_ || leaving_) return;
    auto& since = failing_since_[source];
    if (why.empty()) {
        since.reset();
        bool const fine = std::ranges::none_of(failing_since_, [](auto const& at) { return !!at; });
        if (fine && std::exchange(away_, false)) subscriber_.back();
        return;
    }
    if (!since) since = line_->now();
    auto const lasted = line_->now() - *since;
    if (lasted >= setting_->options.request_timeout && !std::exchange(away_, true))
        subscriber_.away(why);
}

void State::leave(Done<void> done) {
    leaving_ = true;
    owned_.clear();
    fetcher_.close();
    auto const ends = std::make_shared<Done<void>>(std::move(done));
    line_->insist<Heartbeat>(
        {.what = "to leave group '" + options_.group + "'",
         .until = line_->patience(),
         .make =
             [this] {
                 Heartbeat request;
                 request.group_id = options_.group;
                 request.member_id = member_id_;
                 request.member_epoch = leaves;
                 return request;
             },
         .hear =
             [ends](kafka::ConsumerGroupHeartbeatResponse& answer, bool) {
                 if (kafka::is_retriable(answer.error_code)) return answer.error_code;
                 (*ends)({});  // or it was no member any more
                 return settled;
             },
         .give_up = [ends](Error error, bool) { (*ends)(std::unexpected(std::move(error))); },
         .version = heartbeat_version});
}

class Facade final : public EmbeddedConsumer {
public:
    Facade(std::shared_ptr<Setting> setting, ConsumerOptions options, Subscriber& subscriber)
        : state_(std::make_shared<State>(std::move(setting), std::move(options), subscriber)) {
        state_->begin();
    }
    ~Facade() override { state_->close(); }

    void resume(TopicPartition const& partition, std::int64_t offset) override {
        state_->resume(partition, offset);
    }
    void pause(TopicPartition const& partition) override { state_->pause(partition); }
    void leave(Done<void> done) override { state_->leave(std::move(done)); }
    std::shared_ptr<Membership> membership() override { return state_; }

private:
    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Consumer> make_embedded_consumer(std::shared_ptr<Setting> setting,
                                                 ConsumerOptions options, Subscriber& subscriber) {
    return std::make_unique<Facade>(std::move(setting), std::move(options), subscriber);
}

}  // namespace klamm::bus
