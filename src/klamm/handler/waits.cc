#include "klamm/handler/waits.h"

#include "klamm/handler/engine/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace klamm::handler {
namespace {

bus::TopicPartition partition_of(Position const& position) {
    return {position.topic, position.partition};
}

/// Metadata that is not ours says nothing: then all before the offset is finished.
Progress progress_of(bus::Committed const& committed) {
    if (committed.offset < 0) return Progress(0);
    auto checkpoint = Checkpoint::read(committed);
    return checkpoint ? std::move(checkpoint->progress) : Progress(committed.offset);
}

}  // namespace

Waits::Waits(bus::Loop& loop, bus::Bus& bus, WaitOptions options, Finished finished,
             Explain explain)
    : loop_(loop),
      bus_(bus),
      options_(std::move(options)),
      finished_(std::move(finished)),
      explain_(std::move(explain)) {}

void Waits::refuse(bus::Done<void> done, std::string why) {
    loop_.post([done = std::move(done), why = std::move(why)]() mutable {
        done(std::unexpected(bus::Error{bus::Error::Kind::refused, std::move(why)}));
    });
}

void Waits::wait(Position const& position, Duration patience, bus::Done<void> done) {
    if (!options_.topics.contains(position.topic))
        return refuse(std::move(done),
                      fmt::format("{} has no handler for topic {}: {} will never "
                                  "be processed",
                                  options_.group, position.topic, to_string(position)));
    if (waiting_.size() >= options_.waiting_max)
        return refuse(std::move(done), fmt::format("{} wait for events already", waiting_.size()));
    auto const number = next_number_++;
    waiting_.emplace(number, Waiting{position, patience, std::move(done)});
    loop_.after(patience, alive_.guard([this, number] { give_up(number); }));
    pause_ = options_.ask_first;
    loop_.post(alive_.guard([this] { ask(); }));
}

void Waits::committed() { end_where(finished_); }

void Waits::end_where(Finished const& finished) {
    std::vector<bus::Done<void>> over;  // ended last: who hears of it may wait again
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        auto const here = at++;
        if (finished(here->second.position) == true)
            over.push_back(std::move(waiting_.extract(here).mapped().done));
    }
    for (auto& done : over) done({});
}

/// Own partitions are told by committed(), but for what was committed before the wait began.
void Waits::ask() {
    if (asking_) return;
    committed();
    std::set<bus::TopicPartition> others;
    for (auto const& [number, waiting] : waiting_)
        if (!finished_(waiting.position)) others.insert(partition_of(waiting.position));
    std::erase_if(last_, [&](auto const& entry) { return !others.contains(entry.first); });
    if (waiting_.empty()) return;
    asking_ = true;
    if (others.empty()) return answered({});
    bus_.committed(options_.group, {others.begin(), others.end()},
                   alive_.guard([this](auto result) { answered(std::move(result)); }));
}

void Waits::answered(bus::Result<std::map<bus::TopicPartition, bus::Committed>> result) {
    away_ = result ? "" : result.error().why;
    if (result)
        for (auto& [partition, found] : *result) {
            auto const progress = progress_of(found);
            end_where([&](Position const& position) -> std::optional<bool> {
                return partition_of(position) == partition && progress.finished(position.offset);
            });
            last_.insert_or_assign(partition, std::move(found));
        }
    loop_.after(pause_, alive_.guard([this] {
        asking_ = false;
        ask();
    }));
    pause_ = std::min(pause_ * 2, options_.ask_longest);
}

void Waits::give_up(std::uint64_t number) {
    auto found = waiting_.extract(number);
    if (found.empty()) return;
    auto& waiting = found.mapped();
    waiting.done(std::unexpected(
        bus::Error{bus::Error::Kind::away,
                   fmt::format("{} is not processed after {} ms: {}", to_string(waiting.position),
                               waiting.patience.count(), what_keeps(waiting))}));
}

std::string Waits::what_keeps(Waiting const& waiting) const {
    auto const partition = partition_of(waiting.position);
    if (finished_(waiting.position)) return explain_(waiting.position);
    if (!away_.empty()) return fmt::format("the log does not answer ({})", away_);
    auto const found = last_.find(partition);
    if (found == last_.end()) return "the log has not answered yet";
    if (found->second.offset < 0)
        return fmt::format(
            "group {} has committed nothing of {}/{}; does an instance run that has "
            "this partition?",
            options_.group, partition.topic, partition.partition);
    auto const progress = progress_of(found->second);
    return fmt::format("group {} has finished {}/{} up to {}, which another instance has, or none",
                       options_.group, partition.topic, partition.partition, progress.offset());
}

}  // namespace klamm::handler
