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

struct Collected {
    std::int64_t bytes = 0;  ///< at most
    std::int64_t end = 0;    ///< behind the last batch, at most; without one where it began
};

/// Batches from `want.from_offset` on, as many as fit into `want.bytes_max`; of the last block of
/// L1 perhaps only a part will. With `at_least_one` the first batch comes even if it does not fit,
/// so that no batch is too large to be read (KIP-74).
Collected collect(Partition const& partition, FillRecords& want) {
    Collected found{.end = want.from_offset};
    if (want.from_offset >= want.end_offset) return found;
    auto cursor = partition.batches.from(want.from_offset);
    while (auto const ref = cursor.next()) {
        if (ref->base_offset >= want.end_offset) break;
        bool const first = want.batches.empty();
        bool const fits = found.bytes + ref->bytes <= want.bytes_max;
        bool const a_part = !ref->in_journal() && first && want.bytes_max > 0;
        if (!fits && !a_part && !(want.at_least_one && first)) break;
        found.bytes += fits || want.at_least_one ? ref->bytes : want.bytes_max;
        found.end = std::min(ref->last_offset + 1, want.end_offset);
        want.batches.push_back(place_of(partition.key, *ref));
        if (!fits) break;
    }
    return found;
}

}  // namespace

/// What was found, before it is known whether it is sent.
struct Fetches::Found {
    struct Part {
        FetchItem* item = nullptr;
        Partition const* partition = nullptr;  ///< null: there is none
        ErrorCode error = ErrorCode::none;
        FillRecords records{};  ///< topic and partition are not known yet
        std::int64_t end = 0;   ///< behind what comes, at most

        /// Whether a client in a session has nothing to learn. Requires that there is no error.
        bool knows_all() const;
        PartitionAnswer describe(bool read_committed) const;
    };
    std::vector<Part> parts;
    std::size_t wanted = 0;  ///< partitions, looked at or quiet
    std::int64_t bytes = 0;
    bool has_error = false;
    bool session_lost = false;

    // Of the item before, for the next one is often of the same topic.
    FetchTopicName const* name = nullptr;
    Topic const* topic = nullptr;
};

bool Fetches::Found::Part::knows_all() const {
    return item->fetch_offset >= partition->high_watermark &&
           item->known_high_watermark == partition->high_watermark &&
           item->known_log_start == partition->log_start;
}

/// Looks at one partition. One of which the client knows all is quiet until it changes.
void Fetches::visit(Step& step, Job& job, FetchItem& item, Found& found) {
    if (item.topic.get() != found.name) {
        found.name = item.topic.get();
        found.topic =
            job.by_id ? step.state().topic(found.name->id) : step.state().topic(found.name->name);
    }
    Found::Part part{.item = &item};
    part.partition = found.topic == nullptr ? nullptr : found.topic->partition(item.partition);
    part.error = check(step, part.partition, item, job.by_id);
    if (part.error != ErrorCode::none) {
        found.has_error = true;
    } else {
        part.records = {
            .from_offset = item.fetch_offset,
            .end_offset = part.partition->end_for(job.read_committed),
            .bytes_max = std::min<std::int64_t>(item.max_bytes, job.max_bytes - found.bytes),
            .at_least_one = found.bytes == 0};
        auto const collected = collect(*part.partition, part.records);
        part.end = collected.end;
        found.bytes += collected.bytes;
    }
    if (item.session != nullptr && part.partition != nullptr) {
        if (!item.watch.linked())
            item.watch.link(watched_[std::uint32_t(part.partition->key)].items);
        if (part.error == ErrorCode::none && part.knows_all()) item.session->quiet(item);
    }
    found.parts.push_back(std::move(part));
}

