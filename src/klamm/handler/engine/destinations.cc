#include "klamm/handler/engine/destinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::handler {
namespace {

constexpr Duration ask_again{500};
/// Names that handlers make up, of topics that cannot be made.
constexpr std::size_t refused_max = 1'000;

std::size_t size_of(bus::Outgoing const& record) {
    auto const of = [](std::optional<std::string> const& text) { return text ? text->size() : 0; };
    auto size = of(record.key) + of(record.value);
    for (auto const& header : record.headers) size += header.name.size() + of(header.value);
    return size + record.more_headers.bytes().size();
}

}  // namespace

void Destinations::settle(std::shared_ptr<Run> run, std::move_only_function<void()> then) {
    if (run->outcome.kind == Outcome::Kind::done && !run->sends.empty()) {
        if (!std::ranges::all_of(run->sends, [&](Send const& send) { return knows(send); }))
            return find(std::move(run), std::move(then));
        check(*run);
    }
    then();
}

bool Destinations::knows(Send const& send) const {
    auto const& topic = send.record.topic;
    return core_.partitions.contains(topic) || (!refused_.empty() && refused_.contains(topic));
}

std::vector<std::string> Destinations::unknown(Run const& run) const {
    std::set<std::string> names;
    for (auto const& send : run.sends)
        if (!knows(send)) names.insert(send.record.topic);
    return {names.begin(), names.end()};
}

void Destinations::find(std::shared_ptr<Run> run, std::move_only_function<void()> then) {
    auto names = unknown(*run);
    core_.parts.bus.describe_topics(
        names, alive_.guard(
                   [this, names, run = std::move(run), then = std::move(then)](auto found) mutable {
                       if (!found) return later(std::move(run), std::move(then), found.error());
                       for (auto const& topic : *found) {
                           if (topic.partitions <= 0) continue;
                           core_.partitions[topic.name] = topic.partitions;
                           std::erase(names, topic.name);
                       }
                       make(std::move(run), std::move(names), std::move(then));
                   }));
}

/// `names` are not there. Topics that only replies go to are not made: whoever asks has made his.
void Destinations::make(std::shared_ptr<Run> run, std::vector<std::string> names,
                        std::move_only_function<void()> then) {
    std::erase_if(names, [&](std::string const& name) {
        return std::ranges::all_of(run->sends, [&](Send const& send) {
            return send.is_reply || send.record.topic != name;
        });
    });
    if (names.empty()) {
        check(*run);
        return then();
    }
    auto const& options = core_.app.options().topics;
    core_.parts.bus.create_topics(
        {{.name = names.front(), .partitions = options.partitions, .configs = options.configs}},
        alive_.guard([this, name = names.front(), run = std::move(run),
                      then = std::move(then)](bus::Result<void> made) mutable {
            if (!made && made.error().kind != bus::Error::Kind::refused)
                return later(std::move(run), std::move(then), made.error());
            if (!made) {
                if (refused_.size() >= refused_max) refused_.clear();
                refused_[name] = made.error().why;
            }
            settle(std::move(run), std::move(then));
        }));
}

void Destinations::later(std::shared_ptr<Run> run, std::move_only_function<void()> then,
                         bus::Error const& error) {
    core_.parts.observer.log(fmt::format("What {} has sent waits until its topics are known: {}",
                                         to_string(run->message().position), error.why));
    core_.parts.loop.after(
        ask_again, alive_.guard([this, run = std::move(run), then = std::move(then)]() mutable {
            settle(std::move(run), std::move(then));
        }));
}

std::string Destinations::problem(Send const& send) const {
    auto const& record = send.record;
    if (send.delay.count() > 0 && size_of(record) > delayed_bytes_max)
        return fmt::format("an event that is sent to {} later has {} bytes, more than {}",
                           record.topic, size_of(record), delayed_bytes_max);
    if (auto const refused = refused_.find(record.topic); refused != refused_.end())
        return fmt::format("there is no topic {}, and it cannot be made: {}", record.topic,
                           refused->second);
    auto const known = core_.partitions.find(record.topic);
    if (known == core_.partitions.end()) return fmt::format("there is no topic {}", record.topic);
    if (record.partition && (*record.partition < 0 || *record.partition >= known->second))
        return fmt::format("{} has no partition {}: it has {}", record.topic, *record.partition,
                           known->second);
    return {};
}

void Destinations::check(Run& run) const {
    std::erase_if(run.sends, [&](Send const& send) {
        if (!send.is_reply) return false;
        auto const why = problem(send);
        if (!why.empty())
            core_.parts.observer.log(fmt::format("The reply to {} is dropped: {}",
                                                 to_string(run.message().position), why));
        return !why.empty();
    });
    for (auto const& send : run.sends)
        if (auto why = problem(send); !why.empty()) {
            run.outcome = klamm::dead_letter(std::move(why), "klamm::misuse");
            break;
        }
    if (run.outcome.kind == Outcome::Kind::done) return;
    run.sends.clear();
    run.state_changes.clear();
}

}  // namespace klamm::handler
