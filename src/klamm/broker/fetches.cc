#include "klamm/broker/fetches.h"

#include "klamm/broker/handlers.h"
#include "klamm/broker/topics.h"

#include <algorithm>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using PartitionAnswer = kafka::FetchResponse::PartitionData;

constexpr kafka::ApiVersion ids_from = 13;
constexpr kafka::ApiVersion sessions_from = 7;

ErrorCode check(Step& step, Partition const* partition, FetchItem const& item, bool by_id) {
    if (partition == nullptr) {
        if (!by_id) return why_no_topic(item.topic->name, step.options());
        return step.state().topic(item.topic->id) == nullptr
                   ? ErrorCode::unknown_topic_id
                   : ErrorCode::unknown_topic_or_partition;
    }
    if (auto const error = check_leader_epoch(item.current_leader_epoch); error != ErrorCode::none)
        return error;
    if (item.fetch_offset < partition->log_start || item.fetch_offset > partition->next_offset)
        return ErrorCode::offset_out_of_range;
    return ErrorCode::none;
}

/// Visible batches from `offset` on, as many as fit into `bytes_max`. With `at_least_one` the
/// first one comes even if it does not fit, so that no batch is too large to be read (KIP-74).
std::vector<BatchPlace> collect(Partition const& partition, std::int64_t offset,
                                std::int64_t bytes_max, bool at_least_one, std::int64_t& bytes) {
    std::vector<BatchPlace> places;
    if (offset >= partition.high_watermark) return places;
    auto cursor = partition.batches.from(offset);
    while (auto const ref = cursor.next()) {
        if (ref->last_offset >= partition.high_watermark) break;
        if (bytes + ref->bytes > bytes_max && !(at_least_one && places.empty())) break;
        bytes += ref->bytes;
        places.push_back({ref->position, ref->bytes});
    }
    return places;
}

}  // namespace

/// What was found, before it is known whether it is sent.
struct Fetches::Found {
    struct Part {
        FetchItem* item = nullptr;
        Partition const* partition = nullptr;  ///< null: there is none
        ErrorCode error = ErrorCode::none;
        std::vector<BatchPlace> batches;

        PartitionAnswer describe(bool read_committed) const;
    };
    std::vector<Part> parts;
    std::int64_t bytes = 0;
    bool has_error = false;
    bool session_lost = false;
};

Fetches::Parked::~Parked() {
    for (auto& watch : watches) watch.unlink();
}

void Fetches::Watch::unlink() {
    if (before != nullptr) before->after = after;
    if (after != nullptr) after->before = before;
    before = after = nullptr;
}

Fetches::Found Fetches::look(Step& step, Job& job) {
    Found found;
    auto* session = job.session_id == 0 ? nullptr : sessions_.find(job.session_id);
    found.session_lost = job.session_id != 0 && session == nullptr;
    auto& items = session == nullptr ? job.items : session->items();
    found.parts.reserve(items.size());
    FetchTopicName const* name = nullptr;
    Topic const* topic = nullptr;
    for (auto& item : items) {
        if (item.topic.get() != name) {
            name = item.topic.get();
            topic = job.by_id ? step.state().topic(name->id) : step.state().topic(name->name);
        }
        auto& part = found.parts.emplace_back();
        part.item = &item;
        part.partition = topic == nullptr ? nullptr : topic->partition(item.partition);
        part.error = check(step, part.partition, item, job.by_id);
        if (part.error != ErrorCode::none) {
            found.has_error = true;
            continue;
        }
        auto const room = std::min<std::int64_t>(item.max_bytes, job.max_bytes - found.bytes);
        std::int64_t bytes = 0;
        part.batches = collect(*part.partition, item.fetch_offset, room, found.bytes == 0, bytes);
        found.bytes += bytes;
    }
    return found;
}

PartitionAnswer Fetches::Found::Part::describe(bool read_committed) const {
    PartitionAnswer data;
    data.partition_index = item->partition;
    data.error_code = error;
    data.high_watermark = -1;
    data.records.emplace();
    if (!read_committed) data.aborted_transactions.reset();
    if (error != ErrorCode::none) return data;
    data.high_watermark = data.last_stable_offset = partition->high_watermark;
    data.log_start_offset = partition->log_start;
    return data;
}

void Fetches::send(Step& step, Job& job, Found found) {
    Reply reply;
    reply.id = job.request;
    kafka::FetchResponse response;
    if (found.session_lost)
        response.error_code = ErrorCode::fetch_session_id_not_found;
    else
        response.session_id = job.session_id;
    FetchTopicName const* topic = nullptr;
    std::vector<FetchItem const*> had_records;
    for (auto& part : found.parts) {
        auto& item = *part.item;
        auto const high_watermark = part.partition == nullptr ? -1 : part.partition->high_watermark;
        auto const log_start = part.partition == nullptr ? -1 : part.partition->log_start;
        bool const changed = !part.batches.empty() || part.error != ErrorCode::none ||
                             item.known_high_watermark != high_watermark ||
                             item.known_log_start != log_start;
        item.known_high_watermark = high_watermark;
        item.known_log_start = log_start;
        if (!changed && !job.full) continue;
        if (topic != item.topic.get()) {
            topic = item.topic.get();
            auto& out = response.responses.emplace_back();
            out.topic = topic->name;
            out.topic_id = topic->id;
        }
        auto& partitions = response.responses.back().partitions;
        partitions.push_back(part.describe(job.read_committed));
        if (part.batches.empty()) continue;
        had_records.push_back(&item);
        reply.records.push_back({std::uint32_t(response.responses.size() - 1),
                                 std::uint32_t(partitions.size() - 1), std::move(part.batches)});
    }
    if (auto* session = job.session_id == 0 ? nullptr : sessions_.find(job.session_id)) {
        for (auto const* item : had_records) session->move_to_back(*item->topic, item->partition);
    }
    reply.body = std::move(response);
    step.reply(std::move(reply), After::nothing);
}

