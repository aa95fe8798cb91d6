// bench/json_schema.cc - what JSON Schema costs: payloads checked, schemas read and compared.
#include "klamm/schema/json/json_schema.h"
#include "klamm/base/ensure.h"

#include <benchmark/benchmark.h>

#include <string>

namespace {

using namespace klamm;

schema::SchemaPtr parsed(std::string const& text) {
    auto schema = schema::parse_json_schema(text, {}, {});
    ensure(schema.has_value());
    return *schema;
}

/// An order as shops write them: closed objects, limits, a pattern, a definition, money.
schema::SchemaPtr order() {
    return parsed(R"j({"type":"object","additionalProperties":false,
        "required":["id","customer","lines","total"],"properties":{
        "id":{"type":"string","maxLength":40},
        "customer":{"type":"object","required":["name","email"],"properties":{
            "name":{"type":"string","minLength":1},
            "email":{"type":"string","pattern":"^[^@]+@[^@]+$"},
            "vip":{"type":"boolean"},"address":{"$ref":"#/definitions/address"}}},
        "lines":{"type":"array","minItems":1,"items":{"type":"object",
            "required":["sku","count","price"],"additionalProperties":false,"properties":{
            "sku":{"type":"string"},"count":{"type":"integer","minimum":1},
            "price":{"type":"number","minimum":0,"multipleOf":0.01},
            "note":{"type":["string","null"]}}}},
        "total":{"type":"number"},"state":{"enum":["new","paid","sent"]}},
        "definitions":{"address":{"type":"object","properties":{
            "street":{"type":"string"},"zip":{"type":"string"},"city":{"type":"string"}}}}})j");
}

std::string one_kibibyte() {
    std::string lines;
    for (int i = 0; i < 13; ++i) {
        if (i > 0) lines += ',';
        lines += R"({"sku":"SKU-000)" + std::to_string(100 + i) + R"(","count":3,"price":19.95,)" +
                 R"("note":)" + (i % 2 == 0 ? "null" : "\"as a present\"") + "}";
    }
    return R"({"id":"order-2026-000001","customer":{"name":"Alice Example",)"
           R"("email":"alice@example.org","vip":true,"address":{"street":"Am Bach 7",)"
           R"("zip":"12345","city":"Klamm"}},"lines":[)" +
           lines + R"(],"total":239.4,"state":"paid"})";
}

std::string wide(int properties, std::string const& rest) {
    std::string text = R"({"type":"object","properties":{)";
    for (int i = 0; i < properties; ++i) {
        constexpr char const* schemas[]{R"({"type":"string","maxLength":100})",
                                        R"({"type":"integer"})", R"({"type":["string","null"]})",
                                        R"({"type":"array","items":{"type":"number"}})"};
        if (i > 0) text += ',';
        text += "\"field_" + std::to_string(i) + "\":" + schemas[i % 4];
    }
    return text + "}" + rest + "}";
}

void check(benchmark::State& state) {
    auto const schema = order();
    auto const text = one_kibibyte();
    auto const payload = std::as_bytes(std::span(text));
    for (auto _ : state) {
        auto checked = schema->check(payload, {});
        benchmark::DoNotOptimize(checked);
        ensure(checked.has_value());
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(payload.size()));
    state.counters["payload_bytes"] = double(payload.size());
}
BENCHMARK(check);

void to_json(benchmark::State& state) {
    auto const schema = order();
    auto const text = one_kibibyte();
    auto const payload = std::as_bytes(std::span(text));
    for (auto _ : state) {
        auto shown = schema->to_json(payload, {});
        benchmark::DoNotOptimize(shown);
    }
    state.SetBytesProcessed(state.iterations() * std::int64_t(payload.size()));
}
BENCHMARK(to_json);

void parse_200_fields(benchmark::State& state) {
    auto const text = wide(200, "");
    for (auto _ : state) {
        auto schema = schema::parse_json_schema(text, {}, {});
        benchmark::DoNotOptimize(schema);
    }
}
BENCHMARK(parse_200_fields);

void compare_200_fields(benchmark::State& state) {
    auto const old = parsed(wide(200, ""));
    auto const update = parsed(wide(200, R"(,"title":"wide")"));
    for (auto _ : state) {
        auto differences = update->differences(*old, schema::Policy::strict);
        benchmark::DoNotOptimize(differences);
        ensure(differences.has_value());
    }
}
BENCHMARK(compare_200_fields);

}  // namespace

BENCHMARK_MAIN();
