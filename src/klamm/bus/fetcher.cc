#include "klamm/bus/fetcher.h"

#include "klamm/bus/fetched.h"
#include "klamm/bus/questions.h"

#include <algorithm>

namespace klamm::bus {

using kafka::ErrorCode;

namespace {

/// Topics are named, not numbered.
constexpr kafka::ApiVersion fetch_version = 12;
constexpr std::int32_t no_session = -1;
constexpr Duration fetch_wait{500};
/// A request that does not wait is answered in that time: it is not given up before.
constexpr Duration fetch_usual{5};
/// So that no partition has all of the answer.
constexpr std::int32_t partition_bytes_max = 1024 * 1024;

}  // namespace

Fetcher::Fetcher(std::shared_ptr<Setting> setting, std::string const& client_id,
                 std::int32_t fetch_bytes_max, Hears& hears)
    : setting_(std::move(setting)),
      fetch_bytes_max_(fetch_bytes_max),
      hears_(hears),
      line_(std::make_shared<Line>(setting_, client_id)),
      places_(std::make_shared<Line>(setting_, client_id)) {}

void Fetcher::belong_to(std::weak_ptr<void> const& owner) {
    line_->belong_to(owner);
    places_->belong_to(owner);
}

void Fetcher::close() {
    open_.clear();
    line_->close();
    places_->close();
}

void Fetcher::resume(TopicPartition const& partition, std::int64_t offset) {
    auto const asked = asked_.find(partition);
    bool const comes =
        in_flight_ && asked != asked_.end() && asked->second.offset == offset && offset >= 0;
    open_[partition] = {.offset = offset, .turn = comes ? asked->second.turn : ++turns_};
    plan();
}

void Fetcher::pause(TopicPartition const& partition) { open_.erase(partition); }

void Fetcher::pause_all() { open_.clear(); }

/// The earliest plan counts.
void Fetcher::plan(Duration delay) {
    auto const when = line_->now() + delay;
    if (planned_ && *planned_ <= when) return;
    planned_ = when;
    line_->after(delay, [this, plan = ++plans_] {
        if (plan != plans_) return;
        planned_.reset();
        go();
    });
}

void Fetcher::go() {
    for (auto& [partition, open] : open_)
        if (open.offset < 0 && !open.asking) ask_where(partition, open);
    bool const any = std::ranges::any_of(open_, [](auto const& at) { return at.second.ready(); });
    if (!any || (in_flight_ && covered())) return;
    if (in_flight_) {
        auto const due = sent_ + fetch_usual;
        if (line_->now() < due) return plan(due - line_->now());
        line_->hang_up();
    }
    in_flight_ = true;
    sent_ = line_->now();
    line_->send(
        request(), fetch_version,
        [this](std::optional<kafka::AnyResponse> answer) { heard(std::move(answer)); }, fetch_wait);
}

bool Fetcher::covered() const {
    return std::ranges::all_of(open_, [&](auto const& at) {
        auto const asked = asked_.find(at.first);
        return !at.second.ready() ||
               (asked != asked_.end() && asked->second.turn == at.second.turn);
    });
}

kafka::FetchRequest Fetcher::request() {
    kafka::FetchRequest request;
    request.max_wait_ms = std::int32_t(fetch_wait.count());
    request.min_bytes = 1;
    request.max_bytes = fetch_bytes_max_;
    request.isolation_level = read_committed;
    request.session_epoch = no_session;
    asked_.clear();
    auto const add = [&](auto const& at) {
        auto const& [partition, open] = at;
        if (!open.ready()) return;
        asked_[partition] = open;
        if (request.topics.empty() || request.topics.back().topic != partition.topic)
            request.topics.emplace_back().topic = partition.topic;
        auto& out = request.topics.back().partitions.emplace_back();
        out.partition = partition.partition;
        out.fetch_offset = open.offset;
        out.partition_max_bytes = std::min(partition_bytes_max, fetch_bytes_max_);
    };
    auto const first = open_.upper_bound(last_);
    std::for_each(first, open_.end(), add);
    std::for_each(open_.begin(), first, add);
    return request;
}

void Fetcher::heard(std::optional<kafka::AnyResponse> answer) {
    in_flight_ = false;
    trouble_.clear();
    std::vector<Record> records;
    if (!answer) {
        trouble_ = "the broker does not answer";
    } else {
        auto const& response = std::get<kafka::FetchResponse>(*answer);
        if (response.error_code != ErrorCode::none)
            trouble_ = fmt::format("to fetch: {}", kafka::to_string(response.error_code));
        for (auto const& topic : response.responses)
            for (auto const& fetched : topic.partitions)
                read({topic.topic, fetched.partition_index}, fetched, records);
    }
    // Before the next request, so that what is closed now is not asked for.
    if (!records.empty()) hears_.fetched(std::move(records));
    hears_.fetch_trouble(trouble_);
    plan(trouble_.empty() ? Duration{0} : setting_->options.retry_pause);
}

bool Fetcher::read(TopicPartition const& partition,
                   kafka::FetchResponse::PartitionData const& fetched,
                   std::vector<Record>& records) {
    auto const at = open_.find(partition);
    auto const asked = asked_.find(partition);
    if (at == open_.end() || asked == asked_.end() || asked->second.turn != at->second.turn)
        return true;
    auto& open = at->second;
    if (open.asking) return true;
    if (fetched.error_code == ErrorCode::offset_out_of_range) {
        ask_where(partition, open);
        return true;
    }
    auto const name = [&] { return fmt::format("{}/{}", partition.topic, partition.partition); };
    if (fetched.error_code != ErrorCode::none) {
        trouble_ = fmt::format("to fetch {}: {}", name(), kafka::to_string(fetched.error_code));
        return false;
    }
    auto const before = records.size();
    auto const next = read_fetched(fetched, partition, open.offset, records);
    if (!next) {
        trouble_ = fmt::format("{} at {}: {}", name(), open.offset, next.error());
        return false;
    }
    open.offset = *next;
    if (records.size() > before) last_ = partition;
    return true;
}

// ---- where a partition begins -------------------------------------------------------------------

void Fetcher::ask_where(TopicPartition const& partition, Open& open) {
    open.asking = true;
    auto const timestamp = open.offset == latest ? latest : earliest;
    places_->insist<kafka::ListOffsetsRequest>(
        {.what = "to ask for offsets",
         .until = places_->patience(),
         .make = [partition, timestamp] { return list_request(partition, timestamp); },
         .hear =
             [this, partition, turn = open.turn](kafka::ListOffsetsResponse& answer, bool) {
                 auto const& part = answer.topics.at(0).partitions.at(0);
                 if (part.error_code != ErrorCode::none) return part.error_code;
                 found(partition, turn, part.offset);
                 return settled;
             },
         .give_up =
             [this, partition, turn = open.turn](Error error, bool) {
                 auto const at = open_.find(partition);
                 if (at == open_.end() || at->second.turn != turn) return;
                 at->second.asking = false;
                 hears_.fetch_trouble(error.why);
                 plan(setting_->options.retry_pause);
             },
         .version = list_offsets_version});
}

void Fetcher::found(TopicPartition const& partition, std::uint64_t turn, std::int64_t offset) {
    auto const at = open_.find(partition);
    if (at == open_.end() || at->second.turn != turn) return;
    at->second.asking = false;
    at->second.turn = ++turns_;
    auto const from = std::exchange(at->second.offset, offset);
    plan();
    if (from >= 0) hears_.out_of_range(partition, from, offset);
}

}  // namespace klamm::bus
