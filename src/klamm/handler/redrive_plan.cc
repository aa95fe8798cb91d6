#include "klamm/handler/redrive_plan.h"

#include <algorithm>

namespace klamm::handler {

std::uint32_t RedrivePlan::number_of(std::string const& name) {
    return numbers_.try_emplace(name, static_cast<std::uint32_t>(numbers_.size() + 1))
        .first->second;
}

bool RedrivePlan::add(StoredDeadLetter const& stored, std::int64_t next) {
    if (entries_.size() >= waiting_max) return false;
    auto const& letter = stored.letter;
    Entry entry;
    entry.planned = {.offset = stored.position.offset, .next = next, .bytes = stored.bytes()};
    if (auto const queue = queue_of(stored)) entry.planned.queue = number_of("q" + *queue);
    auto const original = letter.original.value_or(Position{{}, -1, -1});
    entry.place = {number_of("t" + original.topic), original.partition, original.offset,
                   stored.position.offset};
    entry.selected = rules_.selection.matches(stored);
    entry.parked = letter.parked;
    // Those that wait came back with the one that failed, through no fault of theirs.
    entry.often = !letter.parked && letter.redrives >= rules_.redrives_max;
    entry.unmarked = letter.dialect == DeadLetter::Dialect::unknown && !rules_.unmarked;
    entries_.push_back(entry);
    return true;
}

RedrivePlan::Choice RedrivePlan::choose(std::uint64_t limit) {
    if (!rules_.discard) std::ranges::sort(entries_, {}, &Entry::place);
    Choice choice;
    choice.waiting = entries_.size();
    std::unordered_map<std::uint32_t, Queue> queues;
    auto const judge = [&](Entry& entry) {
        auto const in_order = entry.planned.queue != 0 && !rules_.discard;
        Queue alone;
        auto& queue = in_order ? queues[entry.planned.queue] : alone;
        auto const along = in_order && !entry.selected && entry.parked && queue.taken;
        auto const stays = [&](Stays why) { choice.stay.emplace_back(entry.planned.offset, why); };
        bool take = entry.selected || along;
        if (choice.letters.size() >= limit) {
            take = false;
        } else if (take && entry.unmarked) {
            stays(Stays::unmarked);
            take = false;
        } else if (take && queue.blocked && !rules_.out_of_order) {
            stays(Stays::overtakes);
            take = false;
        } else if (take && entry.often && !rules_.discard) {
            stays(Stays::redriven_often);
            take = false;
        }
        if (!take) {
            queue.blocked = true;
            ++queue.left;
            return;
        }
        queue.taken = true;
        entry.planned.along = along;
        choice.letters.push_back(entry.planned);
    };
    for (auto& entry : entries_) judge(entry);

    std::ranges::reverse(choice.letters);
    for (auto& letter : choice.letters) {
        auto const found = queues.find(letter.queue);
        if (letter.queue == 0 || found == queues.end() || found->second.left > 0) continue;
        letter.last = true;
        ++found->second.left;  // those before it are not the last
    }
    std::ranges::reverse(choice.letters);
    return choice;
}

}  // namespace klamm::handler
