#include "klamm/cli/schema/data_check.h"

#include "klamm/cli/schema/source.h"
#include "klamm/cli/topic_reader.h"

namespace klamm::cli {
namespace {

class DataChecking {
public:
    DataChecking(RegistryClient& registry, Part part, schema::Schema const& reader, DataCheck& it)
        : payloads_(registry), part_(part), reader_(reader), it_(it) {}

    void take(rd_kafka_message_t const& message) {
        auto const bytes = part_ == Part::key ? key_of(message) : value_of(message);
        if (!bytes) return;
        ++it_.checked;
        auto const framed = payloads_.read(message, part_, *bytes);
        if (!framed) {
            add(message, 0, {.path = {}, .value = {}, .rule = "framing", .why = framed.error()});
            return;
        }
        if (framed->schema->type() != reader_.type()) {
            add(message, framed->id,
                {.path = {},
                 .value = {},
                 .rule = "schema type",
                 .why = "it was written with another kind of schema"});
            return;
        }
        auto const read = reader_.check_reading(framed->payload, *framed->schema, framed->indexes);
        if (!read) add(message, framed->id, read.error());
    }

private:
    void add(rd_kafka_message_t const& message, std::int32_t id, schema::PayloadError error) {
        ++it_.failed;
        if (it_.findings.size() < DataCheck::findings_max)
            it_.findings.push_back({message.partition, message.offset, id, std::move(error)});
    }

    PayloadReader payloads_;
    Part part_;
    schema::Schema const& reader_;
    DataCheck& it_;
};

}  // namespace

Outcome<DataCheck> check_data(RegistryClient& registry, ClientOptions const& cluster,
                              std::string const& topic, Part part, std::int64_t count,
                              schema::Schema const& reader) {
    auto const admin = Client::admin(cluster);
    if (!admin) return std::unexpected(admin.error());
    if (auto reached = (*admin)->reach(); !reached) return std::unexpected(reached.error());
    auto const ranges = ranges_of(**admin, topic);
    if (!ranges) return std::unexpected(ranges.error());
    DataCheck it{.topic = topic};
    DataChecking checking(registry, part, reader, it);
    auto const done =
        read_ranges(cluster, topic, last_of(*ranges, count),
                    [&](rd_kafka_message_t const& message) { checking.take(message); });
    if (!done) return std::unexpected(done.error());
    return it;
}

std::optional<std::pair<std::string, Part>> topic_of(std::string_view subject) {
    subject.remove_prefix(context_of(subject).size());
    for (auto const& [ending, part] :
         {std::pair{std::string_view("-value"), Part::value}, {"-key", Part::key}})
        if (subject.ends_with(ending) && subject.size() > ending.size())
            return std::pair{std::string(subject.substr(0, subject.size() - ending.size())), part};
    return std::nullopt;
}

}  // namespace klamm::cli
