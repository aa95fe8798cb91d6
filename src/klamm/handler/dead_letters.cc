#include "klamm/handler/dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace klamm::handler {
namespace {

std::optional<std::string> text_of(std::optional<Slice> const& slice) {
    if (!slice) return std::nullopt;
    return std::string(reinterpret_cast<char const*>(slice->data()), slice->size());
}

/// Owned by the callbacks that are on their way: what is dropped with the loop or the bus goes with
/// them.
class Scanner : public std::enable_shared_from_this<Scanner> {
public:
    Scanner(bus::Bus& bus, ScanOptions options, EachDeadLetter each, bus::Done<Scan> done)
        : bus_(bus), options_(std::move(options)), each_(std::move(each)), done_(std::move(done)) {}

    void start() {
        bus_.describe_topics({options_.topic}, [self = shared_from_this()](auto described) {
            if (!described) return self->fail(std::move(described.error()));
            auto const partitions = described->empty() ? 0 : described->front().partitions;
            if (partitions == 0)
                return self->refuse(fmt::format("there is no topic {}", self->options_.topic));
            self->choose(partitions);
        });
    }

private:
    void choose(std::int32_t partitions) {
        if (options_.partition && (*options_.partition < 0 || *options_.partition >= partitions))
            return refuse(fmt::format("topic {} has partitions 0 to {}, and none of number {}",
                                      options_.topic, partitions - 1, *options_.partition));
        for (std::int32_t id = 0; id < partitions; ++id)
            if (!options_.partition || id == *options_.partition) partitions_.push_back(id);
        ask_for_ends(0);
    }

    bus::TopicPartition at(std::size_t index) const { return {options_.topic, partitions_[index]}; }

    /// All ends first: what fails again while others are still redriven is not met a second time.
    void ask_for_ends(std::size_t index) {
        if (index == partitions_.size()) return ask_for_progress();
        auto const partition = partitions_[index];
        if (auto const given = options_.ends.find(partition); given != options_.ends.end()) {
            scan_.ends[partition] = given->second;
            return ask_for_ends(index + 1);
        }
        bus_.offset_at(at(index), bus::latest,
                       [self = shared_from_this(), index, partition](auto end) {
                           if (!end) return self->fail(std::move(end.error()));
                           self->scan_.ends[partition] = *end;
                           self->ask_for_ends(index + 1);
                       });
    }

    void ask_for_progress() {
        std::vector<bus::TopicPartition> all;
        for (std::size_t i = 0; i < partitions_.size(); ++i) all.push_back(at(i));
        bus_.committed(redrive_group(options_.topic), std::move(all),
                       [self = shared_from_this()](auto committed) {
                           if (!committed) return self->fail(std::move(committed.error()));
                           for (auto const& [partition, last] : *committed) {
                               auto const offset = std::max<std::int64_t>(last.offset, 0);
                               self->scan_.progress[partition.partition] =
                                   Progress::read(offset, last.metadata).value_or(Progress(offset));
                           }
                           self->begin(0);
                       });
    }

    void begin(std::size_t index) {
        if (index == partitions_.size()) return finish();
        bus_.offset_at(at(index), bus::earliest, [self = shared_from_this(), index](auto first) {
            if (!first) return self->fail(std::move(first.error()));
            auto& progress = self->scan_.progress[self->partitions_[index]];
            if (progress.offset() < *first) progress.finish(progress.offset(), *first);
            self->read(index, progress.offset());
        });
    }

    void read(std::size_t index, std::int64_t offset) {
        auto const end = scan_.ends.at(partitions_[index]);
        if (offset >= end) {
            if (!give(end)) return enough();
            return begin(index + 1);
        }
        bus_.read(at(index), offset, options_.read_bytes,
                  [self = shared_from_this(), index, offset, end](auto result) {
                      if (!result) return self->fail(std::move(result.error()));
                      for (auto const& record : result->records) {
                          if (record.offset >= end) break;
                          ++self->scan_.records;
                          if (!self->meet(record)) return self->enough();
                      }
                      // Nothing left to read, although the end was once there: it was cut off.
                      bool const over = result->next <= offset || result->next >= result->end;
                      self->read(index, over ? end : result->next);
                  });
    }

    /// Each is given when the one behind it is known.
    bool meet(bus::Record const& record) {
        if (!give(record.offset)) return false;
        if (scan_.progress.at(record.partition.partition).finished(record.offset)) return true;
        auto const redrive = read_redrive(record.headers);
        if (redrive && redrive->discard && !options_.discarded) return true;
        last_ = stored_dead_letter(record);
        return true;
    }
    bool give(std::int64_t next) {
        if (!last_) return true;
        auto const letter = std::exchange(last_, std::nullopt);
        return each_(*letter, next);
    }

    void enough() {
        scan_.whole = false;
        finish();
    }
    void finish() { done_(std::move(scan_)); }
    void fail(bus::Error error) { done_(std::unexpected(std::move(error))); }
    void refuse(std::string why) { fail({bus::Error::Kind::refused, std::move(why)}); }

