// cli/produce.cc - klamm produce: lines, or a load, into a topic.
#include "klamm/base/random.h"
#include "klamm/cli/client.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/json.h"
#include "klamm/cli/payload_writer.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/text.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <optional>

namespace klamm::cli {
namespace {

using std::chrono::steady_clock;

constexpr int poll_ms = 50;
constexpr std::int64_t refusals_shown_max = 3;
constexpr std::int64_t record_bytes_max = 64 << 20;

struct ProduceFlags {
    ClientOptions client;
    std::string topic;
    std::string file;
    std::optional<std::string> key;
    std::string key_separator;
    std::vector<std::string> headers;  ///< NAME=VALUE
    std::int32_t partition = RD_KAFKA_PARTITION_UA;
    std::string codec = "none";
    std::int64_t count = 0;  ///< of records made up; 0: lines are read
    std::int64_t size = 100;
    std::int64_t rate = 0;
    bool json = false;
    PayloadSchemaOptions value_schema;
    PayloadSchemaOptions key_schema;
    RegistryOptions registry;
};

struct Record {
    std::optional<std::string_view> key;
    std::string_view value;
};

/// One producer and what became of its records.
class Production {
public:
    explicit Production(ProduceFlags const& flags)
        : flags_(flags), registry_(flags.registry), payloads_(registry_) {}

    Outcome<> open();
    /// Waits while the client's queue is full. The record's bytes are copied.
    Outcome<> send(Record const& record);
    /// Waits until every record was acknowledged or refused.
    void finish();
    Outcome<> conclude();
    bool interrupted() { return interrupt_.asked(); }
    void wait_a_little() { poll(1); }

    std::int64_t sent() const { return sent_; }

private:
    Outcome<> await_topic();
    double seconds() const {
        auto const elapsed = std::chrono::duration<double>(steady_clock::now() - begin_).count();
        return std::max(elapsed, 0.001);
    }
    void delivered(rd_kafka_message_t const& message);
    void poll(int timeout_ms);

    ProduceFlags const& flags_;
    Interrupt interrupt_;  // before the client, whose threads inherit the blocked signals
    std::unique_ptr<Client> client_;
    ProgressLine progress_;
    steady_clock::time_point begin_ = steady_clock::now();
    Headers headers_;
    std::int64_t sent_ = 0;
    std::int64_t acknowledged_ = 0;
    std::int64_t acknowledged_bytes_ = 0;
    std::int64_t refused_ = 0;
    std::string first_refusal_;
    RegistryClient registry_;  // for the reason, when the broker checks records
    PayloadReader payloads_;
};

Outcome<> Production::open() {
    for (auto const& header : flags_.headers) {
        auto const equals = header.find('=');
        if (equals == std::string::npos)
            return misused(fmt::format("--header {}: not NAME=VALUE", header));
        headers_.emplace_back(header.substr(0, equals), header.substr(equals + 1));
    }
    auto client =
        Client::producer(flags_.client,
                         {{"acks", "all"},
                          {"enable.idempotence", "true"},
                          {"compression.codec", flags_.codec},
                          {"linger.ms", "5"},
                          {"message.timeout.ms", "120000"}},
                         [this](rd_kafka_message_t const& message) { delivered(message); });
    if (!client) return std::unexpected(client.error());
    client_ = std::move(*client);
    if (auto reached = client_->reach(); !reached) return reached;
    if (auto ready = await_topic(); !ready) return ready;
    begin_ = steady_clock::now();
    return {};
}

/// Asking for a topic by name lets a cluster create it that does so. To wait for that here is
/// quicker than librdkafka's own retries, and the failure is clearer.
Outcome<> Production::await_topic() {
    Handle<rd_kafka_topic_t, rd_kafka_topic_destroy> const topic(
        rd_kafka_topic_new(client_->rk(), flags_.topic.c_str(), nullptr));
    if (!topic) return misused(fmt::format("topic '{}': not a name", flags_.topic));
    auto const give_up = steady_clock::now() + flags_.client.timeout();
    for (;;) {
        rd_kafka_metadata_t const* answer = nullptr;
        auto error =
            rd_kafka_metadata(client_->rk(), 0, topic.get(), &answer, client_->timeout_ms());
        auto count = 0;
        if (answer != nullptr && answer->topic_cnt == 1) {
            error = answer->topics[0].err;
            count = answer->topics[0].partition_cnt;
        }
        if (answer != nullptr) rd_kafka_metadata_destroy(answer);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && flags_.partition >= count)
            return failed(fmt::format("topic {} has no partition {}, only 0 to {}", flags_.topic,
                                      flags_.partition, count - 1));
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
        auto const may_pass = error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                              error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        if (!may_pass || steady_clock::now() > give_up || interrupted())
            return failed(fmt::format("topic {}: {}", flags_.topic, error_text(error)),
                          may_pass ? "`klamm topic create` makes it" : "");
        poll(poll_ms);
    }
}

Outcome<> Production::send(Record const& record) {
    Outgoing const outgoing{
        flags_.topic.c_str(), flags_.partition, record.key, record.value, 0, &headers_};
    for (;;) {
        auto const error = cli::send(*client_, outgoing);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            ++sent_;
            poll(0);
            return {};
        }
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            if (interrupted()) return {};
            poll(poll_ms);
            continue;
        }
        return failed(fmt::format("record {}: {}", sent_ + 1, error_text(error)),
                      error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                          ? "-X message.max.bytes=N lets this client send more; the topic's "
                            "max.message.bytes has to allow it, too"
                          : "");
    }
}

