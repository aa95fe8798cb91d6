// remote/exchange.h - the requests and answers of one connection, as bytes; without a socket.
//
//     ask ──▶ encode ──▶ frames ──▶ gather, sent        record bytes stay where they are
//     next ◀── decode ◀── FrameReader ◀── space, filled    and share the buffer that was received
//
// Answers come in the order of the requests; of another number, or with bytes that nobody
// understands, the stream is at its end.
#pragma once

#include "klamm/bus/link.h"
#include "klamm/host/frame_reader.h"
#include "klamm/kafka/frame.h"

#include <sys/uio.h>

#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace klamm::remote {

class Exchange {
public:
    using Answer = bus::Connection::Answer;
    /// A longer answer ends the connection. Of a fetch it has as much as was asked for, or else one
    /// batch, which may be as long as brokers allow.
    static constexpr std::size_t answer_bytes_max = 256 * 1024 * 1024;
    /// So much is made room for on a length's word alone.
    static constexpr std::size_t trusted_bytes = 16 * 1024 * 1024;

    explicit Exchange(std::string client_id);

    // ---- requests

    void ask(kafka::AnyRequest const& request, kafka::ApiVersion version, Answer answer);
    bool has_output() const { return !out_.empty(); }
    /// Fills in what is to be sent next, as far as there are parts; gives their number.
    std::size_t gather(std::span<iovec> parts) const;
    /// The first `bytes` of that were sent.
    void sent(std::size_t bytes);

    // ---- answers

    struct Heard {
        Answer answer;
        kafka::AnyResponse response;
    };
    std::span<std::byte> space() { return reader_.space(); }
    void filled(std::size_t bytes) { reader_.filled(bytes); }
    /// Nothing while it is not complete. An error is final: a sentence for the log.
    [[nodiscard]] std::expected<std::optional<Heard>, std::string> next();

    /// All that wait; nothing is sent any more.
    std::vector<Answer> abandon();

private:
    struct Outgoing {
        kafka::Frame frame;
        std::vector<ByteView> pieces;
        std::size_t piece = 0;   ///< the first that is not sent
        std::size_t offset = 0;  ///< in that piece
    };
    struct Waiting {
        std::int16_t api_key = 0;
        kafka::ApiVersion version = 0;
        std::int32_t number = 0;
        Answer answer;
    };

    std::string const client_id_;
    std::int32_t next_number_ = 0;
    std::deque<Outgoing> out_;
    std::deque<Waiting> waiting_;
    host::FrameReader reader_;
};

}  // namespace klamm::remote
