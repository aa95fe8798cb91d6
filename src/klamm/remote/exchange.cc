#include "klamm/remote/exchange.h"

#include "klamm/base/ensure.h"

#include <utility>
#include <variant>

namespace klamm::remote {
namespace {

std::int16_t key_of(kafka::AnyRequest const& request) {
    return std::visit([]<class R>(R const&) { return R::api.key; }, request);
}

}  // namespace

Exchange::Exchange(std::string client_id)
    : client_id_(std::move(client_id)),
      reader_({.frame_bytes_max = answer_bytes_max,
               .trusted_bytes = trusted_bytes,
               .setting = "of an answer"}) {}

// ---- requests ------------------------------------------------------------------------------

void Exchange::ask(kafka::AnyRequest const& request, kafka::ApiVersion version, Answer answer) {
    auto const& waiting =
        waiting_.emplace_back(key_of(request), version, next_number_++, std::move(answer));
    auto& out = out_.emplace_back();
    out.frame =
        kafka::encode_request({waiting.api_key, version, waiting.number, client_id_}, request);
    out.pieces = out.frame.pieces();
}

std::size_t Exchange::gather(std::span<iovec> parts) const {
    std::size_t count = 0;
    for (auto const& out : out_)
        for (auto i = out.piece; i < out.pieces.size(); ++i) {
            if (count == parts.size()) return count;
            auto const piece = out.pieces[i].subspan(i == out.piece ? out.offset : 0);
            parts[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
        }
    return count;
}

void Exchange::sent(std::size_t bytes) {
    while (!out_.empty()) {
        auto& out = out_.front();
        for (; out.piece < out.pieces.size(); ++out.piece, out.offset = 0) {
            auto const left = out.pieces[out.piece].size() - out.offset;
            if (bytes < left) {
                out.offset += bytes;
                return;
            }
            bytes -= left;
        }
        out_.pop_front();
    }
    ensure(bytes == 0);
}

// ---- answers -------------------------------------------------------------------------------

std::expected<std::optional<Exchange::Heard>, std::string> Exchange::next() {
    auto frame = reader_.next();
    if (!frame) return std::unexpected(std::move(frame.error()));
    if (!*frame) return std::nullopt;
    if (waiting_.empty()) return std::unexpected("an answer to no request");
    auto& waiting = waiting_.front();
    auto response = kafka::decode_response(
        {waiting.api_key, waiting.version, waiting.number, std::nullopt}, **frame);
    if (!response) return std::unexpected(std::move(response.error()));
    Heard heard{std::move(waiting.answer), std::move(*response)};
    waiting_.pop_front();
    return heard;
}

std::vector<Exchange::Answer> Exchange::abandon() {
    out_.clear();
    std::vector<Answer> answers;
    for (auto& waiting : std::exchange(waiting_, {})) answers.push_back(std::move(waiting.answer));
    return answers;
}

}  // namespace klamm::remote
