#include "klamm/handler/redrive.h"

#include "klamm/base/ensure.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>

namespace klamm::handler {
namespace {

/// An aborted transaction is done again so often.
constexpr int tries_max = 10;
constexpr Duration pause_between_tries{500};
constexpr Duration hold_interval{1'000};
constexpr std::int32_t read_bytes = 1024 * 1024;
constexpr std::int32_t original_read_bytes = 256 * 1024;

bool is_empty(StoredDeadLetter const& stored) { return !stored.key && !stored.value; }

/// Owned by the callbacks that are on their way.
class Redriver : public std::enable_shared_from_this<Redriver> {
public:
    Redriver(bus::Loop& loop, bus::Bus& bus, RedriveOptions options, RedriveObserver& observer,
             bus::Done<RedriveResult> done)
        : loop_(loop),
          bus_(bus),
          options_(std::move(options)),
          observer_(observer),
          done_(std::move(done)) {}

    void start() {
        result_.not_found = options_.rules.selection.positions.size();
        if (options_.dry_run) return find_partitions();
        producer_ = bus_.make_producer({.transactional_id = redrive_group(options_.topic),
                                        .client_id = options_.client_id,
                                        .transaction_timeout = options_.transaction_timeout});
        wait_for_producer();
        producer_->initialize(answered_by_producer([this](bus::Result<void> done) {
            if (!done) return fail(std::move(done.error()));
            find_partitions();
        }));
    }

private:
    // ---- staying alive ----

    /// Whoever asks the bus something is held by what he asked. The producer is ours: were we held
    /// by what we ask of it, neither would ever end when its loop is dropped. So the loop holds us.
    void wait_for_producer() {
        waits_for_producer_ = true;
        if (!is_held_) hold();
    }
    void hold() {
        is_held_ = true;
        loop_.after(hold_interval, [self = shared_from_this()] {
            self->is_held_ = false;
            if (self->waits_for_producer_) self->hold();
        });
    }
    bus::Done<void> answered_by_producer(bus::Done<void> then) {
        return [weak = weak_from_this(), then = std::move(then)](bus::Result<void> done) mutable {
            auto const self = weak.lock();
            if (!self) return;
            self->waits_for_producer_ = false;
            then(std::move(done));
        };
    }

    using Letters = std::vector<StoredDeadLetter>;

    // ---- partitions ----

    /// Where all of them end, once: what comes later is not for this run.
    void find_partitions() {
        scan_dead_letters(
            bus_, {.topic = options_.topic, .partition = options_.partition, .read_bytes = 1},
            [](auto const&, auto) { return false; },
            [self = shared_from_this()](auto scan) {
                if (!scan) return self->fail(std::move(scan.error()));
                self->ends_ = std::move(scan->ends);
                self->next_partition();
            });
    }

    void next_partition() {
        if (ends_.empty() || left() == 0 || result_.stopped) return finish();
        partition_ = ends_.begin()->first;
        auto ends = std::map{*ends_.begin()};
        ends_.erase(ends_.begin());
        if (!wanted(partition_)) return next_partition();
        plan_ = std::make_unique<RedrivePlan>(options_.rules);
        is_too_long_ = false;
        scan_dead_letters(
            bus_, {.topic = options_.topic, .partition = partition_, .ends = std::move(ends)},
            [self = shared_from_this()](StoredDeadLetter const& letter, std::int64_t next) {
                self->is_too_long_ = !self->plan_->add(letter, next);
                return !self->is_too_long_;
            },
            [self = shared_from_this()](auto scan) {
                if (!scan) return self->fail(std::move(scan.error()));
                self->planned(std::move(scan->progress.at(self->partition_)));
            });
    }

    bool wanted(std::int32_t partition) const {
        auto const& positions = options_.rules.selection.positions;
        return positions.empty() || std::ranges::any_of(positions, [&](auto const& position) {
                   return position.first == partition;
               });
    }

    void planned(Progress progress) {
        if (is_too_long_)
            return fail({bus::Error::Kind::refused,
                         fmt::format("more than {} dead letters wait in {}/{}, and their order "
                                     "can only be known from all of them: discard what nobody "
                                     "needs",
                                     RedrivePlan::waiting_max, options_.topic, partition_)});
        auto choice = plan_->choose(left());
        plan_.reset();
        progress_ = std::move(progress);
        blocked_.clear();
        result_.waiting += choice.waiting;
        result_.planned += choice.letters.size();
        for (auto const& [offset, why] : choice.stay) stays(offset, why);
        letters_ = std::move(choice.letters);
        position_ = 0;
        next_batch();
    }

    std::uint64_t left() const { return options_.limit - result_.redriven; }

    void stays(std::int64_t offset, Stays why) {
        ++result_.stay[why];
        found(offset);
        if (result_.stays_shown.size() < RedriveResult::stays_shown_max)
            result_.stays_shown.emplace_back(Position{options_.topic, partition_, offset}, why);
    }
    void found(std::int64_t offset) {
        if (options_.rules.selection.positions.contains({partition_, offset})) --result_.not_found;
    }

    // ---- one transaction ----

    std::size_t batch_letters_max() const {
        if (options_.per_second <= 0) return redrive_letters_max;
        auto const half_a_second = std::max<std::int64_t>(options_.per_second / 2, 1);
        return std::min(redrive_letters_max, static_cast<std::size_t>(half_a_second));
    }

    void next_batch() {
        if (position_ == letters_.size() || result_.stopped) return next_partition();
        began_ = loop_.now().instant;
        auto size = std::min(letters_.size() - position_, batch_letters_max());
        batch_ = {letters_.data() + position_, size};
        std::size_t bytes = 0;
        for (size = 0; size < batch_.size(); ++size) {
            bytes += batch_[size].bytes;
            if (size > 0 && bytes > redrive_bytes_max) break;
        }
        batch_ = batch_.first(size);
        if (!make_room()) return no_room();
        position_ += batch_.size();
        read_letters();
    }

    /// As many of the batch as the progress has room for.
    bool make_room() {
        while (true) {
            auto after = progress_;
            std::vector<PlannedDeadLetter> by_offset(batch_.begin(), batch_.end());
            std::ranges::sort(by_offset, {}, &PlannedDeadLetter::offset);
            auto const full = std::ranges::find_if(by_offset, [&](auto const& letter) {
                if (!after.fits(letter.offset)) return true;
                after.finish(letter.offset, letter.next);
                return false;
            });
            if (full == by_offset.end()) return true;
            if (batch_.size() == 1) return false;
            batch_ = batch_.first(batch_.size() / 2);
        }
    }

    void no_room() {
        for (; position_ < letters_.size(); ++position_)
            stays(letters_[position_].offset, Stays::no_room);
        next_partition();
    }

    /// The letters of the batch, which may be far from each other, in the order of the log.
    void read_letters() {
        wanted_.clear();
        for (auto const& letter : batch_) wanted_.push_back(letter.offset);
        std::ranges::sort(wanted_);
        read_.clear();
        read_next(0);
    }

    void read_next(std::size_t index) {
        if (index == wanted_.size()) return find_originals(0);
        bus_.read({options_.topic, partition_}, wanted_[index], read_bytes,
                  [self = shared_from_this(), index](auto result) mutable {
                      if (!result) return self->fail(std::move(result.error()));
                      auto& wanted = self->wanted_;
                      for (auto const& record : result->records) {
                          while (index < wanted.size() && wanted[index] < record.offset) ++index;
                          if (index == wanted.size()) break;
                          if (wanted[index] == record.offset)
                              self->read_.emplace(record.offset, stored_dead_letter(record));
                      }
                      while (index < wanted.size() && wanted[index] < result->next) ++index;
                      if (result->records.empty()) ++index;  // removed since it was planned
                      self->read_next(std::min(index, wanted.size()));
                  });
    }

    /// Of share groups: what the dead letter was made of.
    void find_originals(std::size_t index) {
        if (options_.rules.discard) return find_targets();
        for (; index < batch_.size(); ++index) {
            auto const found = read_.find(batch_[index].offset);
            if (found == read_.end()) continue;
            auto const& letter = found->second.letter;
            if (letter.dialect != DeadLetter::Dialect::share_group || !letter.original ||
                letter.original->partition < 0 || letter.original->offset < 0)
                continue;
            return find_original(index, found->second);
        }
        find_targets();
    }

    void find_original(std::size_t index, StoredDeadLetter& stored) {
        read_original(bus_, *stored.letter.original,
                      [self = shared_from_this(), index, &stored](auto original) {
                          if (!original && original.error().kind != bus::Error::Kind::refused)
                              return self->fail(std::move(original.error()));
                          self->complete(stored, original ? std::move(*original) : std::nullopt);
                          self->find_originals(index + 1);
                      });
    }

    /// The original's headers go before its own, so that nothing else is changed.
    void complete(StoredDeadLetter& stored, std::optional<bus::Record> const& original) {
        if (!original) {
            (is_empty(stored) ? gone_ : bare_).insert(stored.position.offset);
            return;
        }
        auto whole = stored_dead_letter(*original);
        stored.key = std::move(whole.key);
        stored.value = std::move(whole.value);
        whole.headers.insert(whole.headers.end(), stored.headers.begin(), stored.headers.end());
        stored.headers = std::move(whole.headers);
    }

    // ---- where they go ----

    /// How many partitions the topics have where they go.
    void find_targets() {
        std::vector<std::string> unknown;
        auto const ask = [&](std::string const& topic) {
            if (!topic.empty() && targets_.try_emplace(topic, 0).second) unknown.push_back(topic);
        };
        ask(options_.to);
        for (auto const& [offset, stored] : read_)
            if (stored.letter.original) ask(stored.letter.original->topic);
        if (unknown.empty()) return send();
        bus_.describe_topics(std::move(unknown), [self = shared_from_this()](auto described) {
            if (!described) return self->fail(std::move(described.error()));
            self->learn(std::move(*described));
            self->send();
        });
    }
    [[gnu::noinline]] void learn(std::vector<bus::TopicDescription> topics) {
        for (auto const& topic : topics) targets_[topic.name] = topic.partitions;
    }

    std::int32_t partitions_of(std::string const& topic) const {
        auto const found = targets_.find(topic);
        return found == targets_.end() ? 0 : found->second;
    }

    std::optional<std::int32_t> same_partition(Position const& original) const {
        if (original.partition < 0 || original.partition >= partitions_of(original.topic))
            return std::nullopt;
        return original.partition;
    }

    Redrive redrive_of(StoredDeadLetter const& stored) const {
        return {.dead_letter = stored.position,
                .group = stored.letter.group,
                .redrives = stored.letter.redrives + 1,
                .original = stored.letter.original,
                .original_timestamp = stored.letter.original_timestamp};
    }

    bus::Outgoing event(StoredDeadLetter const& stored, bool last) const {
        auto const& original = stored.letter.original;
        bus::Outgoing record;
        record.key = stored.key;
        record.value = stored.value;
        record.headers = original_headers(stored.headers);
        auto redrive = redrive_of(stored);
        redrive.last = last;
        if (goes_home(stored)) {
            record.topic = original->topic;
            record.partition = same_partition(*original);
            write_redrive(record.headers, redrive);
        } else {
            record.topic = options_.to;
            set_header(record.headers, redrives_header, fmt::format("{}", redrive.redrives));
        }
        return record;
    }

    bool goes_home(StoredDeadLetter const& stored) const {
        return options_.to.empty() ||
               (stored.letter.original && stored.letter.original->topic == options_.to);
    }

    bus::Outgoing mark(StoredDeadLetter const& stored, std::string reason) const {
        bus::Outgoing record;
        record.key = fmt::format("klamm-discard/{}", to_string(stored.position));
        auto redrive = redrive_of(stored);
        redrive.discard = true;
        redrive.key = stored.key;
        redrive.reason = std::move(reason);
        write_redrive(record.headers, redrive);
        return record;
    }

    /// Tells the engine that waits for it.
    void tell_discarded(StoredDeadLetter const& stored, std::string reason) {
        if (!queue_of(stored) || partitions_of(stored.letter.original->topic) == 0) return;
        auto told = mark(stored, std::move(reason));
        told.topic = stored.letter.original->topic;
        told.partition = same_partition(*stored.letter.original);
        transaction_.records.push_back(std::move(told));
    }

    std::optional<Stays> obstacle(std::int64_t offset) const {
        if (gone_.contains(offset)) return Stays::gone;
        auto const found = read_.find(offset);
        if (found == read_.end()) return Stays::gone;
        if (options_.rules.discard) return std::nullopt;
        auto const& original = found->second.letter.original;
        auto const& topic = options_.to.empty() && original ? original->topic : options_.to;
        if (partitions_of(topic) == 0) return Stays::homeless;
        return std::nullopt;
    }

    void add(PlannedDeadLetter const& planned) {
        auto const& stored = read_.at(planned.offset);
        found(planned.offset);
        if (options_.rules.discard) {
            tell_discarded(stored, options_.reason);
            auto note = mark(stored, options_.reason);
            note.topic = options_.topic;
            note.partition = partition_;
            transaction_.records.push_back(std::move(note));
        } else {
            transaction_.records.push_back(event(stored, planned.last));
            if (!goes_home(stored))
                tell_discarded(stored, fmt::format("redriven to {}", options_.to));
        }
        observer_.sends(stored, transaction_.records.back());
        progress_.finish(planned.offset, planned.next);
        ++batch_size_;
        if (planned.along) ++batch_along_;
        if (bare_.contains(planned.offset)) ++batch_bare_;
    }

    void send() {
        transaction_ = {};
        batch_size_ = batch_along_ = batch_bare_ = 0;
        for (auto const& planned : batch_) {
            auto obstacle_here = obstacle(planned.offset);
            auto const queue = options_.rules.discard ? 0 : planned.queue;
            if (!obstacle_here && blocked_.contains(queue)) obstacle_here = Stays::overtakes;
            if (!obstacle_here) {
                add(planned);
                continue;
            }
            stays(planned.offset, *obstacle_here);
            if (queue != 0 && !options_.rules.out_of_order) blocked_.insert(queue);
        }
        gone_.clear();
        bare_.clear();
        if (batch_size_ == 0) return next_batch();
        transaction_.group = redrive_group(options_.topic);
        transaction_.offsets[{options_.topic, partition_}] = {progress_.offset(),
                                                              progress_.metadata()};
        if (options_.dry_run) return committed();
        commit(1);
    }

    void commit(int attempt) {
        wait_for_producer();
        producer_->commit(
            transaction_, answered_by_producer([this, attempt](bus::Result<void> done) {
                if (done) return committed();
                auto& error = done.error();
                if (error.kind == bus::Error::Kind::aborted && attempt < tries_max)
                    return loop_.after(pause_between_tries, [self = shared_from_this(), attempt] {
                        self->commit(attempt + 1);
                    });
                if (error.kind == bus::Error::Kind::fenced)
                    error.why = fmt::format(
                        "another redrive of {} has begun, and goes on where this "
                        "one was ({})",
                        options_.topic, error.why);
                fail(std::move(error));
            }));
    }

    void committed() {
        result_.redriven += batch_size_;
        result_.along += batch_along_;
        result_.bare += batch_bare_;
        ++result_.transactions;
        result_.stopped = !observer_.goes_on(result_);
        if (options_.per_second <= 0 || options_.dry_run) return next_batch();
        auto const spent = loop_.now().instant - began_;
        auto const due =
            Duration{static_cast<std::int64_t>(batch_size_) * 1000 / options_.per_second};
        loop_.after(std::max(due - spent, Duration{0}),
                    [self = shared_from_this()] { self->next_batch(); });
    }

    // The loop may hold us a little longer than the bus is there.
    void finish() {
        producer_.reset();
        done_(std::move(result_));
    }
    void fail(bus::Error error) {
        producer_.reset();
        done_(std::unexpected(std::move(error)));
    }

    bus::Loop& loop_;
    bus::Bus& bus_;
    RedriveOptions options_;
    RedriveObserver& observer_;
    bus::Done<RedriveResult> done_;
    std::unique_ptr<bus::Producer> producer_;
    bool waits_for_producer_ = false;
    bool is_held_ = false;
    RedriveResult result_;

    std::map<std::int32_t, std::int64_t> ends_;  ///< of partitions that are still to come
    std::int32_t partition_ = 0;
    std::unique_ptr<RedrivePlan> plan_;
    bool is_too_long_ = false;
    Progress progress_;
    std::vector<PlannedDeadLetter> letters_;
    std::size_t position_ = 0;  ///< of what comes after the batch
    std::span<PlannedDeadLetter const> batch_;
    Instant began_{};
    std::vector<std::int64_t> wanted_;
    std::map<std::int64_t, StoredDeadLetter> read_;
    std::set<std::uint32_t> blocked_;  ///< queues of which one stays
    std::set<std::int64_t> gone_;
    std::set<std::int64_t> bare_;
    std::map<std::string, std::int32_t> targets_;
    bus::Transaction transaction_;
    std::uint64_t batch_size_ = 0;
    std::uint64_t batch_along_ = 0;
    std::uint64_t batch_bare_ = 0;
};

}  // namespace

std::uint64_t RedriveResult::stayed() const {
    return std::accumulate(stay.begin(), stay.end(), std::uint64_t{0},
                           [](std::uint64_t sum, auto const& each) { return sum + each.second; });
}

std::string_view to_string(Stays why) {
    switch (why) {
        case Stays::overtakes:
            return "earlier ones of its key stay, which it would overtake";
        case Stays::redriven_often:
            return "redriven often enough: it comes back each time";
        case Stays::homeless:
            return "the topic where it was is not known, or not there";
        case Stays::gone:
            return "the original record is gone (retention)";
        case Stays::unmarked:
            return "no dead letter: nothing in its headers says so";
        case Stays::no_room:
            return "too many gaps before it: redrive or discard older ones";
    }
    return "";
}

void redrive(bus::Loop& loop, bus::Bus& bus, RedriveOptions options, RedriveObserver& observer,
             bus::Done<RedriveResult> done) {
    std::make_shared<Redriver>(loop, bus, std::move(options), observer, std::move(done))->start();
}

}  // namespace klamm::handler