void Fetches::refuse(Step& step, Request const& request, ErrorCode error) {
    kafka::FetchResponse response;
    response.error_code = error;
    answer(step, request, std::move(response), After::nothing);
}

/// Settles the session; nothing when the request was refused.
std::optional<Fetches::Job> Fetches::begin(Step& step, Request const& request,
                                           kafka::FetchRequest const& fetch) {
    constexpr std::int32_t none = -1, initial = 0;
    auto const version = request.header.api_version;
    Job job{.request = request.id, .items = {}};
    job.by_id = version >= ids_from;
    job.read_committed = fetch.isolation_level == 1;
    job.max_bytes = std::clamp(fetch.max_bytes, 0, step.options().fetch_max_bytes);
    job.min_bytes = std::min(fetch.min_bytes, job.max_bytes);
    if (version < sessions_from || fetch.session_epoch == none || fetch.session_epoch == initial) {
        if (version >= sessions_from && fetch.session_id != 0) sessions_.end(fetch.session_id);
        FetchSession* session = nullptr;
        if (version >= sessions_from && fetch.session_epoch == initial)
            session = sessions_.begin(step, fetch, job.by_id);
        if (session != nullptr)
            job.session_id = session->id;
        else
            job.items = broker::items_of(fetch);
        return job;
    }
    auto const session = sessions_.go_on(step, fetch, job.by_id);
    if (!session) {
        refuse(step, request, session.error());
        return std::nullopt;
    }
    job.session_id = (*session)->id;
    job.full = false;
    return job;
}

void Fetches::handle(Step& step, Request const& request, kafka::FetchRequest const& fetch) {
    auto job = begin(step, request, fetch);
    if (!job) return;
    auto found = look(step, *job);
    auto const wait =
        std::min<Duration>(Duration{fetch.max_wait_ms}, step.options().fetch_max_wait_ms);
    if (wait <= Duration{0} || found.has_error || found.parts.empty() ||
        found.bytes >= job->min_bytes)
        return send(step, *job, std::move(found));
    park(std::move(*job), found, step.now().instant + wait);
}

// ---- waiting ------------------------------------------------------------------------------

void Fetches::park(Job job, Found const& found, Instant due) {
    auto parked = std::make_unique<Parked>();
    parked->id = next_id_;
    next_id_ = FetchId(std::uint64_t(next_id_) + 1);
    parked->due = due;
    parked->bytes = std::uint64_t(found.bytes);
    parked->job = std::move(job);
    parked->watches.resize(found.parts.size());  // never resized again: watches are linked
    for (std::size_t n = 0; n < found.parts.size(); ++n) {
        auto& head = watched_[std::uint32_t(found.parts[n].partition->key)];
        auto& watch = parked->watches[n];
        watch.parked = parked.get();
        watch.before = &head;
        watch.after = head.after;
        if (head.after != nullptr) head.after->before = &watch;
        head.after = &watch;
    }
    due_.emplace(due, parked->id);
    by_connection_.emplace(parked->job.request.connection, parked->id);
    parked_.emplace(parked->id, std::move(parked));
}

void Fetches::unpark(ParkedMap::iterator at, Parked const& parked) {
    due_.erase({parked.due, parked.id});
    by_connection_.erase({parked.job.request.connection, parked.id});
    parked_.erase(at);
}

void Fetches::visible(PartitionKey partition, std::uint64_t bytes) {
    auto const found = watched_.find(std::uint32_t(partition));
    if (found == watched_.end()) return;
    for (auto* watch = found->second.after; watch != nullptr; watch = watch->after) {
        auto& parked = *watch->parked;
        parked.bytes += bytes;
        if (parked.woken || parked.bytes < std::uint64_t(std::max(parked.job.min_bytes, 0)))
            continue;
        parked.woken = true;
        woken_.insert(parked.id);
    }
}

void Fetches::gone(PartitionKey partition) {
    auto const found = watched_.find(std::uint32_t(partition));
    if (found == watched_.end()) return;
    while (auto* watch = found->second.after) {
        woken_.insert(watch->parked->id);
        watch->parked->woken = true;
        watch->unlink();
    }
    watched_.erase(found);
}

void Fetches::answer_woken(Step& step) {
    for (auto const id : std::exchange(woken_, {})) {
        auto const at = parked_.find(id);
        if (at == parked_.end()) continue;
        auto const parked = std::move(at->second);
        unpark(at, *parked);
        send(step, parked->job, look(step, parked->job));
    }
}

void Fetches::disconnected(ConnectionId connection) {
    auto const first = by_connection_.lower_bound({connection, FetchId{0}});
    std::vector<FetchId> ids;
    for (auto at = first; at != by_connection_.end() && at->first == connection; ++at)
        ids.push_back(at->second);
    for (auto const id : ids) {
        auto const at = parked_.find(id);
        auto const parked = std::move(at->second);
        unpark(at, *parked);
    }
}

void Fetches::tick(Step& step) {
    for (auto const& [due, id] : due_) {
        if (due > step.now().instant) break;
        woken_.insert(id);
    }
    answer_woken(step);
}

std::optional<Instant> Fetches::next_tick() const {
    if (due_.empty()) return std::nullopt;
    return due_.begin()->first;
}

}  // namespace klamm::broker
