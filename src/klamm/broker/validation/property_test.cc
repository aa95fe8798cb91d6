// Whatever is sent to a topic whose payloads are validated: what its readers see can be decoded,
// and nothing that can is refused.
#include "klamm/base/random.h"
#include "klamm/broker/validation/validation_story.h"

#include <gtest/gtest.h>

#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using records::Codec;
using records::Record;

class Sender {
public:
    Sender(std::uint64_t seed, ValidationStory& story) : random_(seed), story_(story) {}

    /// Mostly good ones; whether all are.
    bool all_good = true;
    std::vector<Record> some() {
        all_good = true;
        std::vector<Record> records(1 + random_.below(20));
        bool const may_be_bad = random_.one_in(2);
        for (auto& one : records)
            one = may_be_bad && random_.one_in(records.size()) ? bad() : good();
        return records;
    }
    Codec codec() { return Codec(random_.below(5)); }
    std::uint64_t below(std::uint64_t limit) { return random_.below(limit); }

private:
    std::string guid() { return story_.broker->registry().by_id(".", 1)->guid(); }
    std::string text() { return std::string(random_.below(60), char('a' + random_.below(26))); }

    Record good() {
        switch (random_.below(5)) {
            case 0:
                return record(std::nullopt);
            case 1:
                return record(with_guid(guid(), order(text())));
            case 2:
                return record(bytes_of(order(text())), {},
                              {{"__value_schema_id", with_guid(guid())}});
            default:
                return record(with_id(1, order(text(), char(random_.below(127)))));
        }
    }
    Record bad() {
        all_good = false;
        auto payload = order(text());
        switch (random_.below(7)) {
            case 0:
                payload.resize(random_.below(payload.size()));
                return record(with_id(1, payload));
            case 1:
                return record(with_id(1, payload + text() + "!"));
            case 2:
                return record(with_id(2, "\x02"));  // another subject's
            case 3:
                return record(with_id(7, payload));  // nobody's
            case 4:
                return record(bytes_of(payload));
            case 5:
                return record(with_id(1, payload), {}, {{"__value_schema_id", bytes_of("\x01?")}});
            default:
                return record(with_id(1, std::string(1 + random_.below(9), '\xff')));
        }
    }

    Random random_;
    ValidationStory& story_;
};

/// What is behind id, GUID or header.
ByteView payload_of(Record const& record) {
    if (!record.headers.empty()) return *record.value;
    auto const front = record.value->at(0) == std::byte{0} ? 5U : 17U;
    return ByteView{*record.value}.subspan(front);
}

/// Reads all there is; the number of records that are not markers.
std::int64_t read_all(ValidationStory& story, std::string const& topic) {
    auto const& schema = *story.broker->registry().by_id(".", 1)->parsed().value();
    std::int64_t seen = 0;
    auto offset = story.list_offset(topic, -2);
    while (true) {
        auto const fetched = story.fetch(topic, offset);
        if (fetched.records->size() == 0) return seen;
        for (auto const& part : fetched.records->parts) {
            for (auto left = part.view(); !left.empty();) {
                auto const info = records::read_header(left).value();
                auto const batch = left.first(std::size_t(info.bytes));
                left = left.subspan(batch.size());
                offset = info.next_offset();
                if (info.control()) continue;
                auto const all = records::read_records(batch).value();
                for (auto const& one : all) {
                    ++seen;
                    if (one.value) {
                        EXPECT_TRUE(schema.to_json(payload_of(one), {}).has_value());
                    }
                }
            }
        }
    }
}

class ValidationProperty : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, ValidationProperty, testing::Range<std::uint64_t>(1, 9));

TEST_P(ValidationProperty, readers_can_decode_all_that_they_see_and_good_records_are_taken) {
    ValidationStory story;
    story.registers(schema_record("plain-value", 1, 1, order_schema));
    story.registers(schema_record("packed-value", 3, 1, order_schema));
    story.registers(schema_record("other-value", 1, 2, refund_schema));
    story.create("plain", 1, {{"klamm.schema.validation", "payload"}});
    story.create("packed", 1,
                 {{"klamm.schema.validation", "payload"}, {"compression.type", "zstd"}});
    Sender sender(GetParam(), story);
    auto producer = story.producer("p");
    std::map<std::string, std::int64_t> taken;
    std::set<ErrorCode> answers;
    bool under_way = false;  // a transaction
    for (int n = 0; n < 200; ++n) {
        story.prepares = sender.below(4) != 0;
        std::string const topic = sender.below(2) == 0 ? "plain" : "packed";
        auto const records = sender.some();
        bool const in_transaction = sender.below(3) == 0;
        auto const error = in_transaction
                               ? story.writes(producer, topic, records, sender.codec())
                               : story.sends(topic, records, {.codec = sender.codec()}).error_code;
        ASSERT_EQ(error, sender.all_good ? ErrorCode::none : ErrorCode::invalid_record)
            << "seed " << GetParam() << ", batch " << n;
        answers.insert(error);
        under_way |= in_transaction && sender.all_good;
        if (sender.all_good) taken[topic] += std::int64_t(records.size());
        if (under_way && sender.below(20) == 0) {
            under_way = false;
            ASSERT_EQ(story.end(producer, sender.below(2) == 0), ErrorCode::none);
        }
        if (sender.below(50) == 0) story.crash();
    }
    EXPECT_EQ(answers.size(), 2U);
    for (auto const& [topic, count] : taken) EXPECT_EQ(read_all(story, topic), count) << topic;
}

}  // namespace
}  // namespace klamm::broker
