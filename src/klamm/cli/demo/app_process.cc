#include "klamm/cli/demo/app_process.h"

#include <fmt/core.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

namespace klamm::cli {
namespace {

constexpr auto ready_patience = std::chrono::seconds(60);  // a recovery may take a while
constexpr auto stop_patience = std::chrono::seconds(10);
constexpr auto poll_interval = std::chrono::milliseconds(5);
constexpr std::size_t words_bytes_max = 4096;
constexpr std::string_view ready_prefix = "flights ready ";

/// The value of NAME=VALUE in the line of readiness.
std::string value_of(std::string_view line, std::string_view name) {
    auto const at = line.find(name);
    if (at == std::string_view::npos) return {};
    auto const value = line.substr(at + name.size());
    return std::string(value.substr(0, value.find_first_of(" \n")));
}

std::string how(int status) {
    return WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                             : fmt::format("signal {}", WTERMSIG(status));
}

struct Pipe {
    std::array<int, 2> ends{-1, -1};
    bool open() { return ::pipe2(ends.data(), O_CLOEXEC) == 0; }
    int from() const { return ends[0]; }
    int into() const { return ends[1]; }
};

/// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void become(char* const* arguments, sigset_t const& signals, int out, int err,
                         pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);  // it died before the line above
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::sigprocmask(SIG_SETMASK, &signals, nullptr);
    ::execv("/proc/self/exe", arguments);
    ::_exit(127);
}

}  // namespace

Outcome<std::unique_ptr<AppProcess>> AppProcess::start(std::vector<std::string> const& arguments,
                                                       sigset_t const& signals) {
    Pipe out;
    Pipe err;
    if (!out.open() || !err.open())
        return failed(fmt::format("start the application: pipe: {}", std::strerror(errno)));
    std::vector<std::string> words{"klamm"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);

    std::unique_ptr<AppProcess> broker(new AppProcess);
    auto const parent = ::getpid();
    broker->pid_ = ::fork();
    if (broker->pid_ == 0) become(pointers.data(), signals, out.into(), err.into(), parent);
    ::close(out.into());
    ::close(err.into());
    if (broker->pid_ < 0) {
        ::close(out.from());
        ::close(err.from());
        return failed(fmt::format("start the application: fork: {}", std::strerror(errno)));
    }
    broker->listener_ =
        std::thread([&it = *broker, a = out.from(), b = err.from()] { it.listen(a, b); });
    if (broker->await_ready()) return broker;

    auto const words_said = broker->last_words();
    auto const ended = broker->ended();
    if (!ended) broker->kill();
    auto failure = failed(fmt::format("the application did not start ({})",
                                      ended ? *ended : "it did not become ready in time"),
                          words_said);
    if (broker->status_ && WIFEXITED(*broker->status_) && WEXITSTATUS(*broker->status_) == 2)
        failure.error().exit_code = 2;  // its flags came from ours
    return failure;
}

AppProcess::~AppProcess() {
    if (pid_ > 0) stop();
    if (listener_.joinable()) listener_.join();
}

bool AppProcess::await_ready() {
    std::unique_lock lock(mutex_);
    auto const has_line = [&] { return out_.starts_with(ready_prefix) && out_.ends_with('\n'); };
    changed_.wait_for(lock, ready_patience, [&] { return closed_ || has_line(); });
    if (!has_line()) {
        lock.unlock();
        wait(std::chrono::seconds(1));  // it closed its output, so it is about to end
        return false;
    }
    auto const in = out_.rfind(" in ");
    ready_ = {value_of(out_, "kafka="), value_of(out_, "http="), value_of(out_, "data="),
              in == std::string::npos ? "" : out_.substr(in + 4, out_.size() - in - 5)};
    return true;
}

std::optional<std::string> AppProcess::ended() {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
    return status_ ? std::optional(how(*status_)) : std::nullopt;
}

bool AppProcess::wait(std::chrono::milliseconds patience) {
    auto const give_up = std::chrono::steady_clock::now() + patience;
    while (!ended()) {
        if (std::chrono::steady_clock::now() > give_up) return false;
        std::this_thread::sleep_for(poll_interval);
    }
    return true;
}

void AppProcess::kill() {
    if (ended()) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    if (::waitpid(pid_, &status, 0) == pid_) status_ = status;
}

bool AppProcess::stop() {
    if (ended()) return false;
    ::kill(pid_, SIGTERM);
    if (!wait(stop_patience)) kill();
    return WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

std::string AppProcess::last_words() const {
    std::lock_guard const lock(mutex_);
    auto words = err_;
    while (words.ends_with('\n')) words.pop_back();
    return words;
}

void AppProcess::forward_stderr() {
    std::lock_guard const lock(mutex_);
    forwards_ = true;
}

void AppProcess::listen(int out, int err) {
    std::array<pollfd, 2> sources{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
    std::array<char, 1024> buffer;
    while (sources[0].fd >= 0 || sources[1].fd >= 0) {
        if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) break;
        for (auto& source : sources) {
            if (source.fd < 0 || source.revents == 0) continue;
            auto const size = ::read(source.fd, buffer.data(), buffer.size());
            if (size > 0)
                heard(source.fd == err, {buffer.data(), std::size_t(size)});
            else if (size == 0 || errno != EINTR)
                ::close(std::exchange(source.fd, -1));
        }
    }
    std::lock_guard const lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

void AppProcess::heard(bool on_stderr, std::string_view text) {
    std::lock_guard const lock(mutex_);
    auto& words = on_stderr ? err_ : out_;
    words += text;
    if (on_stderr && words.size() > words_bytes_max) words.erase(0, words.size() - words_bytes_max);
    if (!on_stderr) words.resize(std::min(words.size(), words_bytes_max));
    if (on_stderr && forwards_) std::fwrite(text.data(), 1, text.size(), stderr);
    changed_.notify_all();
}

}  // namespace klamm::cli
