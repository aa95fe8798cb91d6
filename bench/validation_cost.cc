// bench/validation_cost.cc - what prepare() spends on the records of a Produce request: without
// validation, with `id`, and with `payload`.
//
// One thread, one request of 100 records in a batch, again and again; the modes take turns, so that
// what slows the machine slows all of them. A record is Avro of about 1 KiB: strings, numbers, an
// array and a union, not one long string that would cost nothing to skip. Prints a line for each
// codec and mode: the best and the median of the rounds, in ns per record.
//
//     validation_cost [ROUNDS]

#include "klamm/broker/broker.h"
#include "klamm/broker/request.h"
#include "klamm/broker/state.h"
#include "klamm/json/value.h"
#include "klamm/records/batch.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace klamm;
using namespace klamm::broker;

constexpr std::size_t records_in_batch = 100;
constexpr int requests_in_round = 200;

void put_long(std::string& out, std::int64_t value) {
    auto raw = (std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63);
    for (; raw >= 0x80; raw >>= 7) out.push_back(char(raw | 0x80));
    out.push_back(char(raw));
}

void put_string(std::string& out, std::string const& text) {
    put_long(out, std::int64_t(text.size()));
    out += text;
}

constexpr char const* schema_text =
    R"({"type":"record","name":"Order","namespace":"bench","fields":[)"
    R"({"name":"id","type":"string"},{"name":"at","type":"long"},{"name":"total","type":"double"},)"
    R"({"name":"paid","type":"boolean"},{"name":"note","type":["null","string"]},)"
    R"({"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","SENT","DONE"]}},)"
    R"({"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[)"
    R"({"name":"product","type":"string"},{"name":"name","type":"string"},)"
    R"({"name":"count","type":"int"},{"name":"price","type":"double"}]}}}]})";

/// About 1 KiB: an order of 12 lines.
std::string payload(std::size_t n) {
    std::string out;
    put_string(out, "order-" + std::to_string(1'000'000 + n));
    put_long(out, 1'700'000'000'000 + std::int64_t(n));
    out.append(8, '\1');
    out.push_back('\1');
    put_long(out, 1);
    put_string(out, "to be left with the neighbours on the second floor");
    put_long(out, 1);
    put_long(out, 12);
    for (int line = 0; line < 12; ++line) {
        put_string(out, "product-" + std::to_string(70'000'000 + line));
        put_string(out, "a thing of wood, painted in green and blue, no. " + std::to_string(line));
        put_long(out, line + 1);
        out.append(8, '\2');
    }
    put_long(out, 0);
    return out;
}

Bytes batch(records::Codec codec) {
    std::vector<records::Record> all;
    for (std::size_t n = 0; n < records_in_batch; ++n) {
        auto const text = std::string("\0\0\0\0\1", 5) + payload(n);
        auto const bytes = std::as_bytes(std::span{text});
        all.push_back({.offset = 0,
                       .timestamp = 1'700'000'000'000,
                       .key = std::nullopt,
                       .value = Bytes(bytes.begin(), bytes.end()),
                       .headers = {}});
    }
    return records::build(all, {.codec = codec});
}

Bytes frame(records::Codec codec) {
    kafka::ProduceRequest request;
    request.acks = -1;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "orders";
    auto& partition = topic.partition_data.emplace_back();
    partition.records = kafka::Records{{Slice{batch(codec)}}};
    kafka::RequestHeader const header{kafka::ProduceRequest::api.key, 12, 1, "bench"};
    auto const with_length = kafka::flatten(kafka::encode_request(header, request));
    return {with_length.begin() + 4, with_length.end()};
}

registry::State registry_with_schema() {
    json::Value key, value;
    key.set("keytype", "SCHEMA");
    key.set("subject", "orders-value");
    key.set("version", std::int32_t{1});
    key.set("magic", std::int32_t{1});
    value.set("subject", "orders-value");
    value.set("version", std::int32_t{1});
    value.set("id", std::int32_t{1});
    value.set("schema", schema_text);
    value.set("deleted", false);
    registry::State state;
    state.apply({json::print(key), json::print(value)});
    return state;
}

/// What prepare() would be given while the topic has these configs.
Validations known(registry::State const& registry, std::string const& depth) {
    State state{Options{}};
    state.registry = registry;
    auto& topic = state.topics["orders"];
    topic.name = "orders";
    if (!depth.empty()) topic.configs["klamm.schema.validation"] = depth;
    topic.settings = settings_of(topic.configs, {}, state.options);
    return Validations(state);
}

/// Nanoseconds per record.
double round(Bytes const& sent, Validations const* validated) {
    std::chrono::nanoseconds spent{};
    for (int n = 0; n < requests_in_round; ++n) {
        Slice const copy{Bytes(sent)};
        auto const begin = std::chrono::steady_clock::now();
        auto const request = prepare({}, copy, "", nullptr, validated);
        spent += std::chrono::steady_clock::now() - begin;
        bool const good =
            request && request->batches.at(0) &&
            (validated == nullptr || (request->verdicts.at(0).looked_at == records_in_batch &&
                                      request->verdicts.at(0).refused.empty()));
        if (!good) {
            std::fputs("the records were not looked at, or refused\n", stderr);
            std::exit(1);
        }
    }
    return double(spent.count()) / (requests_in_round * double(records_in_batch));
}

}  // namespace

int main(int argc, char** argv) {
    int const rounds = argc > 1 ? std::atoi(argv[1]) : 30;
    auto const registry = registry_with_schema();
    auto const by_id = known(registry, "id");
    auto const by_payload = known(registry, "payload");
    auto const record_bytes = payload(0).size() + 5;
    for (auto const codec : {records::Codec::none, records::Codec::lz4, records::Codec::zstd}) {
        auto const sent = frame(codec);
        std::map<std::string, std::vector<double>> found;
        for (int n = 0; n < rounds; ++n) {
            found["1 off"].push_back(round(sent, nullptr));
            found["2 id"].push_back(round(sent, &by_id));
            found["3 payload"].push_back(round(sent, &by_payload));
        }
        for (auto& [mode, costs] : found) {
            std::ranges::sort(costs);
            std::printf("%-6s %-8s best %7.1f  median %7.1f  ns per record of %zu bytes\n",
                        std::string(to_string(codec)).c_str(), mode.c_str() + 2, costs.front(),
                        costs[costs.size() / 2], record_bytes);
        }
    }
}
