// Replays arbitrary bytes as journal entries: each is applied or refused, none crashes.
//
// Input: entries one after the other, each as the length of its head (1 byte), the head, the
// length of its body (2 bytes), the body; behind a topic with two partitions and a transactional
// producer.
#include "klamm/broker/apply.h"
#include "klamm/broker/snapshot.h"

#include "klamm/base/ensure.h"
#include "klamm/kafka/wire.h"

using namespace klamm;
using namespace klamm::broker;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    State state{Options{}};
    Random random{1};
    std::uint64_t position = 64;
    ensure(
        !apply(state, journal::Position{position},
               encode_entry(TopicCreated{
                   .name = "t", .topic_id = Uuid::random(random), .partitions = 2, .configs = {}}),
               {}));
    ensure(!apply(state, journal::Position{position + 50},
                  encode_entry(ProducerInitialized{
                      .transactional_id = "a", .producer = {1, 0}, .before = {}, .timeout_ms = 1}),
                  {}));
    kafka::Reader in{std::as_bytes(std::span{data, size})};
    for (int entries = 0; entries < 100 && in.bytes_left() > 0; ++entries) {
        auto const head = in.take(in.integer<std::uint8_t>());
        auto const body = in.take(in.integer<std::uint16_t>());
        if (in.failed()) break;
        position += 100;
        if (apply(state, journal::Position{position}, head, body)) continue;
    }
    auto const bytes = assemble(freeze(state));
    State again{Options{}};
    ensure(!thaw(again, bytes));  // whatever was applied can be saved and brought back
    ensure(assemble(freeze(again)) == bytes);
    return 0;
}