void Production::finish() {
    while (rd_kafka_outq_len(client_->rk()) > 0 && !interrupted()) poll(poll_ms);
    progress_.clear();
}

void Production::delivered(rd_kafka_message_t const& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++acknowledged_;
        acknowledged_bytes_ += std::int64_t(message.len + message.key_len);
        return;
    }
    auto text = error_text(message.err);
    if (message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
        if (auto const trouble = client_->last_trouble(); !trouble.empty())
            text += " (" + trouble + ")";
    ++refused_;
    // The protocol has a reason for each record, but librdkafka does not ask for it.
    if (message.err == RD_KAFKA_RESP_ERR_INVALID_RECORD && refused_ <= refusals_shown_max)
        text += ": " + printable(why_refused(payloads_, message));
    if (refused_ == 1) first_refusal_ = text;
    if (refused_ > refusals_shown_max) return;
    progress_.clear();
    fmt::print(stderr, "not acknowledged: partition {}: {}\n", message.partition, text);
}

void Production::poll(int timeout_ms) {
    rd_kafka_poll(client_->rk(), timeout_ms);
    if (!progress_.due()) return;
    auto const total = flags_.count > 0 ? " of " + with_commas(flags_.count) : std::string();
    progress_.show(fmt::format("{}{} acknowledged, {} under way, {}/s, {}/s",
                               with_commas(acknowledged_), total,
                               with_commas(sent_ - acknowledged_ - refused_),
                               with_commas(std::int64_t(double(acknowledged_) / seconds())),
                               bytes_text(std::int64_t(double(acknowledged_bytes_) / seconds()))));
}

Outcome<> Production::conclude() {
    auto const elapsed = seconds();
    if (flags_.json)
        Json()
            .object()
            .field("topic", flags_.topic)
            .field("sent", sent_)
            .field("acknowledged", acknowledged_)
            .field("refused", refused_)
            .field("bytes", acknowledged_bytes_)
            .field("seconds", elapsed)
            .end_object()
            .print_line(stdout);
    else
        fmt::print(stderr, "{} record{} acknowledged by {} in {:.3f} s ({}/s, {}/s)\n",
                   with_commas(acknowledged_), acknowledged_ == 1 ? "" : "s", flags_.topic, elapsed,
                   with_commas(std::int64_t(double(acknowledged_) / elapsed)),
                   bytes_text(std::int64_t(double(acknowledged_bytes_) / elapsed)));
    if (refused_ > 0)
        return failed(fmt::format("{} of {} records were not acknowledged: {}",
                                  with_commas(refused_), with_commas(sent_), first_refusal_));
    if (acknowledged_ < sent_)
        return failed(
            fmt::format("interrupted with {} records under way, which may be stored or not",
                        with_commas(sent_ - acknowledged_)));
    return {};
}

