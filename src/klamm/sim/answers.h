// sim/answers.h - which requests were answered, and how: what a swarm of seeds has exercised.
#pragma once

#include "klamm/kafka/apis.h"

#include <compare>
#include <cstdint>
#include <map>
#include <string>

namespace klamm::sim {

struct AnswerKind {
    std::int16_t api_key = 0;
    kafka::ApiVersion version = 0;
    kafka::ErrorCode error{};
    auto operator<=>(AnswerKind const&) const = default;
};
using AnswerCounts = std::map<AnswerKind, std::uint64_t>;

/// Once for each error in the answer, or once as good.
void count(AnswerCounts& counts, kafka::RequestHeader const& header,
           kafka::AnyResponse const& answer);

/// One line for each API and version: "EndTxn 5: 1204 NONE, 12 INVALID_TXN_STATE".
std::string to_text(AnswerCounts const& counts);

}  // namespace klamm::sim
