// Generated classes as events; the classes are those that libprotobuf brings.
#include "klamm/protobuf.h"

#include "klamm/bus/loop_fixture.h"
#include "klamm/handler/codecs.h"
#include "klamm/schema/schema.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>

namespace klamm::handler {
namespace {

using google::protobuf::Duration;
using NamePart = google::protobuf::UninterpretedOption_NamePart;
using testing::ElementsAre;
using testing::HasSubstr;

/// Gives ids in the order of the registrations.
struct CountingRegistry final : Registry {
    std::vector<std::pair<std::string, Schema>> registered;

    void register_schema(std::string const& subject, Schema schema,
                         bus::Done<Registered> done) override {
        registered.emplace_back(subject, schema);
        done(Registered{std::int32_t(registered.size()), std::int32_t(10 + registered.size()),
                        std::move(schema)});
    }
    void latest(std::string const&, bus::Done<std::optional<Registered>> done) override {
        done(std::nullopt);
    }
    void schema_by_id(std::int32_t, bus::Done<std::optional<Schema>> done) override {
        done(std::nullopt);
    }
};

Duration duration(std::int64_t seconds) {
    Duration made;
    made.set_seconds(seconds);
    return made;
}

struct ProtobufEvents : testing::Test {
    bus::VirtualLoop loop;
    CountingRegistry registry;

    std::unique_ptr<Codecs> started(Registry* with, App const& app) {
        auto codecs = make_codecs(Format::protobuf, with, loop);
        codecs->prepare(app, [](auto result) { EXPECT_TRUE(result) << result.error().why; });
        return codecs;
    }
    template <class E>
    static std::string read(Codecs& codecs, std::string_view value) {
        Message message;
        message.value = value;
        std::string text = "nothing was said";
        codecs.decode(event_type<E>(), message, [&](auto result) {
            text = *result ? static_cast<E const*>((*result)->get())->ShortDebugString()
                           : (*result).error().why;
        });
        return text;
    }
    static App app() {
        App made{"a"};
        made.sends<Duration>("times").sends<NamePart>("names");
        return made;
    }
};

TEST_F(ProtobufEvents, AreCalledAsTheirMessages) {
    EXPECT_EQ(event_type<Duration>().name, "google.protobuf.Duration");
    EXPECT_THAT(event_type<Duration>().protobuf->indexes, ElementsAre(0));
    auto const& part = *event_type<NamePart>().protobuf;
    auto const& file = *NamePart::descriptor()->file();
    ASSERT_EQ(part.indexes.size(), 2);
    EXPECT_EQ(file.message_type(part.indexes[0])->nested_type(part.indexes[1]),
              NamePart::descriptor());
    auto const schema =
        schema::parse(schema::Type::protobuf, event_type<Duration>().protobuf->schema, {});
    ASSERT_TRUE(schema) << schema.error().why;
    EXPECT_EQ((*schema)->record_name(), "google.protobuf.Duration");
}

TEST_F(ProtobufEvents, AreWrittenWithIdAndIndexesWhereThereIsARegistry) {
    auto const codecs = started(&registry, app());
    auto const event = duration(7);
    auto const encoded = codecs->encode("times", event_type<Duration>(), &event);
    EXPECT_EQ(encoded.value, std::string({0, 0, 0, 0, 1, 0, 8, 7}));
    EXPECT_EQ(encoded.content_type, "application/protobuf");
    EXPECT_EQ(read<Duration>(*codecs, encoded.value), "seconds: 7");

    auto const plain = started(nullptr, app());
    auto const bare = plain->encode("times", event_type<Duration>(), &event);
    EXPECT_EQ(bare.value, std::string({8, 7}));
    for (auto const& value : {encoded.value, bare.value}) {
        EXPECT_EQ(read<Duration>(*codecs, value), "seconds: 7");
        EXPECT_EQ(read<Duration>(*plain, value), "seconds: 7");
    }
}

TEST_F(ProtobufEvents, SayWhatIsWrong) {
    auto const codecs = started(&registry, app());
    NamePart const incomplete;
    EXPECT_EQ(codecs->encode("names", event_type<NamePart>(), &incomplete).error,
              "google.protobuf.UninterpretedOption.NamePart: a required field is not set");
    EXPECT_EQ(read<Duration>(*codecs, "\xff"),
              "it is no Protobuf message google.protobuf.Duration");
    EXPECT_EQ(read<Duration>(*codecs, std::string({0, 0, 0, 0, 1, 2, 2, 8, 7})),
              "it is another message of the file than google.protobuf.Duration");
    EXPECT_THAT(read<Duration>(*codecs, std::string({0, 0, 0, 0, 1, 9})), HasSubstr("indexes"));
}

TEST_F(ProtobufEvents, BringTheFilesThatTheyImport) {
    google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
    auto const add = [&](std::string const& name, std::vector<std::string> const& imports) {
        google::protobuf::FileDescriptorProto file;
        file.set_name(name);
        file.set_syntax("proto3");
        for (auto const& each : imports) file.add_dependency(each);
        file.add_message_type()->set_name("M" + std::to_string(name.front()));
        auto const* const built = pool.BuildFile(file);
        EXPECT_NE(built, nullptr);
        return built->message_type(0);
    };
    (void)Duration::descriptor();  // so that its file is in the pool
    add("base.proto", {"google/protobuf/duration.proto"});
    add("left.proto", {"base.proto"});
    add("right.proto", {"base.proto"});
    auto const type = detail::protobuf_type(*add("top.proto", {"right.proto", "left.proto"}));
    std::vector<std::string> paths;
    for (auto const& file : type.imports) paths.push_back(file.path);
    EXPECT_THAT(paths, ElementsAre("base.proto", "right.proto", "left.proto"));
    EXPECT_THAT(type.direct_imports, ElementsAre("right.proto", "left.proto"));
    EXPECT_THAT(type.imports[1].imports, ElementsAre("base.proto"));

    EventType made;
    made.name = "top";
    made.protobuf = std::make_shared<ProtobufType const>(type);
    App with{"a"};
    with.sends<Duration>("times");
    auto& sent = const_cast<std::vector<App::Sends>&>(with.sends());
    sent.front().type = &made;
    (void)started(&registry, with);
    std::vector<std::string> subjects;
    for (auto const& [subject, schema] : registry.registered) subjects.push_back(subject);
    EXPECT_THAT(subjects, ElementsAre("base.proto", "right.proto", "left.proto", "times-value"));
    auto const& references = registry.registered.back().second.references;
    ASSERT_EQ(references.size(), 2);
    EXPECT_EQ(references[0].name, "right.proto");
    EXPECT_EQ(references[0].version, 12);
}

}  // namespace
}  // namespace klamm::handler