/// Lines as they are, or made into payloads of a schema.
class Encoding {
public:
    Outcome<> open(ProduceFlags const& flags) {
        RegistryClient registry(flags.registry);
        for (auto const part : {Part::key, Part::value}) {
            auto const& options = part == Part::key ? flags.key_schema : flags.value_schema;
            if (options.schema.empty()) continue;
            auto writer = PayloadWriter::open(registry, flags.topic, part, options);
            if (!writer) return std::unexpected(writer.error());
            (part == Part::key ? key_ : value_) = std::move(*writer);
        }
        return {};
    }
    /// The bytes are valid until the next record.
    Outcome<> encode(Record& record) {
        if (key_ && record.key) {
            auto key = key_->encode(*record.key);
            if (!key) return failed("key: " + key.error().what);
            key_bytes_ = std::move(*key);
            record.key = key_bytes_;
        }
        if (value_) {
            auto value = value_->encode(record.value);
            if (!value) return std::unexpected(value.error());
            value_bytes_ = std::move(*value);
            record.value = value_bytes_;
        }
        return {};
    }

private:
    std::optional<PayloadWriter> key_;
    std::optional<PayloadWriter> value_;
    std::string key_bytes_;
    std::string value_bytes_;
};

Outcome<> send_lines(ProduceFlags const& flags, Encoding& encoding, Production& production) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, &std::fclose);
    if (!flags.file.empty()) {
        file.reset(std::fopen(flags.file.c_str(), "re"));
        if (!file) return failed(fmt::format("{}: {}", flags.file, std::strerror(errno)));
    }
    auto const name = file ? flags.file : std::string("stdin");
    LineReader reader(file ? file.get() : stdin);
    std::string line;
    while (!production.interrupted()) {
        auto const result = reader.next(line);
        if (result == LineReader::Result::end) return {};
        if (result == LineReader::Result::failed)
            return failed(fmt::format("{}: {}", name, std::strerror(errno)));
        if (result == LineReader::Result::too_long)
            return failed(fmt::format("{}:{}: longer than {}", name, reader.number(),
                                      bytes_text(LineReader::line_bytes_max)));
        Record record{std::nullopt, line};
        if (flags.key) record.key = *flags.key;
        if (!flags.key_separator.empty()) {
            auto const at = line.find(flags.key_separator);
            if (at == std::string::npos)
                return failed(fmt::format("{}:{}: no '{}' between key and value", name,
                                          reader.number(), flags.key_separator));
            record.key = std::string_view(line).substr(0, at);
            record.value = std::string_view(line).substr(at + flags.key_separator.size());
        }
        if (auto encoded = encoding.encode(record); !encoded)
            return failed(fmt::format("{}:{}: {}", name, reader.number(), encoded.error().what));
        if (auto sent = production.send(record); !sent) return sent;
    }
    return {};
}

/// Records of random letters, each with its number in front: neither all alike nor incompressible.
Outcome<> send_load(ProduceFlags const& flags, Production& production) {
    Random random(1);
    std::string value(std::size_t(flags.size), ' ');
    for (auto& letter : value) letter = char('a' + random.below(26));
    auto const begin = steady_clock::now();
    for (std::int64_t i = 0; i < flags.count && !production.interrupted(); ++i) {
        auto const number = fmt::format("{:010} ", i);
        std::memcpy(value.data(), number.data(), std::min(number.size(), value.size()));
        Record record{std::nullopt, value};
        if (flags.key) record.key = *flags.key;
        if (auto sent = production.send(record); !sent) return sent;
        if (flags.rate > 0)
            while (steady_clock::now() <
                       begin + std::chrono::microseconds(1'000'000 * i / flags.rate) &&
                   !production.interrupted())
                production.wait_a_little();
    }
    return {};
}

