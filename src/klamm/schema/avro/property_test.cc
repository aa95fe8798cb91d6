// What holds for every schema and every value of it.
#include "klamm/base/random.h"
#include "klamm/schema/avro/compare.h"
#include "klamm/schema/avro/decode.h"
#include "klamm/schema/avro/print.h"
#include "klamm/schema/avro/resolve.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace klamm::schema::avro {
namespace {

/// Schemas of every kind, and values of them as JSON; all from one seed.
class Maker {
public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    json::Value type(int depth) {
        auto const pick = random_.below(depth <= 0 ? 8 : 14);
        if (pick < 8) {
            if (!records_.empty() && random_.below(4) == 0)
                return records_[random_.below(records_.size())];
            return name_of(static_cast<Kind>(pick));
        }
        json::Value made(json::Object{});
        switch (static_cast<Kind>(pick)) {
            case Kind::record:
                return record(depth);
            case Kind::enumeration:
                made.set("type", "enum").set("name", fresh("E"));
                made.set("symbols", json::Array{"A", "B", "C"});
                if (random_.below(2) == 0) made.set("default", "B");
                return made;
            case Kind::fixed:
                made.set("type", "fixed").set("name", "n." + fresh("F"));
                made.set("size", static_cast<std::int64_t>(random_.below(4)));
                return made;
            case Kind::array:
                made.set("type", "array").set("items", type(depth - 1));
                return made;
            case Kind::map:
                made.set("type", "map").set("values", type(depth - 1));
                return made;
            default:
                return json::Array{"null", record(depth - 1), "string"};
        }
    }

    json::Value value(Model const& model, TypeId id, int depth) {
        auto const& type = model[id];
        switch (type.kind) {
            case Kind::null:
                return {};
            case Kind::boolean:
                return random_.below(2) == 0;
            case Kind::int32:
                return static_cast<std::int32_t>(random_.next());
            case Kind::int64:
                return static_cast<std::int64_t>(random_.next() >> random_.below(64));
            case Kind::float32:
            case Kind::float64:
                return json::Number{std::to_string(random_.below(1000)) + ".25"};
            case Kind::string:
                return std::string_view("é€😀\n").substr(0, random_.below(2) * 9);
            case Kind::bytes:
                return random_.below(2) == 0 ? "" : "a\u00ff";
            case Kind::fixed:
                return std::string(type.size, 'x');
            case Kind::enumeration:
                return type.symbols[random_.below(type.symbols.size())];
            case Kind::array: {
                json::Array elements;
                for (auto left = depth > 0 ? random_.below(4) : 0; left > 0; --left)
                    elements.push_back(value(model, type.element, depth - 1));
                return elements;
            }
            case Kind::map: {
                json::Value members(json::Object{});
                for (auto left = depth > 0 ? random_.below(4) : 0; left > 0; --left)
                    members.set(std::to_string(random_.below(100)),
                                value(model, type.element, depth - 1));
                return members;
            }
            case Kind::union_of: {
                auto const branch =
                    type.branches[depth > 0 ? random_.below(type.branches.size()) : 0];
                auto inner = value(model, branch, depth - 1);
                if (model[branch].kind == Kind::null) return inner;
                json::Value tagged(json::Object{});
                tagged.set(branch_name(model[branch]), std::move(inner));
                return tagged;
            }
            case Kind::record: {
                json::Value members(json::Object{});
                for (auto const& field : type.fields)
                    members.set(field.name, value(model, field.type, depth - 1));
                return members;
            }
        }
        std::unreachable();
    }

    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

private:
    std::string fresh(std::string const& prefix) { return prefix + std::to_string(++named_); }

