// Writes keyed records into one partition, as fast as they are acknowledged or at a fixed rate,
// reads the newest ones meanwhile, and prints how long both took. For measuring compaction, which
// Kafka's own tools have no load for: they write no keys.
//
//   keyed_load PORT TOPIC [--bytes N] [--value BYTES] [--keys K] [--rate BYTES_PER_SECOND]
//              [--batch BYTES] [--fetches PER_SECOND]
//
// The keys of a run are 0..K-1, in an order that a fixed seed decides. Prints one line:
//   records=... bytes=... seconds=... p50_ms=... p99_ms=... max_ms=... and with --fetches
//   fetches=... fetch_p50_ms=... fetch_p99_ms=... fetch_max_ms=...
#include "klamm/base/random.h"
#include "klamm/kafka/apis.h"
#include "klamm/records/batch.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace klamm;
using Clock = std::chrono::steady_clock;

namespace {

struct Options {
    std::uint16_t port = 0;
    std::string topic;
    std::uint64_t bytes = std::uint64_t{1} << 30;
    std::uint64_t value = 1024;
    std::uint64_t keys = 1'000'000;
    std::uint64_t rate = 0;  ///< 0: as fast as it goes
    std::uint64_t batch = 1000 * 1000;
    std::uint64_t fetches = 0;  ///< a second
};

[[noreturn]] void die(std::string const& why) {
    std::fprintf(stderr, "keyed_load: %s\n", why.c_str());
    std::exit(1);
}

Options parse(int argc, char** argv) {
    if (argc < 3) die("usage: keyed_load PORT TOPIC [--bytes N] [--value N] [--keys N] ...");
    Options options;
    options.port = std::uint16_t(std::stoul(argv[1]));
    options.topic = argv[2];
    for (int i = 3; i + 1 < argc; i += 2) {
        std::string const name = argv[i];
        auto const number = std::stoull(argv[i + 1]);
        if (name == "--bytes")
            options.bytes = number;
        else if (name == "--value")
            options.value = number;
        else if (name == "--keys")
            options.keys = number;
        else if (name == "--rate")
            options.rate = number;
        else if (name == "--batch")
            options.batch = number;
        else if (name == "--fetches")
            options.fetches = number;
        else
            die("there is no " + name);
    }
    return options;
}

class Connection {
public:
    explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int const on = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
            die("no connection");
    }
    ~Connection() { ::close(socket_); }

    void send(ByteView bytes) const {
        while (!bytes.empty()) {
            auto const sent = ::send(socket_, bytes.data(), bytes.size(), 0);
            if (sent <= 0) die("the connection ended");
            bytes = bytes.subspan(std::size_t(sent));
        }
    }
    Bytes receive() const {
        std::uint32_t size = 0;
        read({reinterpret_cast<std::byte*>(&size), sizeof size});
        Bytes frame(ntohl(size));
        read(frame);
        return frame;
    }

private:
    void read(std::span<std::byte> into) const {
        while (!into.empty()) {
            auto const got = ::recv(socket_, into.data(), into.size(), 0);
            if (got <= 0) die("the connection ended");
            into = into.subspan(std::size_t(got));
        }
    }
    int socket_;
};

/// Sorts them.
double at(std::vector<double>& latencies, double part) {
    if (latencies.empty()) die("nothing was measured");
    std::ranges::sort(latencies);
    return latencies[std::min(latencies.size() - 1, std::size_t(double(latencies.size()) * part))];
}

/// Fetches the newest records, again and again, on a connection and a thread of its own.
class Reader {
public:
    Reader(Options const& options, std::atomic<std::int64_t> const& newest)
        : options_(options), newest_(newest), connection_(options.port) {}

    void run(std::stop_token const& stop) {
        auto next = Clock::now();
        while (!stop.stop_requested()) {
            std::this_thread::sleep_until(next);
            next += std::chrono::duration_cast<Clock::duration>(
                std::chrono::duration<double>(1.0 / double(options_.fetches)));
            if (newest_ >= 0) fetch();
        }
    }
    std::vector<double> latencies;

private:
    static constexpr kafka::ApiVersion version = 12;

    void fetch() {
        kafka::FetchRequest request;
        request.max_bytes = request_bytes;
        auto& topic = request.topics.emplace_back();
        topic.topic = options_.topic;
        auto& partition = topic.partitions.emplace_back();
        partition.fetch_offset = newest_;
        partition.partition_max_bytes = request_bytes;
        kafka::RequestHeader const header{kafka::FetchRequest::api.key, version, ++number_,
                                          "keyed_load"};
        auto const asked = Clock::now();
        connection_.send(flatten(kafka::encode_request(header, kafka::AnyRequest{request})));
        auto const answer = kafka::decode_response(header, Slice{connection_.receive()});
        std::chrono::duration<double, std::milli> const took = Clock::now() - asked;
        if (!answer) die(answer.error());
        auto const& part = std::get<kafka::FetchResponse>(*answer).responses.at(0).partitions.at(0);
        if (part.error_code != kafka::ErrorCode::none)
            die(fmt::format("a fetch: error {}", int(part.error_code)));
        if (!part.records || part.records->parts.empty()) die("a fetch brought no record");
        latencies.push_back(took.count());
    }

