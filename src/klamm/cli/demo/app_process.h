// cli/demo/app_process.h - the application as a child process that can be killed and started again.
#pragma once

#include "klamm/cli/outcome.h"

#include <sys/types.h>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace klamm::cli {

/// The child ends with its parent, however that ends. It has a process group of its own, so that
/// Ctrl-C reaches the parent alone, which then stops it. Call from the main thread: the kernel
/// ties the child to the thread that started it.
class AppProcess {
public:
    /// What its line of readiness said: "flights ready kafka=... http=... data=... in N ms".
    struct Ready {
        std::string kafka;
        std::string http;
        std::string data;
        std::string took;
    };

    /// Starts this very program with `arguments` and waits until it is ready. `signals` are
    /// blocked in the child. A failure carries what the child said on stderr.
    static Outcome<std::unique_ptr<AppProcess>> start(std::vector<std::string> const& arguments,
                                                      sigset_t const& signals);
    ~AppProcess();  ///< stops it
    AppProcess(AppProcess const&) = delete;
    AppProcess& operator=(AppProcess const&) = delete;

    Ready const& ready() const { return ready_; }
    pid_t pid() const { return pid_; }
    /// How it ended, if it has: "exit code 1", "signal 9".
    std::optional<std::string> ended();
    /// SIGKILL. Returns when the process is gone.
    void kill();
    /// SIGTERM, and SIGKILL if it does not end in time. Whether it left in peace.
    bool stop();
    /// The end of what it wrote on stderr.
    std::string last_words() const;
    /// From now on its stderr is ours, too.
    void forward_stderr();

private:
    AppProcess() = default;
    bool await_ready();
    bool wait(std::chrono::milliseconds patience);
    void listen(int out, int err);
    void heard(bool on_stderr, std::string_view text);

    pid_t pid_ = -1;
    std::optional<int> status_;  ///< as of waitpid, once it was reaped
    Ready ready_;
    std::thread listener_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string out_;  ///< guarded by mutex_, as are the next three
    std::string err_;
    bool closed_ = false;
    bool forwards_ = false;
};

}  // namespace klamm::cli
