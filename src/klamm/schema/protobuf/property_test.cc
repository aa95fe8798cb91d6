// Random schemas: what is printed is parsed to the same again, as text and as a descriptor.
#include "klamm/base/random.h"
#include "klamm/schema/protobuf/protobuf.h"
#include "klamm/schema/protobuf/syntax.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>

namespace klamm::schema::protobuf {
namespace {

/// Makes files that the language permits, with everything that the canonical text has a place for.
class Author {
public:
    explicit Author(std::uint64_t seed) : random_(seed), proto3_(random_.one_in(2)) {}

    File file() {
        File file{.syntax = proto3_ ? "proto3" : random_.one_in(2) ? "proto2" : ""};
        if (!random_.one_in(3)) file.package = "pack.age";
        file.imports = {"google/protobuf/descriptor.proto", "confluent/meta.proto"};
        if (random_.one_in(2))
            file.public_imports = {"google/type/date.proto"};
        else
            file.imports.push_back("google/type/date.proto");
        if (random_.one_in(2)) file.options.push_back(option("java_package", text()));
        if (random_.one_in(2)) file.options.push_back(option("optimize_for", word("CODE_SIZE")));
        for (std::uint64_t n = random_.below(4); n > 0; --n) file.messages.push_back(message(0));
        for (std::uint64_t n = random_.below(3); n > 0; --n) file.enums.push_back(enumeration());
        file.extends.push_back({.type = "google.protobuf.FieldOptions",
                                .fields = {{.label = proto3_ ? Label::none : Label::optional,
                                            .type = "string",
                                            .name = name("o"),
                                            .number = 50'000}}});
        if (!file.messages.empty() && random_.one_in(2)) {
            auto const& type = file.messages.front().name;
            Method method{.name = "Call", .request = type, .response = type};
            method.streams_requests = random_.one_in(2);
            method.streams_responses = random_.one_in(2);
            if (random_.one_in(2)) method.options.push_back(option("deprecated", word("true")));
            file.services.push_back({.name = name("S"), .methods = {method}});
        }
        return file;
    }

private:
    std::string name(char const* prefix) { return prefix + std::to_string(next_name_++); }
    static OptionValue word(std::string text) { return {.text = std::move(text)}; }
    OptionValue text() {
        static constexpr std::array pieces{"a",    "\"",   "'", "\\", "\n",
                                           "\x01", "\xff", "é", "?",  "1"};
        OptionValue value{.kind = OptionValue::Kind::text};
        for (std::uint64_t n = random_.below(5); n > 0; --n)
            value.text += pieces[random_.below(pieces.size())];
        return value;
    }
    static Option option(std::string name, OptionValue value) {
        return {.name = {{std::move(name), false}}, .value = std::move(value)};
    }
    std::vector<Option> field_options(std::string const& type) {
        std::vector<Option> options;
        if (random_.one_in(4)) options.push_back(option("deprecated", word("true")));
        if (random_.one_in(6)) {
            OptionValue tags{.kind = OptionValue::Kind::list};
            for (std::uint64_t n = 1 + random_.below(2); n > 0; --n) tags.items.push_back(ascii());
            OptionValue meta{.kind = OptionValue::Kind::map};
            meta.members = {{"doc", ascii()}, {"tags", tags}};
            options.push_back({.name = {{"confluent.field_meta", true}}, .value = meta});
        }
        if (!proto3_ && random_.one_in(3) && (type == "int32" || type == "string"))
            options.push_back(option("default", type == "int32" ? word("-7") : text()));
        if (random_.one_in(5)) {
            auto json = ascii();
            json.text += name("j");
            options.push_back(option("json_name", json));
        }
        return options;
    }
    OptionValue ascii() { return {.kind = OptionValue::Kind::text, .text = "it's \"x\""}; }

    Field field(std::int32_t number, bool in_oneof) {
        static constexpr std::array types{"int32", "string",           "bytes",  "double", "sint64",
                                          "bool",  "google.type.Date", "fixed32"};
        Field field{
            .type = types[random_.below(types.size())], .name = name("f"), .number = number};
        if (in_oneof) return field;
        auto const kind = random_.below(6);
        if (kind == 0) {
            field.map_key = random_.one_in(2) ? "string" : "sfixed64";
            return field;
        }
        field.label = kind == 1               ? Label::repeated
                      : kind == 2 && !proto3_ ? Label::required
                      : proto3_ && kind < 4   ? Label::none
                                              : Label::optional;
        if (field.label != Label::repeated) field.options = field_options(field.type);
        return field;
    }

    Message message(int depth) {
        Message message{.name = name("M")};
        std::int32_t number = 1;
        if (random_.one_in(3)) {
            message.reserved.push_back({.ranges = {{1000, 1000}, {1002, 1010}}});
            message.reserved.push_back({.names = {"old", "older"}});
            message.reserved.push_back({.ranges = {{2000, field_number_max}}});
        }
        if (random_.one_in(4)) message.options.push_back(option("deprecated", word("true")));
        for (std::uint64_t n = random_.below(5); n > 0; --n)
            message.fields.push_back(field(number++, false));
        for (std::uint64_t n = random_.below(3); n > 0; --n) {
            Oneof oneof{.name = name("o")};
            for (std::uint64_t k = 1 + random_.below(3); k > 0; --k)
                oneof.fields.push_back(field(number++, true));
            message.oneofs.push_back(std::move(oneof));
        }
        if (!proto3_ && random_.one_in(3)) {
            Field group{.label = Label::repeated, .type = "", .number = number++};
            group.group.push_back(this->message(9));
            group.name = group.group.front().name;
            message.groups.push_back(std::move(group));
        }
        if (!proto3_ && random_.one_in(3))
            message.extensions.push_back({.ranges = {{100, 199}, {300, 300}}});
        if (depth < 3)
            for (std::uint64_t n = random_.below(3); n > 0; --n)
                message.messages.push_back(this->message(depth + 1));
        if (random_.one_in(3)) message.enums.push_back(enumeration());
        return message;
    }

    Enum enumeration() {
        Enum type{.name = name("E")};
        if (random_.one_in(3)) type.reserved.push_back({.ranges = {{50, 60}, {-9, -9}}});
        type.constants.push_back({.name = name("C"), .number = 0});
        for (std::uint64_t n = random_.below(3); n > 0; --n)
            type.constants.push_back(
                {.name = name("C"), .number = static_cast<std::int32_t>(n) * 7 - 10});
        return type;
    }

    Random random_;
    bool proto3_;
    int next_name_ = 0;
};

TEST(ProtobufText, OfRandomSchemasIsParsedToTheSame) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        auto const text = print(Author(seed).file());
        auto const parsed = parse_protobuf(text, {}, {});
        ASSERT_TRUE(parsed) << parsed.error().why << "\n" << text;
        EXPECT_EQ((*parsed)->canonical(), text);

        auto const serialized = (*parsed)->formatted("serialized");
        auto const from_descriptor = parse_protobuf(serialized, {}, {});
        ASSERT_TRUE(from_descriptor) << from_descriptor.error().why << "\n" << text;
        EXPECT_TRUE((*parsed)->differences(**from_descriptor, Policy::logical)->empty());
        EXPECT_EQ((*from_descriptor)->normalized(), (*parsed)->normalized());

        auto const normal = (*parsed)->normalized();
        auto const again = parse_protobuf(normal, {}, {});
        ASSERT_TRUE(again) << again.error().why << "\n" << normal;
        EXPECT_EQ((*again)->normalized(), normal);
        EXPECT_TRUE((*again)->equivalent(**parsed));
    }
}

/// Bytes that are almost a schema: some are one, none may crash.
TEST(ProtobufText, DamagedAnywhereIsAnErrorOrAnotherSchema) {
    Random random(7);
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        auto const text = print(Author(seed).file());
        for (int i = 0; i < 40; ++i) {
            auto damaged = text;
            auto const at = random.below(damaged.size());
            if (random.one_in(2))
                damaged.resize(at);
            else
                damaged[at] = static_cast<char>(random.below(256));
            auto const parsed = parse_protobuf(damaged, {}, {});
            if (!parsed) {
                EXPECT_FALSE(parsed.error().why.empty());
                continue;
            }
            auto const again = parse_protobuf((*parsed)->canonical(), {}, {});
            ASSERT_TRUE(again) << damaged;
            EXPECT_EQ((*again)->canonical(), (*parsed)->canonical());
        }
    }
}

}  // namespace
}  // namespace klamm::schema::protobuf
