// kafka_bus/client.h - one client of librdkafka: its settings, its callbacks, its log in plain
// words.
#pragma once

#include "klamm/kafka_bus/handles.h"
#include "klamm/kafka_bus/kafka_bus.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace klamm::kafka_bus {

using Clock = std::chrono::steady_clock;
/// How long a thread waits before it looks whether it should end.
inline constexpr Duration slice{200};
/// What a record may have is the topic's to say: dead letters are larger than their events.
inline constexpr char const* message_bytes_max = "67108864";

/// Until when, and how much of that is left for one wait.
class Deadline {
public:
    explicit Deadline(Duration patience) : end_(Clock::now() + patience) {}
    bool passed() const { return Clock::now() >= end_; }
    int left_ms(Duration at_most = slice) const {
        auto const left = std::chrono::duration_cast<Duration>(end_ - Clock::now());
        return int(std::max(Duration{0}, std::min(left, at_most)).count());
    }

private:
    Clock::time_point end_;
};

/// Passes librdkafka's log on: each complaint once in a while, without names of threads.
class Log {
public:
    explicit Log(std::function<void(std::string const&)> write) : write_(std::move(write)) {}
    void write(std::string const& client, std::string_view facility, std::string_view text);
    /// As it is, without a limit.
    void say(std::string const& line) const {
        if (write_) write_(line);
    }

private:
    struct Said {
        Clock::time_point when;
        std::uint64_t kept_back = 0;
    };
    std::function<void(std::string const&)> write_;
    std::mutex mutex_;
    std::map<std::string, Said, std::less<>> said_;
};

/// Called in the thread that polls, but for `debug`: in any.
struct Callbacks {
    std::function<void(rd_kafka_message_t const&)> delivered;
    std::function<void(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*)> rebalance;
    std::function<void(rd_kafka_resp_err_t, std::string const&)> trouble;
    std::function<void(std::string_view)> debug;
};

class Client {
public:
    using Settings = std::vector<std::pair<std::string, std::string>>;

    /// `defaults` can be overruled by the user's settings, `fixed` cannot.
    [[nodiscard]] static std::expected<std::shared_ptr<Client>, std::string> make(
        rd_kafka_type_t type, Options const& options, std::shared_ptr<Log> log,
        Settings const& defaults, Settings const& fixed, Callbacks callbacks);
    ~Client();  ///< waits until librdkafka's threads have ended; leaves no group
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    /// Nothing is logged any more.
    void silence() { silent_ = true; }
    /// It stays as it is for as long as the process lives, silently.
    static void abandon(std::shared_ptr<Client> client);

    rd_kafka_t* rk() const { return rk_; }
    /// Waits a slice for a connection; whether there is one. Without it librdkafka looks for
    /// coordinators once in a while only.
    bool connect() const;
    /// Asks who leads the topic's partitions, for `at_most`. librdkafka before 2.1 goes on asking
    /// who said that he does not lead any more, until its next regular look.
    /// Source: https://github.com/confluentinc/librdkafka/issues/4225
    void look_for_leaders(std::string const& topic, Duration at_most) const;
    /// What it complained of last, for instance "Connection refused"; may be empty.
    std::string last_trouble() const;

private:
    Client() = default;
    static Client& of(void* opaque) { return *static_cast<Client*>(opaque); }
    bool ask_for_metadata(rd_kafka_topic_t* topic, Duration at_most) const;
    static void on_log(rd_kafka_t const* rk, int level, char const* facility, char const* text);

    std::shared_ptr<Log> log_;
    Callbacks callbacks_;
    std::string name_;
    std::atomic<bool> silent_ = false;
    mutable std::mutex mutex_;
    std::string last_trouble_;
    rd_kafka_t* rk_ = nullptr;
};

}  // namespace klamm::kafka_bus