Fetches::Found Fetches::look(Step& step, Job& job) {
    Found found;
    auto* session = job.session_id == 0 ? nullptr : sessions_.find(job.session_id);
    found.session_lost = job.session_id != 0 && session == nullptr;
    auto& items = session == nullptr ? job.items : session->items();
    found.wanted = items.size();
    if (session == nullptr || job.full) {
        found.parts.reserve(items.size());
        for (auto& item : items) visit(step, job, item, found);
        return found;
    }
    auto const& news = session->news();
    for (auto at = news.begin(); at != news.end();) visit(step, job, *(at++)->second, found);
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
    data.high_watermark = partition->high_watermark;
    data.last_stable_offset = partition->end_for(true);
    data.log_start_offset = partition->log_start;
    if (!read_committed || records.batches.empty() || !partition->transactions) return data;
    for (auto const& aborted : partition->transactions->aborted(item->fetch_offset, end))
        data.aborted_transactions->push_back({aborted.producer_id, aborted.first_offset});
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
    std::vector<FetchItem*> had_records;
    auto after = After::nothing;
    for (auto& part : found.parts) {
        auto& item = *part.item;
        if (part.partition != nullptr && !part.partition->log_start_is_durable())
            after = After::everything;
        auto const high_watermark = part.partition == nullptr ? -1 : part.partition->high_watermark;
        auto const log_start = part.partition == nullptr ? -1 : part.partition->log_start;
        bool const changed = !part.records.batches.empty() || part.error != ErrorCode::none ||
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
        if (part.records.batches.empty()) continue;
        had_records.push_back(&item);
        part.records.topic = std::uint32_t(response.responses.size() - 1);
        part.records.partition = std::uint32_t(partitions.size() - 1);
        reply.records.push_back(std::move(part.records));
    }
    if (auto* session = job.session_id == 0 ? nullptr : sessions_.find(job.session_id)) {
        for (auto* item : had_records) session->move_to_back(*item);
    }
    reply.body = std::move(response);
    step.reply(std::move(reply), after);
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
    if (wait <= Duration{0} || found.has_error || found.wanted == 0 ||
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
    parked->read_committed = job.read_committed;
    parked->bytes_min = std::uint64_t(std::max(job.min_bytes, 0));
    parked->job = std::move(job);
    auto const watch = [&](Link<FetchWaiter>& list) {
        parked->watches.emplace_back(parked.get()).link(list);
    };
    if (auto* session = sessions_.find(parked->job.session_id))
        watch(session->waiting);
    else
        for (auto const& part : found.parts)
            watch(watched_[std::uint32_t(part.partition->key)].fetches);
    due_.emplace(due, parked->id);
    by_connection_.emplace(parked->job.request.connection, parked->id);
    parked_.emplace(parked->id, std::move(parked));
}

void Fetches::unpark(ParkedMap::iterator at, Parked const& parked) {
    due_.erase({parked.due, parked.id});
    by_connection_.erase({parked.job.request.connection, parked.id});
    parked_.erase(at);
}

void Fetches::wake(FetchWaiter& waiter) {
    waiter.woken = true;
    woken_.insert(waiter.id);
}

void Fetches::add_bytes(Link<FetchWaiter> const& list, Shown shown) {
    for (auto* link = list.next(); link != nullptr; link = link->next()) {
        auto& waiter = link->owner();
        auto const bytes = waiter.read_committed ? shown.stable_bytes : shown.bytes;
        if (bytes == 0) continue;
        waiter.bytes += bytes;
        if (!waiter.woken && waiter.bytes >= waiter.bytes_min) wake(waiter);
    }
}

bool Fetches::watched(PartitionKey partition) const {
    return watched_.contains(std::uint32_t(partition));
}

void Fetches::visible(PartitionKey partition, Shown shown) {
    auto const found = watched_.find(std::uint32_t(partition));
    if (found == watched_.end()) return;
    add_bytes(found->second.fetches, shown);
    for (auto* link = found->second.items.next(); link != nullptr; link = link->next()) {
        auto& item = link->owner();
        item.session->note(item);
        add_bytes(item.session->waiting, shown);
    }
}

void Fetches::moved(PartitionKey partition) {
    auto const found = watched_.find(std::uint32_t(partition));
    if (found == watched_.end()) return;
    for (auto* link = found->second.items.next(); link != nullptr; link = link->next())
        link->owner().session->note(link->owner());
}

void Fetches::gone(PartitionKey partition) {
    auto const found = watched_.find(std::uint32_t(partition));
    if (found == watched_.end()) return;
    auto const wake_all = [this](Link<FetchWaiter> const& list) {
        for (auto* link = list.next(); link != nullptr; link = link->next()) wake(link->owner());
    };
    auto& watchers = found->second;
    wake_all(watchers.fetches);
    while (auto* link = watchers.fetches.next()) link->unlink();
    while (auto* link = watchers.items.next()) {
        auto& item = link->owner();
        item.session->note(item);
        wake_all(item.session->waiting);
        link->unlink();
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