    bus::Bus& bus_;
    ScanOptions options_;
    EachDeadLetter each_;
    bus::Done<Scan> done_;
    std::vector<std::int32_t> partitions_;
    std::optional<StoredDeadLetter> last_;
    Scan scan_;
};

std::string const& part_of(StoredDeadLetter const& stored, GroupBy by) {
    static std::string const nothing;
    switch (by) {
        case GroupBy::error_type:
            return stored.letter.error_type;
        case GroupBy::handler:
            return stored.letter.handler;
        case GroupBy::group:
            return stored.letter.group;
        case GroupBy::topic:
            return stored.letter.original ? stored.letter.original->topic : nothing;
        case GroupBy::reason:
            break;
    }
    return stored.letter.reason;
}

void first_record(bus::Bus& bus, Position const& position,
                  bus::Done<std::optional<bus::Record>> done) {
    bus::TopicPartition const partition{position.topic, position.partition};
    bus.offset_at(
        partition, bus::earliest,
        [&bus, partition, offset = position.offset, done = std::move(done)](auto first) mutable {
            if (!first) return done(std::unexpected(std::move(first.error())));
            if (offset < *first) return done(std::nullopt);
            bus.read(partition, offset, 1, [offset, done = std::move(done)](auto result) mutable {
                if (!result) return done(std::unexpected(std::move(result.error())));
                auto const found = std::ranges::find(result->records, offset, &bus::Record::offset);
                if (found == result->records.end()) return done(std::nullopt);
                done(std::move(*found));
            });
        });
}

}  // namespace

std::size_t StoredDeadLetter::bytes() const {
    auto size = (key ? key->size() : 0) + (value ? value->size() : 0);
    for (auto const& header : headers)
        size += header.name.size() + (header.value ? header.value->size() : 0);
    return size;
}

StoredDeadLetter stored_dead_letter(bus::Record const& record) {
    return {.position = {record.partition.topic, record.partition.partition, record.offset},
            .timestamp = Time{milliseconds{record.timestamp_ms}},
            .key = text_of(record.key),
            .value = text_of(record.value),
            .headers = record.headers,
            .letter = read_dead_letter(record.headers)};
}

bool Selection::matches(StoredDeadLetter const& stored) const {
    auto const& letter = stored.letter;
    auto const fits = [](std::optional<std::string> const& wanted, std::string const& is) {
        return !wanted || *wanted == is;
    };
    if (!positions.empty() &&
        !positions.contains({stored.position.partition, stored.position.offset}))
        return false;
    if (!fits(group, letter.group) || !fits(handler, letter.handler) ||
        !fits(error_type, letter.error_type))
        return false;
    if (topic && (!letter.original || letter.original->topic != *topic)) return false;
    if (reason && letter.reason.find(*reason) == std::string::npos) return false;
    if (key && stored.key != key) return false;
    return (!from || stored.failed_at() >= *from) && (!to || stored.failed_at() < *to);
}

std::optional<std::string> queue_of(StoredDeadLetter const& stored) {
    auto const& letter = stored.letter;
    if (letter.park == Park::none || !letter.original) return std::nullopt;
    if (letter.park == Park::key && !stored.key) return std::nullopt;
    auto queue =
        fmt::format("{}/{}/{}/", letter.group, letter.original->topic, letter.original->partition);
    if (letter.park == Park::key) queue += *stored.key;
    return queue;
}

std::string redrive_group(std::string_view dead_letter_topic) {
    return fmt::format("klamm-dlq-{}", dead_letter_topic);
}

void scan_dead_letters(bus::Bus& bus, ScanOptions options, EachDeadLetter each,
                       bus::Done<Scan> done) {
    std::make_shared<Scanner>(bus, std::move(options), std::move(each), std::move(done))->start();
}

void read_dead_letter_at(bus::Bus& bus, Position const& position,
                         bus::Done<std::optional<StoredDeadLetter>> done) {
    first_record(bus, position, [done = std::move(done)](auto record) mutable {
        if (!record) return done(std::unexpected(std::move(record.error())));
        if (!*record) return done(std::nullopt);
        done(stored_dead_letter(**record));
    });
}

void read_original(bus::Bus& bus, Position const& original,
                   bus::Done<std::optional<bus::Record>> done) {
    first_record(bus, original, std::move(done));
}

// ---- groups ----------------------------------------------------------------------------------

std::string reason_shape(std::string_view reason) {
    auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
    std::string shape;
    for (std::size_t i = 0; i < reason.size(); ++i) {
        if (!is_digit(reason[i])) {
            shape += reason[i];
            continue;
        }
        while (i + 1 < reason.size() && is_digit(reason[i + 1])) ++i;
        shape += '#';
    }
    return shape;
}

std::string DeadLetterGroups::name_of(StoredDeadLetter const& stored) {
    auto const queue = queue_of(stored);
    if (stored.letter.parked && queue)
        if (auto const found = by_queue_.find(*queue); found != by_queue_.end())
            return found->second;
    auto name = part_of(stored, by_);
    if (by_ == GroupBy::reason) name = reason_shape(name);
    if (!groups_.contains(name) && groups_.size() >= groups_max) name = others;
    if (queue && !stored.letter.parked && by_queue_.size() < queues_max)
        by_queue_.try_emplace(*queue, name);
    return name;
}

void DeadLetterGroups::add(StoredDeadLetter const& stored) {
    auto name = name_of(stored);
    auto const failed_at = stored.failed_at();
    auto const [entry, is_new] = groups_.try_emplace(name);
    auto& group = entry->second;
    if (is_new) {
        group.name = std::move(name);
        group.first = group.last = failed_at;
        group.example = stored.position;
    }
    ++(stored.letter.parked ? group.parked : group.failed);
    group.first = std::min(group.first, failed_at);
    group.last = std::max(group.last, failed_at);
    group.redrives = std::max(group.redrives, stored.letter.redrives);
}

std::vector<DeadLetterGroup> DeadLetterGroups::result() const {
    std::vector<DeadLetterGroup> sorted;
    for (auto const& [name, group] : groups_) sorted.push_back(group);
    std::ranges::stable_sort(sorted, std::greater{}, [](DeadLetterGroup const& group) {
        return group.failed + group.parked;
    });
    return sorted;
}

}  // namespace klamm::handler
