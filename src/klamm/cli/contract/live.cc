#include "klamm/cli/contract/live.h"

#include "klamm/cli/payloads.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/topic_reader.h"

#include <fmt/format.h>

namespace klamm::cli {
namespace {

constexpr std::size_t records_named_max = 10;  ///< of each topic
constexpr char magic = 0;
constexpr char magic_of_guid = 1;

class TopicCheck {
public:
    TopicCheck(ChannelContract const& channel, std::vector<ParsedMessage> const& messages,
               PayloadReader& payloads, ContractReport& report)
        : channel_(channel), messages_(messages), payloads_(payloads), report_(report) {}

    void visit(rd_kafka_message_t const& record) {
        ++seen_;
        auto const value = value_of(record);
        if (!value) return;
        auto const why = wrong_with(record, *value);
        if (!why) return;
        if (++wrong_ > records_named_max) return;
        report_.verdicts.push_back({Verdict::Kind::record, channel_.pointer,
                                    fmt::format("{}, partition {}, offset {}", channel_.topic,
                                                record.partition, record.offset),
                                    *why});
    }
    void conclude() {
        if (wrong_ > records_named_max)
            report_.verdicts.push_back(
                {Verdict::Kind::record, channel_.pointer, channel_.topic,
                 fmt::format("{} more records do not obey", wrong_ - records_named_max)});
        if (wrong_ == 0)
            report_.holds.push_back(
                fmt::format("the last {} records of {} obey", with_commas(seen_), channel_.topic));
    }

private:
    /// None: it obeys.
    std::optional<std::string> wrong_with(rd_kafka_message_t const& record,
                                          std::string_view value) {
        bool const framed =
            header_of(record, "__value_schema_id") ||
            (!value.empty() && (value.front() == magic || value.front() == magic_of_guid));
        if (!framed) return unreadable(view_of(value), nullptr, {});
        auto const read = payloads_.read(record, Part::value, value);
        if (!read) return read.error();
        return unreadable(read->payload, read->schema.get(), read->indexes);
    }

    /// Why none of the messages' schemas reads the payload; `writer` null: as it stands.
    std::optional<std::string> unreadable(ByteView payload, schema::Schema const* writer,
                                          schema::MessageIndexes const& indexes) {
        std::string why;
        for (auto const& [message, schema] : messages_) {
            std::string reason;
            if (writer != nullptr && writer->type() != schema->type()) {
                reason = fmt::format("its schema is {}", schema::name_of(writer->type()));
            } else {
                auto const fits = writer == nullptr
                                      ? schema->check(payload, indexes)
                                      : schema->check_reading(payload, *writer, indexes);
                if (fits) return std::nullopt;
                reason = words_of(fits.error());
            }
            why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", message->name, reason);
        }
        return why;
    }

    ChannelContract const& channel_;
    std::vector<ParsedMessage> const& messages_;
    PayloadReader& payloads_;
    ContractReport& report_;
    std::int64_t seen_ = 0;
    std::size_t wrong_ = 0;
};

}  // namespace

Outcome<> check_topics(Contract const& contract, ChannelSchemas const& schemas,
                       LiveOptions const& options, RegistryClient& registry,
                       ContractReport& report) {
    auto const admin = Client::admin(options.client);
    if (!admin) return std::unexpected(admin.error());
    if (auto reached = (*admin)->reach(); !reached) return reached;
    PayloadReader payloads(registry);
    for (std::size_t i = 0; i < contract.channels.size(); ++i) {
        auto const& channel = contract.channels[i];
        // A message without a schema may be anything.
        if (channel.topic.empty() || schemas[i].empty() ||
            schemas[i].size() < channel.messages.size())
            continue;
        auto const ranges = ranges_of(**admin, channel.topic);
        if (!ranges) {
            if (ranges.error().is_transient) return std::unexpected(ranges.error());
            report.verdicts.push_back(
                {Verdict::Kind::record, channel.pointer, channel.topic, ranges.error().what});
            continue;
        }
        TopicCheck check(channel, schemas[i], payloads, report);
        auto const done =
            read_ranges(options.client, channel.topic, last_of(*ranges, options.records),
                        [&](rd_kafka_message_t const& record) { check.visit(record); });
        if (!done) return done;
        check.conclude();
    }
    return {};
}

}  // namespace klamm::cli
