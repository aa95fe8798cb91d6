// bench/limit_loop.cc - the machine's own limit: receive record batches by socket, check their
// CRC-32C, write them, sync once for all that came together, answer. Nothing is kept in memory and
// nothing can be read back. A broker does this and more; the ratio says what the more costs.
//
// It speaks just enough of Kafka's protocol (the oldest versions that the Java client still uses)
// for the same load generator to drive it: ApiVersions 0, Metadata 1, InitProducerId 0, Produce 3.
// One thread. What was written stays, as in a log: every page is new to the page cache, as it is
// for a broker. At file_bytes_max the file begins anew, so that the disk does not fill up.
//
//     limit_loop PORT FILE PARTITIONS

#include "klamm/base/bytes.h"
#include "klamm/base/crc32c.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using klamm::Bytes;
using klamm::ByteView;

constexpr std::size_t file_bytes_max = std::size_t(4) * 1024 * 1024 * 1024;
constexpr std::size_t allocated_at_once = 64 * 1024 * 1024;
constexpr std::size_t frame_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t receive_bytes = 1024 * 1024;

[[noreturn]] void stop(char const* what) {
    std::perror(what);
    std::exit(1);
}

class Reader {
public:
    explicit Reader(ByteView bytes) : rest_(bytes) {}

    template <class T>
    T integer() {
        T value{};
        auto const bytes = take(sizeof value);
        if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
        return std::byteswap(value);
    }
    std::string_view string() {
        auto const size = integer<std::int16_t>();
        auto const bytes = take(size < 0 ? 0 : std::size_t(size));
        return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    }
    ByteView take(std::size_t size) {
        if (size > rest_.size()) {
            std::fputs("limit_loop: a request ends too early\n", stderr);
            std::exit(1);
        }
        auto const front = rest_.first(size);
        rest_ = rest_.subspan(size);
        return front;
    }

private:
    ByteView rest_;
};

class Writer {
public:
    template <class T>
    Writer& integer(T value) {
        auto const big = std::byteswap(value);
        out_.append(reinterpret_cast<char const*>(&big), sizeof big);
        return *this;
    }
    Writer& string(std::string_view text) {
        integer(std::int16_t(text.size()));
        out_.append(text);
        return *this;
    }
    /// The response as a frame.
    std::string frame() const {
        Writer length;
        length.integer(std::int32_t(out_.size()));
        return length.out_ + out_;
    }

private:
    std::string out_;
};

struct Connection {
    int fd = -1;
    Bytes in;
    std::size_t filled = 0;
    std::string out;
};

class Loop {
public:
    Loop(std::uint16_t port, char const* path, std::int32_t partitions)
        : port_(port), partitions_(partitions) {
        open_file(path);
        listen_on(port);
        std::printf("limit_loop ready kafka=127.0.0.1:%u\n", unsigned(port));
        std::fflush(stdout);
    }

