// sim/server.cc - the work of one life: requests in, replies out, commits and checkpoints.
#include "klamm/sim/server.h"

#include <algorithm>

namespace klamm::sim {
namespace {

using journal::Position;

constexpr Time gather_max = 300;  // how long a commit waits for more, at most
constexpr Time sync_min = 60;
constexpr Time sync_usual = 900;
constexpr Time slow_sync_max = 4 * second;
constexpr Time prepare_max = 20 * millisecond;
constexpr Time checkpoint_min = 300 * millisecond;
constexpr Time checkpoint_max = 6 * second;
constexpr Time encoding_max = 500 * millisecond;  // of a checkpoint, while the broker goes on
constexpr Time full_max = 5 * second;
constexpr std::size_t commits_remembered = 4;
constexpr std::ptrdiff_t length_bytes = 4;

Bytes without_length(kafka::Frame const& frame) {
    auto bytes = kafka::flatten(frame);
    bytes.erase(bytes.begin(), bytes.begin() + length_bytes);
    return bytes;
}

}  // namespace

void Server::received(ConnectionId id, Bytes frame) {
    auto& connection = process_->connections[id];
    broker::RequestId const number{id, connection.received++};
    auto request = broker::prepare(number, Slice{std::move(frame)}, "10.0.0.1",
                                   process_->broker->compressions().get(),
                                   process_->broker->validations().get());
    if (!request) {
        services_.violations.report("protocol", "a good request is refused: " + request.error());
        return;
    }
    connection.headers[number.number] = request->header;
    if (swallow(*request)) return;
    process_->broker->submit(std::move(*request), services_.schedule.broker_now());
    pump();
}

void Server::closed(ConnectionId id) {
    process_->connections.erase(id);
    process_->broker->disconnected(id, services_.schedule.broker_now());
    pump();
}

/// The mutations that say something is done, and do nothing.
bool Server::swallow(broker::Request const& request) {
    auto const mutation = services_.plan.mutation;
    broker::Reply reply;
    reply.id = request.id;
    if (auto const* commit = std::get_if<kafka::OffsetCommitRequest>(&request.body);
        commit != nullptr && mutation == Mutation::swallow_commit && random_.one_in(4)) {
        auto& response = reply.body.emplace<kafka::OffsetCommitResponse>();
        for (auto const& topic : commit->topics) {
            auto& answered = response.topics.emplace_back();
            answered.name = topic.name;
            for (auto const& partition : topic.partitions)
                answered.partitions.emplace_back().partition_index = partition.partition_index;
        }
    } else if (auto const* deletion = std::get_if<kafka::DeleteRecordsRequest>(&request.body);
               deletion != nullptr && mutation == Mutation::swallow_deletion) {
        auto& response = reply.body.emplace<kafka::DeleteRecordsResponse>();
        for (auto const& topic : deletion->topics) {
            auto& answered = response.topics.emplace_back();
            answered.name = topic.name;
            for (auto const& partition : topic.partitions)
                answered.partitions.push_back({.partition_index = partition.partition_index,
                                               .low_watermark = partition.offset});
        }
    } else {
        return false;
    }
    finish(std::move(reply));
    return true;
}

/// To be called after everything that was done to the broker.
void Server::pump() {
    auto& process = *process_;
    if (services_.plan.mutation == Mutation::ack_before_sync)
        process.broker->durable(process.journal.next(), services_.schedule.broker_now());
    for (auto& reply : process.broker->take_replies()) {
        if (reply.id.connection == ConnectionId{})
            process.to_auditor.push_back(std::move(reply));
        else
            finish(std::move(reply));
    }
    if (crash_is_due(false))
        return in_this_life(0, [this] { end(End::power_loss, "power is lost behind an entry"); });
    remove_files(process.broker->take_unneeded_files());
    plan_commit();
    plan_prepare();
    plan_tick();
}

/// What the plan wants once: see Plan::crash_at_entry.
bool Server::crash_is_due(bool synced) {
    auto const& plan = services_.plan;
    if (plan.crash_at_entry == 0 || plan.crash_synced != synced) return false;
    if (services_.entries < plan.crash_at_entry) return false;
    return !std::exchange(crashed_at_entry_, true);
}

void Server::finish(broker::Reply reply) {
    auto const found = process_->connections.find(reply.id.connection);
    if (found == process_->connections.end()) return;
    auto& connection = found->second;
    auto const header = connection.headers.find(reply.id.number);
    if (header == connection.headers.end())
        return services_.violations.report("protocol", "a request is answered twice");

    broker::fill(reply, [this](broker::BatchPlace const& place) { return read(place); });
    auto& ready = connection.ready[reply.id.number];
    ready.close = reply.close;
    count(services_.answers, header->second, reply.body);
    if (!reply.silent)
        ready.frame = without_length(kafka::encode_response(header->second, reply.body));
    connection.headers.erase(header);
    flush(reply.id.connection, connection);
}

std::expected<Slice, journal::Error> Server::read(broker::BatchPlace const& place) {
    if (place.in_journal())
        services_.checkers.tell(&Checker::serving, place.position, process_->journal.durable());
    return read_stored(place);
}

std::expected<Slice, journal::Error> Server::read_stored(broker::BatchPlace const& place) {
    if (place.in_journal() && place.position >= process_->journal.durable())
        return std::unexpected(journal::Error::failed);
    auto batch = broker::read_place(process_->journal, *process_->extents, place);
    if (!batch && batch.error() == journal::Error::corrupt) {
        auto const damage = place.in_journal() ? process_->journal.describe_last_damage()
                                               : process_->extents->describe_last_damage();
        services_.trace.note("the broker finds damage: {}", damage);
        if (!flip_ || damage.find(flip_->file) == std::string::npos)
            services_.violations.report("damage", "sound bytes are called damaged: " + damage);
        else if (!std::exchange(flip_->mending, true)) {
            ++lives_.damages_named;
            services_.schedule.after(second, [this] { unflip(); });
        }
    }
    if (batch && services_.plan.mutation == Mutation::shift_offsets && random_.one_in(8)) {
        Bytes moved(batch->view().begin(), batch->view().end());
        records::patch_offset(moved, records::read_header(moved)->base_offset + 1, 0);
        return Slice{std::move(moved)};
    }
    return batch;
}

void Server::flush(ConnectionId id, Connection& connection) {
    for (;;) {
        auto const next = connection.ready.find(connection.answered);
        if (next == connection.ready.end()) return;
        auto const [frame, close] = std::move(next->second);
        connection.ready.erase(next);
        ++connection.answered;
        if (frame) network_.send_response(id, *frame);
        if (!close) continue;
        network_.close_by_broker(id);
        return in_this_life(0, [this, id] { closed(id); });
    }
}

void Server::plan_tick() {
    auto const wanted = process_->broker->next_tick();
    if (!wanted || (process_->tick_planned && *process_->tick_planned <= *wanted)) return;
    process_->tick_planned = wanted;
    auto const due = Time(wanted->time_since_epoch().count()) * millisecond;
    in_this_life(std::max<Time>(due - services_.schedule.now(), 0), [this, wanted] {
        if (process_->tick_planned == wanted) process_->tick_planned.reset();
        auto const ongoing = process_->broker->stats().transactions_ongoing;
        process_->broker->tick(services_.schedule.broker_now());
        services_.timed_out_transactions +=
            ongoing - process_->broker->stats().transactions_ongoing;
        pump();
    });
}

void Server::plan_commit() {
    if (process_->committing || process_->journal.next() <= process_->journal.durable()) return;
    process_->committing = true;
    in_this_life(Time(random_.below(gather_max)), [this] { commit(); });
}

void Server::commit() {
    if (services_.strikes(Fault::disk_full, random_)) fill_disk();
    bool const power = services_.strikes(Fault::power_loss_in_commit, random_);
    bool const failing = !power && services_.strikes(Fault::failed_sync, random_);
    if (power || failing) disk_.fail_syncs(random_.below(2));
    auto const durable = process_->journal.commit();
    disk_.mend();
    if (power) return end(End::power_loss, "power is lost during a commit");
    if (!durable) {
        if (!failing) services_.violations.report("progress", "a commit failed on a sound disk");
        return end(End::kill, "a sync failed, the broker stops");
    }
    if (crash_is_due(true)) return end(End::power_loss, "power is lost behind a synced entry");
    auto const took = services_.strikes(Fault::slow_sync, random_)
                          ? Time(random_.below(slow_sync_max))
                          : sync_min + Time(random_.below(sync_usual));
    in_this_life(took, [this, position = *durable] {
        services_.trace.note("durable up to {}", std::uint64_t(position));
        process_->committing = false;
        process_->durable_lately.push_back(position);
        if (process_->durable_lately.size() > commits_remembered)
            process_->durable_lately.pop_front();
        process_->broker->durable(position, services_.schedule.broker_now());
        pump();
    });
}

void Server::plan_prepare() {
    if (process_->preparing || !process_->disk_journal->wants_prepare()) return;
    process_->preparing = true;
    in_this_life(Time(random_.below(prepare_max)), [this] {
        auto const prepared = process_->disk_journal->prepare();
        process_->preparing = false;
        if (!prepared && prepared.error() != journal::Error::full)
            services_.violations.report("progress", "prepare() failed on a sound disk");
        if (prepared) plan_prepare();
        if (!prepared)  // try again when there may be space
            in_this_life(100 * millisecond, [this] { plan_prepare(); });
    });
}

void Server::plan_checkpoint() {
    in_this_life(checkpoint_min + Time(random_.below(checkpoint_max)), [this] { checkpoint(); });
}

void Server::checkpoint() {
    auto const snapshot = process_->broker->snapshot();
    in_this_life(Time(random_.below(encoding_max)), [this, snapshot] {
        save({snapshot.covers, snapshot.encode()}, snapshot.needed_from);
    });
}

/// Saves as soon as what it covers is durable.
void Server::save(journal::Checkpoint checkpoint, Position needed_from) {
    if (checkpoint.covers > process_->journal.durable())
        return in_this_life(5 * millisecond,
                            [this, checkpoint = std::move(checkpoint), needed_from]() mutable {
                                save(std::move(checkpoint), needed_from);
                            });
    bool const power = services_.strikes(Fault::power_loss_in_commit, random_);
    if (power) disk_.fail_syncs(random_.below(3));
    auto const saved = process_->journal.save(checkpoint);
    disk_.mend();
    if (power) return end(End::power_loss, "power is lost while a checkpoint is saved");
    if (saved) {
        ++lives_.checkpoints;
        services_.trace.note("checkpoint of {} saved", std::uint64_t(checkpoint.covers));
        // A flipped bit is mended where it is: its segment must not be used for something else.
        if (!flip_ || !flip_->in_journal) process_->journal.trim(needed_from);
    } else if (saved.error() != journal::Error::full) {
        services_.violations.report("progress", "a checkpoint failed on a sound disk");
    }
    plan_checkpoint();
    pump();
}

bool Server::audit_all() {
    // What the broker journals as it starts, so that no answer has to wait for it.
    if (auto const durable = process_->journal.commit())
        process_->broker->durable(*durable, services_.schedule.broker_now());
    return audit(
        services_,
        [this](kafka::AnyRequest request, kafka::ApiVersion version) {
            return ask_now(std::move(request), version);
        },
        [this] {
            if (!flip_) services_.violations.report("damage", "a sound batch could not be read");
            unflip();
        });
}

std::optional<kafka::AnyResponse> Server::ask_now(kafka::AnyRequest request,
                                                  kafka::ApiVersion version) {
    kafka::RequestHeader header;
    std::visit([&]<class R>(R const&) { header.api_key = R::api.key; }, request);
    header.api_version = version;
    header.client_id = "auditor";
    auto prepared = broker::prepare(
        {}, Slice{without_length(kafka::encode_request(header, request))}, "10.0.0.2",
        process_->broker->compressions().get(), process_->broker->validations().get());
    if (!prepared) {
        services_.violations.report("protocol", "the auditor is refused: " + prepared.error());
        return std::nullopt;
    }
    process_->broker->submit(std::move(*prepared), services_.schedule.broker_now());
    pump();
    if (process_->to_auditor.size() != 1) {
        services_.violations.report("protocol", "the auditor got no answer at once");
        return std::nullopt;
    }
    auto reply = std::move(process_->to_auditor.front());
    process_->to_auditor.clear();
    broker::fill(reply, [this](broker::BatchPlace const& place) { return read(place); });
    auto answer = kafka::decode_response(
        header, Slice{without_length(kafka::encode_response(header, reply.body))});
    if (!answer) {
        services_.violations.report("protocol", "the auditor: " + answer.error());
        return std::nullopt;
    }
    return std::move(*answer);
}

void Server::fill_disk() {
    if (std::exchange(disk_full_, true)) return;
    services_.trace.note("the disk is full");
    disk_.set_bytes_max(disk_bytes - *disk_.free_bytes());
    services_.schedule.after(Time(random_.below(full_max)), [this] {
        if (!std::exchange(disk_full_, false)) return;
        services_.trace.note("the disk has space again");
        disk_.set_bytes_max(disk_bytes);
    });
}

}  // namespace klamm::sim
