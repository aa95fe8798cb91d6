#include "klamm/cli/schema/git.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace klamm::cli {
namespace {

constexpr std::size_t output_bytes_max = 64 << 20;

struct Ended {
    std::string output;
    int exit_code = -1;
};

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
    }
    ~Pipe() {
        close_write();
        if (ends_[0] >= 0) ::close(ends_[0]);
    }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;

    bool is_open() const { return ends_[0] >= 0; }
    int write_end() const { return ends_[1]; }
    void close_write() {
        if (ends_[1] >= 0) ::close(ends_[1]);
        ends_[1] = -1;
    }
    /// Until the other side is closed.
    std::string read_all() {
        std::string text;
        char part[1 << 14];
        for (;;) {
            auto const size = ::read(ends_[0], part, sizeof part);
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) return text;
            if (text.size() < output_bytes_max) text.append(part, std::size_t(size));
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// Its complaint goes through the same pipe as its output: it writes either, never both at length.
Outcome<Ended> run(std::vector<std::string> arguments) {
    Pipe pipe;
    if (!pipe.is_open()) return failed(fmt::format("git: {}", std::strerror(errno)));
    std::vector<char*> raw;
    for (auto& each : arguments) raw.push_back(each.data());
    raw.push_back(nullptr);
    ::posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, pipe.write_end(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, pipe.write_end(), 2);
    ::pid_t child = 0;
    auto const error = ::posix_spawnp(&child, "git", &actions, nullptr, raw.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return failed(fmt::format("git: {}", std::strerror(error)));
    pipe.close_write();
    Ended ended{.output = pipe.read_all()};
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ended;
}

Outcome<std::string> git(std::vector<std::string> arguments, std::string const& revision) {
    auto ended = run(std::move(arguments));
    if (!ended) return std::unexpected(ended.error());
    if (ended->exit_code == 0) return std::move(ended->output);
    auto said = ended->output.substr(0, ended->output.find('\n'));
    return misused(fmt::format("--git {}: {}", revision, said));
}

bool is_revision(std::string const& revision) {
    return !revision.empty() && !revision.starts_with('-');
}

}  // namespace

Outcome<std::vector<std::string>> git_files(std::string const& revision,
                                            std::vector<std::string> const& paths) {
    if (!is_revision(revision)) return misused(fmt::format("--git {}: no revision", revision));
    std::vector<std::string> arguments{"git", "ls-tree", "-r", "-z", "--name-only", revision, "--"};
    arguments.insert(arguments.end(), paths.begin(), paths.end());
    auto const output = git(std::move(arguments), revision);
    if (!output) return std::unexpected(output.error());
    std::vector<std::string> files;
    for (std::string_view rest = *output; !rest.empty();) {
        auto const end = rest.find('\0');
        if (end == rest.npos) break;
        files.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    return files;
}

Outcome<std::string> git_text(std::string const& revision, std::string const& path) {
    // "./" makes the path one that begins in the current directory, as those of ls-tree do.
    auto const is_absolute = path.starts_with('/');
    return git({"git", "show", revision + ":" + (is_absolute ? "" : "./") + path}, revision);
}

}  // namespace klamm::cli