    [[noreturn]] void run() {
        for (std::vector<epoll_event> events(256);;) {
            auto const count = epoll_wait(epoll_, events.data(), int(events.size()), -1);
            if (count < 0) stop("epoll_wait");
            for (auto const& event : std::span{events}.first(std::size_t(count))) {
                if (event.data.fd == listener_)
                    accept_one();
                else
                    serve(connections_.at(event.data.fd));
            }
            if (unsynced_ && fdatasync(file_) != 0) stop("fdatasync");
            unsynced_ = false;
            for (auto const fd : std::exchange(to_answer_, {})) answer(fd);
        }
    }

private:
    void open_file(char const* path) {
        file_ = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file_ < 0) stop(path);
        if (ftruncate(file_, 0) != 0) stop(path);
    }

    /// Room for `bytes` more, without a change of the file's size at each write.
    void make_room(std::size_t bytes) {
        if (at_ + bytes > file_bytes_max) {
            if (ftruncate(file_, 0) != 0) stop("ftruncate");
            at_ = allocated_ = 0;
        }
        for (; allocated_ < at_ + bytes; allocated_ += allocated_at_once)
            if (fallocate(file_, 0, off_t(allocated_), allocated_at_once) != 0) stop("fallocate");
    }

    void listen_on(std::uint16_t port) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int const on = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            stop("bind");
        if (listen(listener_, 128) != 0) stop("listen");
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        watch(listener_);
    }

    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) stop("epoll_ctl");
    }

    void accept_one() {
        auto const fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int const on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto& connection = connections_[fd];
        connection.fd = fd;
        connection.in.resize(receive_bytes);
        watch(fd);
    }

    /// Reads what is there and handles the complete frames; answers follow after the sync.
    void serve(Connection& connection) {
        auto& in = connection.in;
        if (connection.filled == in.size()) in.resize(in.size() * 2);
        auto const got =
            read(connection.fd, in.data() + connection.filled, in.size() - connection.filled);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return forget(connection.fd);
        connection.filled += std::size_t(got);

        std::size_t begin = 0;
        while (connection.filled - begin >= 4) {
            auto const have = ByteView{in}.subspan(begin, connection.filled - begin);
            auto const size = std::size_t(Reader{have}.integer<std::uint32_t>());
            if (size > frame_bytes_max) return forget(connection.fd);
            if (have.size() - 4 < size) break;
            handle(connection, have.subspan(4, size));
            begin += 4 + size;
        }
        write_gathered();
        if (begin > 0) std::memmove(in.data(), in.data() + begin, connection.filled - begin);
        connection.filled -= begin;
        if (!connection.out.empty()) to_answer_.push_back(connection.fd);
    }

    void forget(int fd) {
        close(fd);
        connections_.erase(fd);
        std::erase(to_answer_, fd);
    }

    void handle(Connection& connection, ByteView frame) {
        Reader in{frame};
        auto const key = in.integer<std::int16_t>();
        auto const version = in.integer<std::int16_t>();
        Writer out;
        out.integer(in.integer<std::int32_t>());  // correlation id
        in.string();                              // client id
        switch (key) {
            case 0:
                produce(in, out);
                break;
            case 3:
                metadata(in, out);
                break;
            case 18:
                api_versions(version, out);
                break;
            case 22:
                out.integer(std::int32_t(0)).integer(std::int16_t(0));
                out.integer(++last_producer_id_).integer(std::int16_t(0));
                break;
            default:
                return forget(connection.fd);
        }
        connection.out += out.frame();
    }

    void api_versions(std::int16_t version, Writer& out) {
        constexpr std::int16_t unsupported_version = 35;
        struct Api {
            std::int16_t key, first, last;
        };
        constexpr Api apis[] = {{0, 0, 3}, {3, 0, 1}, {18, 0, 0}, {22, 0, 0}};
        out.integer(version == 0 ? std::int16_t(0) : unsupported_version);
        out.integer(std::int32_t(std::size(apis)));
        for (auto const& api : apis) out.integer(api.key).integer(api.first).integer(api.last);
    }

    void metadata(Reader& in, Writer& out) {
        out.integer(std::int32_t(1)).integer(std::int32_t(1)).string("127.0.0.1");
        out.integer(std::int32_t(port_)).integer(std::int16_t(-1)).integer(std::int32_t(1));
        auto const topics = in.integer<std::int32_t>();
        out.integer(std::max(topics, 0));
        for (std::int32_t t = 0; t < topics; ++t) {
            out.integer(std::int16_t(0)).string(in.string()).integer(std::int8_t(0));
            out.integer(partitions_);
            for (std::int32_t p = 0; p < partitions_; ++p)
                out.integer(std::int16_t(0))
                    .integer(p)
                    .integer(std::int32_t(1))
                    .integer(std::int32_t(1))
                    .integer(std::int32_t(1))  // replicas
                    .integer(std::int32_t(1))
                    .integer(std::int32_t(1));  // in sync
        }
    }

    void produce(Reader& in, Writer& out) {
        in.string();                 // transactional id
        in.integer<std::int16_t>();  // acks: always all
        in.integer<std::int32_t>();  // timeout
        auto const topics = in.integer<std::int32_t>();
        out.integer(topics);
        for (std::int32_t t = 0; t < topics; ++t) {
            out.string(in.string());
            auto const partitions = in.integer<std::int32_t>();
            out.integer(partitions);
            for (std::int32_t p = 0; p < partitions; ++p) {
                out.integer(in.integer<std::int32_t>());
                auto const batch = in.take(std::size_t(in.integer<std::uint32_t>()));
                out.integer(take_in(batch)).integer(next_offset_++).integer(std::int64_t(-1));
            }
        }
        out.integer(std::int32_t(0));
    }

    std::int16_t take_in(ByteView batch) {
        constexpr std::size_t crc_at = 17, crc_from = 21;
        constexpr std::int16_t corrupt_message = 2;
        if (batch.size() <= crc_from) return corrupt_message;
        auto const crc = Reader{batch.subspan(crc_at)}.integer<std::uint32_t>();
        if (crc != klamm::crc32c(batch.subspan(crc_from))) return corrupt_message;
        gathered_.push_back({const_cast<std::byte*>(batch.data()), batch.size()});
        return 0;
    }

    void write_gathered() {
        constexpr std::size_t vectors_max = 1024;
        for (std::size_t from = 0; from < gathered_.size(); from += vectors_max) {
            auto const part =
                std::span{gathered_}.subspan(from, std::min(vectors_max, gathered_.size() - from));
            std::size_t bytes = 0;
            for (auto const& vector : part) bytes += vector.iov_len;
            make_room(bytes);
            if (pwritev(file_, part.data(), int(part.size()), off_t(at_)) != ssize_t(bytes))
                stop("pwritev");
            at_ += bytes;
            unsynced_ = true;
        }
        gathered_.clear();
    }

    void answer(int fd) {
        auto const found = connections_.find(fd);
        if (found == connections_.end()) return;
        auto& out = found->second.out;
        for (std::size_t sent = 0; sent < out.size();) {
            auto const n = send(fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
            if (n >= 0) {
                sent += std::size_t(n);
                continue;
            }
            if (errno != EAGAIN) return forget(fd);
            pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
            poll(&wait, 1, -1);
        }
        out.clear();
    }

    std::uint16_t port_;
    std::int32_t partitions_;
    int file_ = -1;
    int listener_ = -1;
    int epoll_ = -1;
    std::map<int, Connection> connections_;
    std::vector<int> to_answer_;
    std::vector<iovec> gathered_;
    std::size_t at_ = 0;
    std::size_t allocated_ = 0;
    bool unsynced_ = false;
    std::int64_t next_offset_ = 0;
    std::int64_t last_producer_id_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: limit_loop PORT FILE PARTITIONS\n", stderr);
        return 2;
    }
    Loop loop{std::uint16_t(std::atoi(argv[1])), argv[2], std::atoi(argv[3])};
    loop.run();
}
