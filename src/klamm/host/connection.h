// host/connection.h - one client: frames in, replies out, in the order of its requests.
//
//   socket ──▶ FrameReader ──▶ prepare ──▶ BrokerThread     InOrder remembers each request
//   socket ◀── sendmsg ◀── encode ◀── fill ◀── IoThread     until its answer was encoded
//
// Bounds: requests without an answer, bytes of requests (shared by all connections), encoded bytes
// that are not sent. Where one is reached the connection reads no further, or encodes no further,
// until there is room. Silence inside a frame, a peer that does not read its answers, and
// long idleness close it.
//
// Thread: that of its IoThread. Includes Asio: only io_thread.cc and connection.cc include it.
#pragma once

#include "klamm/host/frame_reader.h"
#include "klamm/host/in_order.h"
#include "klamm/host/io_thread.h"
#include "klamm/kafka/apis.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::host {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using TimePoint = std::chrono::steady_clock::time_point;

    /// What it asks of its thread.
    class Owner {
    public:
        virtual ~Owner() = default;
        virtual void wait_for_room(broker::ConnectionId connection) = 0;
        virtual void closed(broker::ConnectionId connection) = 0;
        /// The reply, completed elsewhere, comes back through complete(), or `cold_bytes` are
        /// released if the connection is gone. Any thread.
        virtual void completed(broker::Reply reply, std::int64_t cold_bytes) = 0;
    };

    Connection(Socket socket, broker::ConnectionId id, Shared const& shared, Owner& owner);

    void start();
    /// A reply from the broker. flush() sends it, after all that came together.
    void answer(broker::Reply reply);
    /// A reply whose batches were read from the disk; it is sent by flush(), too.
    void complete(broker::Reply reply, std::int64_t cold_bytes);
    void flush();
    /// There may be room now.
    void resume();
    void drain();
    void finish();
    /// Checks what silence is allowed. Called about once a second.
    void sweep(TimePoint now);
    /// An empty reason: nothing to say about it.
    void close(std::string_view reason);

private:
    /// What is remembered of a request until its response is encoded.
    struct Pending {
        kafka::RequestHeader header;
        std::int64_t bytes = 0;
        TimePoint since;
    };
    /// A response that is being sent.
    struct Response {
        kafka::Frame frame;
        std::vector<ByteView> pieces;
        std::size_t piece = 0;   ///< the first that is not sent
        std::size_t offset = 0;  ///< in that piece
        std::int64_t bytes = 0;
        std::int64_t cold_bytes = 0;
    };

    void wait_readable();
    void on_readable();
    bool receive();
    void take_frames();
    bool take(Slice frame);
    void pause(bool until_room);
    void hold_large_frame();

    void fill_from_disk(broker::Reply reply);
    void encode(broker::Reply reply, std::int64_t cold_bytes);
    void send();
    void advance(std::size_t sent);
    void wait_writable();

    void release(ByteBudget& budget, std::int64_t bytes);

    Socket socket_;
    broker::ConnectionId const id_;
    Shared const& shared_;
    Owner& owner_;
    std::string peer_;  ///< address
    std::uint16_t port_ = 0;
    std::string peer_port_;  ///< address and port, for the log
    FrameReader reader_;
    std::int64_t large_frame_bytes_ = 0;  ///< of the reader, counted in receiving_bytes
    InOrder<Pending, broker::Reply> window_;
    std::optional<broker::Request> refused_;  ///< the broker's queue was full
    std::deque<std::unique_ptr<Response>> out_;
    std::int64_t out_bytes_ = 0;
    bool open_ = true;
    bool reading_ = false;  ///< wait_readable() is under way
    bool writing_ = false;  ///< wait_writable() is under way
    bool paused_ = false;   ///< reads no further until there is room
    bool cold_ = false;     ///< the oldest answer is being read from the disk
    bool draining_ = false;
    bool finishing_ = false;
    bool close_when_sent_ = false;
    TimePoint heard_;  ///< last bytes received
    TimePoint sent_;   ///< last bytes that the peer took, or nothing was waiting
};

}  // namespace klamm::host