Outcome<> produce(ProduceFlags const& flags) {
    if (flags.key && !flags.key_separator.empty())
        return misused("--key and --key-separator exclude each other");
    if (flags.count > 0 && (!flags.file.empty() || !flags.key_separator.empty()))
        return misused("--count makes records up; --file and --key-separator are for lines");
    if (flags.count > 0 && !(flags.value_schema.schema.empty() && flags.key_schema.schema.empty()))
        return misused("--count makes records up; --schema and --key-schema are for lines of JSON");
    if (flags.value_schema.schema.empty() &&
        (flags.value_schema.register_it || !flags.value_schema.message.empty()))
        return misused("--register and --message need --schema");
    Encoding encoding;
    if (auto opened = encoding.open(flags); !opened) return opened;
    Production production(flags);
    if (auto opened = production.open(); !opened) return opened;
    if (flags.count == 0 && flags.file.empty() && is_terminal(stdin))
        fmt::print(stderr, "one record a line; Ctrl-D ends\n");
    auto const sent =
        flags.count > 0 ? send_load(flags, production) : send_lines(flags, encoding, production);
    production.finish();
    if (!sent && production.sent() == 0) return sent;
    auto const concluded = production.conclude();
    return sent ? concluded : sent;
}

void add_schema_options(CLI::App& command, ProduceFlags& flags) {
    command
        .add_option("--schema", flags.value_schema.schema,
                    "Lines are JSON; encode them with this schema: a file, or what is registered")
        ->type_name("FILE|SUBJECT[:VERSION]");
    command.add_option("--key-schema", flags.key_schema.schema, "Likewise for keys that are JSON")
        ->type_name("FILE|SUBJECT[:VERSION]");
    command.add_flag("--register", flags.value_schema.register_it,
                     "Register the files, instead of looking them up");
    command
        .add_option("--subject", flags.value_schema.subject,
                    "Of the --schema file; TOPIC-value if left out")
        ->type_name("NAME");
    command
        .add_option("--message", flags.value_schema.message,
                    "Protobuf: which message; the first if left out")
        ->type_name("NAME");
    command
        .add_option("--reference", flags.value_schema.references,
                    "What the --schema file refers to by NAME; repeatable")
        ->type_name("NAME=SUBJECT:VERSION")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    add_registry_options(command, flags.registry);
}

}  // namespace

void add_produce(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "produce", "Write lines into a topic, each acknowledged by the whole cluster");
    auto flags = std::make_shared<ProduceFlags>();
    command->add_option("TOPIC", flags->topic, "Where to")->required();
    command->add_option("-f,--file", flags->file, "Read lines from here instead of stdin")
        ->type_name("FILE");
    command->add_option("-k,--key", flags->key, "The same key for every record")->type_name("KEY");
    command
        ->add_option("-K,--key-separator", flags->key_separator, "Lines are KEY, this text, VALUE")
        ->type_name("TEXT");
    command->add_option("-H,--header", flags->headers, "A header for every record; repeatable")
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("-p,--partition", flags->partition, "Into this partition, whatever the key")
        ->type_name("N")
        ->check(CLI::Range(0, partition_max));
    command->add_option("-c,--codec", flags->codec, "Compression")
        ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}))
        ->capture_default_str();
    command->add_option("--count", flags->count, "Make up this many records instead of reading")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t(1), count_max));
    command->add_option("--size", flags->size, "Bytes of each made-up record")
        ->type_name("BYTES")
        ->check(CLI::Range(std::int64_t(0), record_bytes_max))
        ->capture_default_str();
    command
        ->add_option("--rate", flags->rate,
                     "Made-up records a second; as fast as it goes if left out")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t(1), count_max));
    command->add_flag("--json", flags->json, "Write the summary as JSON on stdout");
    add_client_options(*command, flags->client);
    add_schema_options(*command, *flags);
    command->footer(
        "acks=all and idempotence are on: a record that counts as acknowledged is stored once.\n"
        "Examples:\n"
        "  echo hello | klamm produce greetings\n"
        "  klamm produce orders --file orders.txt --key-separator :\n"
        "  echo '{\"id\": 7}' | klamm produce orders --schema orders-value\n"
        "  klamm produce orders --schema order.avsc --register --file orders.jsonl\n"
        "  klamm produce load --count 1000000 --size 1024 --codec zstd");
    command->callback([flags, &exit_code] {
        flags->registry.timeout_s = flags->client.timeout_s;
        flags->key_schema.register_it = flags->value_schema.register_it;
        exit_code = report(produce(*flags));
    });
}

}  // namespace klamm::cli
