// bench/avro.cc - what Avro costs: payloads checked and shown, schemas read and compared.
#include "klamm/base/ensure.h"
#include "klamm/schema/schema.h"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace klamm;

schema::SchemaPtr parsed(std::string const& text) {
    auto schema = schema::parse(schema::Type::avro, text, {});
    ensure(schema.has_value());
    return *schema;
}

/// An order as shops write them: ids, texts, money, time, nullable fields, lines.
schema::SchemaPtr order() {
    return parsed(R"({"type":"record","name":"shop.Order","fields":[
        {"name":"id","type":"long"},
        {"name":"customer","type":{"type":"record","name":"Customer","fields":[
            {"name":"name","type":"string"},{"name":"email","type":["null","string"]},
            {"name":"address","type":"string"},{"name":"vip","type":"boolean"}]}},
        {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID","SENT"]}},
        {"name":"placed","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"total","type":"double"},
        {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
            {"name":"sku","type":"string"},{"name":"text","type":"string"},
            {"name":"count","type":"int"},{"name":"price","type":"double"},
            {"name":"discount","type":["null","double"]}]}}},
        {"name":"labels","type":{"type":"map","values":"string"}}]})");
}

Bytes one_kibibyte(schema::Schema const& schema) {
    std::string lines;
    for (int i = 0; i < 13; ++i) {
        if (i > 0) lines += ',';
        lines += R"({"sku":"SKU-000)" + std::to_string(100 + i) +
                 R"(","text":"A thing with a name as people give it, no. )" + std::to_string(i) +
                 R"(","count":3,"price":19.95,"discount":)" + (i % 2 == 0 ? "null" : "0.1") + "}";
    }
    auto const whole = schema.from_json(
        R"({"id":81237123123,"customer":{"name":"Zoë Müller","email":"zoe@example.org",
            "address":"Am Bach 7, 12345 Klamm","vip":true},"state":"PAID",
            "placed":1764000000000,"total":239.4,"lines":[)" +
            lines + R"(],"labels":{"campaign":"autumn","channel":"web"}})",
        {});
    ensure(whole.has_value());
    return *whole;
}

std::string wide(int fields, std::string const& rest) {
    std::string text = R"({"type":"record","name":"Wide","fields":[)";
    for (int i = 0; i < fields; ++i) {
        constexpr char const* types[]{R"("string")", R"("long")", R"(["null","string"])",
                                      R"({"type":"array","items":"int"})"};
        if (i > 0) text += ',';
        text += R"({"name":"field_)" + std::to_string(i) + R"(","type":)" + types[i % 4] + "}";
    }
    return text + rest + "]}";
}

void check(benchmark::State& state) {
    auto const schema = order();
    auto const payload = one_kibibyte(*schema);
    for (auto _ : state) {
        auto checked = schema->check(payload, {});
        benchmark::DoNotOptimize(checked);
        ensure(checked.has_value());
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(payload.size()));
    state.counters["payload_bytes"] = double(payload.size());
}
BENCHMARK(check);

/// The dear case: nothing but small numbers and branches, hardly a byte that is only skipped.
void check_numbers(benchmark::State& state) {
    auto const schema = parsed(R"({"type":"array","items":{"type":"record","name":"Point",
        "fields":[{"name":"x","type":"int"},{"name":"y","type":"long"},
                  {"name":"z","type":["null","long"]},{"name":"on","type":"boolean"}]}})");
    std::string json = "[";
    for (int i = 0; i < 150; ++i) {
        if (i > 0) json += ',';
        json += R"({"x":)" + std::to_string(i) + R"(,"y":)" + std::to_string(i * 1000) +
                R"(,"z":)" + (i % 3 == 0 ? "null" : "7") + R"(,"on":true})";
    }
    auto const payload = schema->from_json(json + "]", {});
    ensure(payload.has_value());
    for (auto _ : state) ensure(schema->check(*payload, {}).has_value());
    state.SetBytesProcessed(state.iterations() * std::int64_t(payload->size()));
    state.counters["payload_bytes"] = double(payload->size());
}
BENCHMARK(check_numbers);

void to_json(benchmark::State& state) {
    auto const schema = order();
    auto const payload = one_kibibyte(*schema);
    for (auto _ : state) {
        auto json = schema->to_json(payload, {});
        benchmark::DoNotOptimize(json);
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(payload.size()));
}
BENCHMARK(to_json);

void compare_200_fields(benchmark::State& state) {
    auto const old = parsed(wide(200, ""));
    auto const now = parsed(wide(200, R"(,{"name":"added","type":"int","default":0})"));
    for (auto _ : state) {
        auto differences = now->differences(*old, schema::Policy::strict);
        benchmark::DoNotOptimize(differences);
        ensure(differences->empty());
    }
}
BENCHMARK(compare_200_fields)->Unit(benchmark::kMicrosecond);

void parse_200_fields(benchmark::State& state) {
    auto const text = wide(200, "");
    for (auto _ : state) benchmark::DoNotOptimize(parsed(text));
    state.SetBytesProcessed(state.iterations() * std::int64_t(text.size()));
}
BENCHMARK(parse_200_fields)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
