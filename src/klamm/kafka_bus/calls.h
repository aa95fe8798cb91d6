// kafka_bus/calls.h - from the loop to threads that wait, and back.
//
// A Done stays on the loop: a thread gets an Answer in its place, which it may lose without harm.
#pragma once

#include "klamm/bus/bus.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace klamm::kafka_bus {

/// What is asked and not answered yet. Lives on the loop; when it is gone, answers find nobody.
class Calls {
    struct Open {
        virtual ~Open() = default;
    };
    template <class T>
    struct OpenCall final : Open {
        explicit OpenCall(bus::Done<T> given) : done(std::move(given)) {}
        bus::Done<T> done;
    };
    struct Table {
        explicit Table(bus::Loop& l) : loop(l) {}
        bus::Loop& loop;
        bool alive = true;  ///< as all below: the loop's
        std::uint64_t next = 0;
        std::unordered_map<std::uint64_t, std::unique_ptr<Open>> open;
    };

public:
    template <class T>
    class Answer {
    public:
        Answer(std::shared_ptr<Table> table, std::uint64_t id)
            : table_(std::move(table)), id_(id) {}
        void operator()(bus::Result<T> result) const {
            table_->loop.post([table = table_, id = id_, result = std::move(result)]() mutable {
                auto found = table->open.extract(id);
                if (!found.empty())
                    static_cast<OpenCall<T>&>(*found.mapped()).done(std::move(result));
            });
        }

    private:
        std::shared_ptr<Table> table_;
        std::uint64_t id_;
    };

    explicit Calls(bus::Loop& loop) : table_(std::make_shared<Table>(loop)) {}
    ~Calls() {
        table_->alive = false;
        table_->open.clear();
    }
    Calls(Calls const&) = delete;
    Calls& operator=(Calls const&) = delete;

    template <class T>
    Answer<T> open(bus::Done<T> done) {
        auto const id = table_->next++;
        table_->open.emplace(id, std::make_unique<OpenCall<T>>(std::move(done)));
        return Answer<T>(table_, id);
    }

    /// Gives jobs to the loop, from any thread; they do not run once the Calls are gone.
    class Way {
    public:
        explicit Way(std::shared_ptr<Table> table) : table_(std::move(table)) {}
        void operator()(bus::Loop::Job job) const {
            table_->loop.post([table = table_, job = std::move(job)]() mutable {
                if (table->alive) job();
            });
        }

    private:
        std::shared_ptr<Table> table_;
    };
    Way way() const { return Way(table_); }
    /// Turns false when the Calls go: for who was perhaps destroyed inside a callback.
    std::shared_ptr<bool const> alive() const { return {table_, &table_->alive}; }
    /// On the loop, later; not once the Calls are gone.
    void after(Duration delay, bus::Loop::Job job) const {
        table_->loop.after(delay, [table = table_, job = std::move(job)]() mutable {
            if (table->alive) job();
        });
    }

private:
    std::shared_ptr<Table> table_;
};

/// What a thread is to do, from others.
class Commands {
public:
    using Job = std::move_only_function<void()>;

    /// How a thread that waits elsewhere is told; none: it waits here.
    void on_add(std::function<void()> wake) {
        std::lock_guard const lock(mutex_);
        wake_ = std::move(wake);
    }
    void add(Job job) {
        std::lock_guard const lock(mutex_);
        jobs_.push_back(std::move(job));
        tell();
    }
    void stop() {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
        tell();
    }
    bool stopping() const { return stopping_; }
    /// Does not wait.
    std::deque<Job> take() {
        std::lock_guard const lock(mutex_);
        return std::exchange(jobs_, {});
    }
    /// Waits until there is one, or it is time to stop, or `at_most` has passed.
    void wait_for(Duration at_most) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, at_most, [&] { return stopping_ || !jobs_.empty(); });
    }
    /// Waits for one; none: it is time to stop.
    Job wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return {};
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        return job;
    }

private:
    void tell() {
        changed_.notify_all();
        if (wake_) wake_();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> wake_;
    std::deque<Job> jobs_;
    std::atomic<bool> stopping_ = false;
};

/// Threads that end by themselves, soon: whoever started them does not wait for that.
class Threads {
public:
    Threads() = default;
    ~Threads() {
        for (auto& [thread, ended] : all_) thread.join();
    }
    Threads(Threads const&) = delete;
    Threads& operator=(Threads const&) = delete;

    template <class Run>
    void start(Run run) {
        std::erase_if(all_, [](auto& one) {
            if (!*one.ended) return false;
            one.thread.join();
            return true;
        });
        auto ended = std::make_shared<std::atomic<bool>>(false);
        all_.push_back({std::thread([run = std::move(run), ended]() mutable {
                            run();
                            *ended = true;
                        }),
                        ended});
    }

private:
    struct One {
        std::thread thread;
        std::shared_ptr<std::atomic<bool>> ended;
    };
    std::vector<One> all_;
};

}  // namespace klamm::kafka_bus
