#include "klamm/host/cold_reads.h"

#include "klamm/host/log.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace klamm::host {

ColdReads::~ColdReads() { stop(); }

void ColdReads::start() {
    thread_ = std::thread([this] { loop(); });
}

void ColdReads::stop() {
    if (!thread_.joinable()) return;
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    condition_.notify_one();
    thread_.join();
}

void ColdReads::fill(broker::Reply reply, std::int64_t bytes, Done done) {
    {
        std::lock_guard const lock(mutex_);
        jobs_.push_back({std::move(reply), bytes, std::move(done)});
    }
    condition_.notify_one();
}

void ColdReads::release(std::int64_t bytes) {
    {
        std::lock_guard const lock(mutex_);
        bytes_ -= bytes;
    }
    condition_.notify_one();
}

std::size_t ColdReads::queued() const {
    std::lock_guard const lock(mutex_);
    return jobs_.size();
}

std::int64_t ColdReads::bytes() const {
    std::lock_guard const lock(mutex_);
    return bytes_;
}

bool fill_from_memory(broker::Reply& reply, journal::Journal& journal) {
    if (reply.records.empty() && reply.offsets.empty() && reply.keyless.empty()) return true;
    std::vector<std::pair<journal::Position, Slice>> found;
    auto const find = [&](broker::BatchPlace const& place) {
        if (!place.in_journal()) return false;
        auto cached = journal.cached(place.position);
        if (cached) found.emplace_back(place.position, std::move(*cached));
        return cached.has_value();
    };
    for (auto const& fill : reply.records)
        for (auto const& batch : fill.batches)
            if (!find(batch)) return false;
    for (auto const& fill : reply.offsets)
        for (auto const& batch : fill.batches)
            if (!find(batch)) return false;
    // fill() asks in some order of its own; usually in this one.
    std::size_t next = 0;
    broker::fill(reply,
                 [&](broker::BatchPlace const& place) -> std::expected<Slice, journal::Error> {
                     for (std::size_t tried = 0; tried < found.size(); ++tried) {
                         auto const at = (next + tried) % found.size();
                         if (found[at].first != place.position) continue;
                         next = at + 1;
                         return found[at].second;
                     }
                     return std::unexpected(journal::Error::trimmed);
                 });
    return true;
}

std::int64_t record_bytes(broker::Reply const& reply) {
    std::int64_t bytes = 0;
    for (auto const& fill : reply.records)
        for (auto const& batch : fill.batches) bytes += batch.bytes;
    for (auto const& fill : reply.offsets)
        for (auto const& batch : fill.batches) bytes += batch.bytes;
    return bytes;
}

std::expected<Slice, journal::Error> read_stored(journal::Journal& journal,
                                                 journal::ExtentStore& extents,
                                                 broker::BatchPlace const& place) {
    if (place.in_journal()) {
        if (auto cached = journal.cached(place.position)) return std::move(*cached);
    }
    auto body = broker::read_place(journal, extents, place);
    if (!body && body.error() == journal::Error::corrupt)
        log_peer(fmt::format(
            "stored records are damaged and are not served: {}",
            place.in_journal() ? journal.describe_last_damage() : extents.describe_last_damage()));
    if (!body && body.error() == journal::Error::failed)
        stop_process(fmt::format("the journal could not be read: {}; stopping.",
                                 journal.describe_last_damage()));
    return body;
}

void ColdReads::loop() {
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            condition_.wait(
                lock, [this] { return stopping_ || (!jobs_.empty() && bytes_ < bytes_max_); });
            if (stopping_) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
            bytes_ += job.bytes;
        }
        broker::fill(job.reply, [this](broker::BatchPlace const& place) {
            return read_stored(journal_, extents_, place);
        });
        metrics_.cold_replies.add();
        job.done(std::move(job.reply));
    }
}

}  // namespace klamm::host