    json::Value record(int depth) {
        json::Value made(json::Object{});
        auto const name = fresh("R");
        made.set("type", "record").set("name", name).set("namespace", "n");
        json::Array fields;
        for (auto left = random_.below(5); left > 0; --left) {
            json::Value field(json::Object{});
            field.set("name", "f" + std::to_string(left)).set("type", type(depth - 1));
            fields.push_back(field);
        }
        if (random_.below(3) == 0) {
            json::Value next(json::Object{});
            next.set("name", "next").set("type", json::Array{"null", "n." + name});
            next.set("default", nullptr);
            fields.push_back(next);
        }
        made.set("fields", std::move(fields));
        records_.push_back("n." + name);
        return made;
    }

    Random random_;
    int named_ = 0;
    std::vector<json::Value> records_;  ///< by name, once they are whole
};

struct Made {
    SchemaPtr schema;
    Model model;
    Bytes payload;
    std::string text;
};

Made make(Maker& maker) {
    auto const text = json::print(maker.type(4));
    auto schema = parse(schema::Type::avro, text, {});
    RC_ASSERT(schema.has_value());
    auto model = *parse_model(text, {}, {});
    auto const value = json::print(maker.value(model, model.root, 8));
    auto payload = (*schema)->from_json(value, {});
    RC_ASSERT(payload.has_value());
    return {*schema, std::move(model), *std::move(payload), text};
}

RC_GTEST_PROP(AvroProperties, ACanonicalTextIsItsOwn, (std::uint64_t seed)) {
    Maker maker(seed);
    auto const made = make(maker);
    auto const again = parse(schema::Type::avro, made.schema->canonical(), {});
    RC_ASSERT(again.has_value());
    RC_ASSERT((*again)->canonical() == made.schema->canonical());
    RC_ASSERT((*again)->equivalent(*made.schema));
    auto const normalized = parse(schema::Type::avro, made.schema->normalized(), {});
    RC_ASSERT(normalized.has_value());
    RC_ASSERT((*normalized)->normalized() == made.schema->normalized());
    auto const form = parsing_form(made.model);
    RC_ASSERT(parsing_form(*parse_model(form, {}, {})) == form);
    RC_ASSERT(made.schema->differences(*made.schema, Policy::strict)->empty());
    RC_ASSERT(made.schema->differences(**normalized, Policy::strict)->empty());
}

RC_GTEST_PROP(AvroProperties, ValuesComeBack, (std::uint64_t seed)) {
    Maker maker(seed);
    auto const made = make(maker);
    RC_ASSERT(made.schema->check(made.payload, {}).has_value());
    auto const json = made.schema->to_json(made.payload, {});
    RC_ASSERT(json.has_value());
    auto const built = made.schema->from_json(*json, {});
    RC_ASSERT(built.has_value());
    RC_ASSERT(*built == made.payload);
    Sizes const sizes(made.model);
    auto const read = read_as(made.model, sizes, made.model, sizes, made.payload);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == *json);
}

RC_GTEST_PROP(AvroProperties, EveryTruncationIsAnError, (std::uint64_t seed)) {
    Maker maker(seed);
    auto const made = make(maker);
    for (std::size_t size = 0; size < made.payload.size(); ++size) {
        auto const part = ByteView(made.payload).first(size);
        RC_ASSERT(!made.schema->check(part, {}).has_value());
        RC_ASSERT(!made.schema->to_json(part, {}).has_value());
        RC_ASSERT(!made.schema->check_reading(part, *made.schema, {}).has_value());
    }
}

RC_GTEST_PROP(AvroProperties, CheckAndToJsonAgreeAboutDamage, (std::uint64_t seed)) {
    Maker maker(seed);
    auto made = make(maker);
    Sizes const sizes(made.model);
    Program const program(made.model, sizes);
    for (int i = 0; i < 50 && !made.payload.empty(); ++i) {
        auto damaged = made.payload;
        damaged[maker.below(damaged.size())] = static_cast<std::byte>(maker.below(256));
        RC_ASSERT(program.accepts(damaged) == decode(made.model, sizes, damaged).has_value());
    }
}

}  // namespace
}  // namespace klamm::schema::avro