    static constexpr std::int32_t request_bytes = 64 * 1024;
    Options const& options_;
    std::atomic<std::int64_t> const& newest_;
    Connection connection_;
    std::int32_t number_ = 0;
};

class Load {
public:
    explicit Load(Options options) : options_(std::move(options)), connection_(options_.port) {}

    void run() {
        Reader reader{options_, newest_};
        std::jthread reading;
        if (options_.fetches > 0)
            reading = std::jthread([&](std::stop_token const& stop) { reader.run(stop); });
        auto const began = Clock::now();
        while (sent_ < options_.bytes) {
            if (options_.rate > 0)
                std::this_thread::sleep_until(
                    began +
                    std::chrono::duration_cast<Clock::duration>(
                        std::chrono::duration<double>(double(sent_) / double(options_.rate))));
            send();
            while (in_flight_.size() >= in_flight_max) receive();
        }
        while (!in_flight_.empty()) receive();
        std::chrono::duration<double> const took = Clock::now() - began;
        if (reading.joinable()) {
            reading.request_stop();
            reading.join();
        }
        fmt::print("records={} bytes={} seconds={:.2f} p50_ms={:.2f} p99_ms={:.2f} max_ms={:.2f}",
                   records_, sent_, took.count(), at(latencies_, 0.5), at(latencies_, 0.99),
                   at(latencies_, 1));
        if (options_.fetches > 0) {
            auto& fetched = reader.latencies;
            fmt::print(" fetches={} fetch_p50_ms={:.2f} fetch_p99_ms={:.2f} fetch_max_ms={:.2f}",
                       fetched.size(), at(fetched, 0.5), at(fetched, 0.99), at(fetched, 1));
        }
        fmt::print("\n");
    }

private:
    static constexpr std::size_t in_flight_max = 5;
    static constexpr kafka::ApiVersion version = 9;

    void send() {
        std::vector<records::Record> batch;
        auto const now = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
        for (std::uint64_t bytes = 0; bytes < options_.batch; bytes += options_.value + 20) {
            auto const text = fmt::format("{:012}", random_.below(options_.keys));
            auto const key = std::as_bytes(std::span{text});
            Bytes value(options_.value);
            for (std::size_t at = 0; at + 8 <= value.size(); at += 8) {
                auto const word = random_.next();
                std::memcpy(value.data() + at, &word, sizeof word);
            }
            batch.push_back({.offset = 0,
                             .timestamp = now,
                             .key = Bytes(key.begin(), key.end()),
                             .value = std::move(value),
                             .headers = {}});
        }
        auto raw = records::build(batch);
        records_ += batch.size();
        sent_ += raw.size();
        kafka::ProduceRequest request;
        request.acks = -1;
        request.timeout_ms = 30'000;
        auto& topic = request.topic_data.emplace_back();
        topic.name = options_.topic;
        topic.partition_data.emplace_back().records.emplace().parts.push_back(
            Slice{std::move(raw)});
        kafka::RequestHeader const header{kafka::ProduceRequest::api.key, version, ++number_,
                                          "keyed_load"};
        in_flight_.push_back({header, Clock::now()});
        connection_.send(flatten(kafka::encode_request(header, kafka::AnyRequest{request})));
    }

    void receive() {
        auto const answer =
            kafka::decode_response(in_flight_.front().header, Slice{connection_.receive()});
        if (!answer) die(answer.error());
        auto const& produced = std::get<kafka::ProduceResponse>(*answer);
        auto const& part = produced.responses.at(0).partition_responses.at(0);
        if (part.error_code != kafka::ErrorCode::none)
            die(fmt::format("error {}", int(part.error_code)));
        newest_ = part.base_offset;
        std::chrono::duration<double, std::milli> const took =
            Clock::now() - in_flight_.front().asked;
        latencies_.push_back(took.count());
        in_flight_.pop_front();
    }

    struct InFlight {
        kafka::RequestHeader header;
        Clock::time_point asked;
    };
    Options options_;
    Connection connection_;
    Random random_{1};
    std::deque<InFlight> in_flight_;
    std::vector<double> latencies_;
    std::atomic<std::int64_t> newest_ = -1;  ///< the first offset of the newest batch
    std::uint64_t sent_ = 0;
    std::uint64_t records_ = 0;
    std::int32_t number_ = 0;
};

}  // namespace

int main(int argc, char** argv) { Load{parse(argc, argv)}.run(); }
