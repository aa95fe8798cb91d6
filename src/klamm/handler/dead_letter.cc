#include "klamm/handler/dead_letter.h"

#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <limits>

namespace klamm::handler {
namespace {

using Dialect = DeadLetter::Dialect;
using Text = std::optional<std::string_view>;

// ---- values ----------------------------------------------------------------------------------

/// The oldest header of this name: who fails again in a later topic appends, and where an event was
/// first is what counts.
Text first_header(Headers const& headers, std::string_view name) {
    for (auto const& header : headers)
        if (header.name == name && header.value) return std::string_view{*header.value};
    return std::nullopt;
}

std::string text(Headers const& headers, std::string_view name) {
    return std::string(find_header(headers, name).value_or(""));
}

template <std::signed_integral T>
std::optional<T> decimal(Text value) {
    T number = 0;
    if (!value || value->empty()) return std::nullopt;
    auto const* end = value->data() + value->size();
    auto const parsed = std::from_chars(value->data(), end, number);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return number;
}

/// Big-endian, two's complement, as Java's ByteBuffer and BigInteger write them: 1 to 8 bytes.
template <std::signed_integral T>
std::optional<T> binary(Text value) {
    if (!value || value->empty() || value->size() > 8) return std::nullopt;
    std::uint64_t bits = (static_cast<unsigned char>(value->front()) & 0x80) != 0 ? ~0ULL : 0;
    for (char const byte : *value) bits = bits << 8 | static_cast<unsigned char>(byte);
    auto const number = static_cast<std::int64_t>(bits);
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max())
        return std::nullopt;
    return static_cast<T>(number);
}

template <std::signed_integral T>
std::string big_endian(T number) {
    std::string bytes;
    for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8)
        bytes += static_cast<char>(static_cast<std::make_unsigned_t<T>>(number) >> shift & 0xFF);
    return bytes;
}

/// Spring Cloud Stream changed from text to bytes.
template <std::signed_integral T>
std::optional<T> decimal_or_binary(Text value) {
    if (auto const number = decimal<T>(value)) return number;
    return binary<T>(value);
}

std::optional<Time> time_of(std::optional<std::int64_t> ms) {
    if (!ms) return std::nullopt;
    return Time{milliseconds{*ms}};
}

std::string ms_of(Time time) { return fmt::format("{}", time.time_since_epoch().count()); }

std::optional<Position> position_of(Text topic, std::optional<std::int32_t> partition,
                                    std::optional<std::int64_t> offset) {
    if (!topic || topic->empty()) return std::nullopt;
    return Position{std::string(*topic), std::max(partition.value_or(-1), -1),
                    std::max<std::int64_t>(offset.value_or(-1), -1)};
}

std::string cut_reason(std::string_view reason) {
    if (reason.size() <= dead_letter_reason_bytes_max) return std::string(reason);
    auto size = dead_letter_reason_bytes_max;
    while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xC0) == 0x80) --size;
    return std::string(reason.substr(0, size));
}

// ---- dialects --------------------------------------------------------------------------------

std::string_view const own_prefix = "klamm_dlq_";

DeadLetter read_klamm(Headers const& headers) {
    auto const of = [&](std::string_view name) {
        return find_header(headers, fmt::format("{}{}", own_prefix, name));
    };
    DeadLetter letter;
    letter.original = position_of(of("topic"), decimal<std::int32_t>(of("partition")),
                                  decimal<std::int64_t>(of("offset")));
    letter.original_timestamp = time_of(decimal<std::int64_t>(of("timestamp_ms")));
    letter.group = of("group").value_or("");
    letter.handler = of("handler").value_or("");
    letter.reason = of("reason").value_or("");
    letter.error_type = of("error_type").value_or("");
    letter.attempts = decimal<std::int32_t>(of("attempts")).value_or(0);
    letter.redrives = decimal<std::int32_t>(of("redrives")).value_or(0);
    letter.failed_at = time_of(decimal<std::int64_t>(of("failed_at_ms")));
    letter.parked = of("parked") == "true";
    auto const park = of("park");
    letter.park = park == "none" ? Park::none : park == "partition" ? Park::partition : Park::key;
    return letter;
}

/// Of a listener that throws, the outer exception is always Spring's own: the cause says what it
/// was.
std::string spring_error(Headers const& headers, std::string_view prefix) {
    for (auto const* name : {"exception-cause-fqcn", "exception-fqcn", "key-exception-fqcn"})
        if (auto const found = find_header(headers, fmt::format("{}{}", prefix, name)))
            return std::string(*found);
    return {};
}

DeadLetter read_spring(Headers const& headers, std::string_view prefix) {
    auto const original = [&](std::string_view name) {
        return first_header(headers, fmt::format("{}original-{}", prefix, name));
    };
    DeadLetter letter;
    letter.original = position_of(original("topic"), binary<std::int32_t>(original("partition")),
                                  binary<std::int64_t>(original("offset")));
    letter.original_timestamp = time_of(binary<std::int64_t>(original("timestamp")));
    if (auto const time = first_header(headers, "retry_topic-original-timestamp"))
        letter.original_timestamp = time_of(binary<std::int64_t>(time));
    // In both families the group has the same name.
    letter.group = first_header(headers, "kafka_dlt-original-consumer-group").value_or("");
    letter.error_type = spring_error(headers, prefix);
    letter.reason = text(headers, fmt::format("{}exception-message", prefix));
    if (letter.reason.empty())
        letter.reason = text(headers, fmt::format("{}key-exception-message", prefix));
    letter.stack_trace = text(headers, fmt::format("{}exception-stacktrace", prefix));
    letter.attempts =
        binary<std::int32_t>(find_header(headers, "retry_topic-attempts")).value_or(0);
    return letter;
}

/// Headers of text that say what went wrong.
void read_error(DeadLetter& letter, Headers const& headers, std::string_view type,
                std::string_view reason, std::string_view stack_trace) {
    letter.error_type = text(headers, type);
    letter.reason = text(headers, reason);
    letter.stack_trace = text(headers, stack_trace);
}

DeadLetter read_binder(Headers const& headers) {
    auto const of = [&](std::string_view name) { return first_header(headers, name); };
    DeadLetter letter;
    letter.original = position_of(of("x-original-topic"),
                                  decimal_or_binary<std::int32_t>(of("x-original-partition")),
                                  decimal_or_binary<std::int64_t>(of("x-original-offset")));
    letter.original_timestamp =
        time_of(decimal_or_binary<std::int64_t>(of("x-original-timestamp")));
    read_error(letter, headers, "x-exception-fqcn", "x-exception-message",
               "x-exception-stacktrace");
    return letter;
}

/// A family of text headers with a topic, a partition and an offset.
DeadLetter read_texts(Headers const& headers, std::string_view prefix) {
    auto const of = [&](std::string_view name) {
        return first_header(headers, fmt::format("{}{}", prefix, name));
    };
    DeadLetter letter;
    letter.original = position_of(of("topic"), decimal<std::int32_t>(of("partition")),
                                  decimal<std::int64_t>(of("offset")));
    return letter;
}

DeadLetter read_connect(Headers const& headers) {
    auto letter = read_texts(headers, "__connect.errors.");
    letter.handler = text(headers, "__connect.errors.connector.name");
    // What the consumer of a sink is called unless its configuration says otherwise.
    if (!letter.handler.empty()) letter.group = "connect-" + letter.handler;
    read_error(letter, headers, "__connect.errors.exception.class.name",
               "__connect.errors.exception.message", "__connect.errors.exception.stacktrace");
    return letter;
}

DeadLetter read_streams(Headers const& headers) {
    auto letter = read_texts(headers, "__streams.errors.");
    read_error(letter, headers, "__streams.errors.exception", "__streams.errors.message",
               "__streams.errors.stacktrace");
    return letter;
}

DeadLetter read_share_group(Headers const& headers) {
    auto letter = read_texts(headers, "__dlq.errors.");
    letter.group = text(headers, "__dlq.errors.group");
    letter.reason = text(headers, "__dlq.errors.message");
    letter.attempts =
        decimal<std::int32_t>(find_header(headers, "__dlq.errors.delivery.count")).value_or(0);
    return letter;
}

DeadLetter read_karafka(Headers const& headers) {
    auto letter = read_texts(headers, "source_");
    letter.group = text(headers, "source_consumer_group");
    letter.attempts = decimal<std::int32_t>(find_header(headers, "source_attempts")).value_or(0);
    return letter;
}

DeadLetter read_wolverine(Headers const& headers) {
    DeadLetter letter;
    read_error(letter, headers, "exception-type", "exception-message", "exception-stack");
    return letter;
}

DeadLetter read_knative(Headers const& headers) {
    DeadLetter letter;
    letter.handler = text(headers, "ce_knativeerrordest");
    letter.error_type = text(headers, "ce_knativeerrorcode");
    letter.reason = text(headers, "ce_knativeerrordata");
    // Brokers on Kafka write it as base64, channels as it is.
    if (auto const decoded = base64_decoded(letter.reason); decoded && is_utf8(*decoded))
        letter.reason = *decoded;
    return letter;
}

/// In this order: what is Klamm's own may carry others' headers, on request or from an earlier life
/// of the event.
struct Known {
    Dialect dialect;
    std::string_view name;
    std::string_view mark;                  ///< the header that it is known by
    std::array<std::string_view, 5> added;  ///< beginnings of names that its writer adds
    DeadLetter (*read)(Headers const& headers);
};
DeadLetter read_spring_plain(Headers const& headers) { return read_spring(headers, "kafka_dlt-"); }
DeadLetter read_spring_retry(Headers const& headers) { return read_spring(headers, "kafka_"); }

constexpr Known known[] = {
    {Dialect::klamm, "Klamm", "klamm_dlq_topic", {"klamm_dlq_"}, read_klamm},
    {Dialect::spring,
     "Spring",
     "kafka_dlt-original-topic",
     {"kafka_dlt-", "springDeserializerException"},
     read_spring_plain},
    {Dialect::spring_retry,
     "Spring retry topic",
     "kafka_original-topic",
     {"kafka_original-", "kafka_exception-", "kafka_key-exception-", "retry_topic-",
      "springDeserializerException"},
     read_spring_retry},
    {Dialect::spring_binder,
     "Spring Cloud Stream",
     "x-original-topic",
     {"x-original-", "x-exception-"},
     read_binder},
    {Dialect::connect, "Connect", "__connect.errors.topic", {"__connect.errors."}, read_connect},
    {Dialect::streams, "Streams", "__streams.errors.topic", {"__streams.errors."}, read_streams},
    {Dialect::share_group,
     "share group",
     "__dlq.errors.topic",
     {"__dlq.errors."},
     read_share_group},
    {Dialect::karafka, "Karafka", "source_topic", {"source_"}, read_karafka},
    {Dialect::wolverine,
     "Wolverine",
     "exception-type",
     {"exception-type", "exception-message", "exception-stack", "failed-at"},
     read_wolverine},
    {Dialect::knative,
     "Knative",
     "ce_knativeerrordest",
     {"ce_knativeerrordest", "ce_knativeerrorcode", "ce_knativeerrordata"},
     read_knative},
};

Known const* recognize(Headers const& headers) {
    for (auto const& each : known)
        if (first_header(headers, each.mark)) return &each;
    return nullptr;
}

void remove(Headers& headers, Known const& dialect) {
    std::erase_if(headers, [&](Header const& header) {
        return std::ranges::any_of(dialect.added, [&](std::string_view begins) {
            return !begins.empty() && header.name.starts_with(begins);
        });
    });
    // A retry topic's names begin as Spring's own do, but for the group.
    if (dialect.dialect == Dialect::spring_retry)
        std::erase_if(headers, [](Header const& header) {
            return header.name == "kafka_dlt-original-consumer-group";
        });
}

Known const& known_as(Dialect dialect) {
    return *std::ranges::find(known, dialect, &Known::dialect);
}

// ---- writing ---------------------------------------------------------------------------------

void write_klamm(Headers& headers, DeadLetter const& letter) {
    auto const add = [&](std::string_view name, std::string value) {
        headers.push_back({fmt::format("{}{}", own_prefix, name), std::move(value)});
    };
    auto const original = letter.original.value_or(Position{});
    add("topic", original.topic);
    add("partition", fmt::format("{}", original.partition));
    add("offset", fmt::format("{}", original.offset));
    if (letter.original_timestamp) add("timestamp_ms", ms_of(*letter.original_timestamp));
    add("group", letter.group);
    if (!letter.handler.empty()) add("handler", letter.handler);
    add("reason", cut_reason(letter.reason));
    add("error_type", letter.error_type);
    add("attempts", fmt::format("{}", letter.attempts));
    if (letter.redrives > 0) add("redrives", fmt::format("{}", letter.redrives));
    if (letter.failed_at) add("failed_at_ms", ms_of(*letter.failed_at));
    if (letter.park == Park::none) add("park", "none");
    if (letter.park == Park::partition) add("park", "partition");
    if (letter.parked) add("parked", "true");
}

void write_spring(Headers& headers, DeadLetter const& letter) {
    auto const add = [&](std::string_view name, std::string value) {
        headers.push_back({fmt::format("kafka_dlt-{}", name), std::move(value)});
    };
    auto const original = letter.original.value_or(Position{});
    add("original-topic", original.topic);
    add("original-partition", big_endian(original.partition));
    add("original-offset", big_endian(original.offset));
    if (letter.original_timestamp) {
        std::int64_t const ms = letter.original_timestamp->time_since_epoch().count();
        add("original-timestamp", big_endian(ms));
        add("original-timestamp-type", "CreateTime");
    }
    add("original-consumer-group", letter.group);
    add("exception-fqcn", letter.error_type);
    add("exception-message", cut_reason(letter.reason));
}

void write_share_group(Headers& headers, DeadLetter const& letter) {
    auto const add = [&](std::string_view name, std::string value) {
        headers.push_back({fmt::format("__dlq.errors.{}", name), std::move(value)});
    };
    auto const original = letter.original.value_or(Position{});
    add("topic", original.topic);
    add("partition", fmt::format("{}", original.partition));
    add("offset", fmt::format("{}", original.offset));
    add("group", letter.group);
    add("delivery.count", fmt::format("{}", letter.attempts));
    add("message", cut_reason(letter.reason));
}

/// Which headers besides Klamm's own were added, so that exactly these are taken away again.
std::string_view const dialect_header = "klamm_dlq_dialect";

void remove_redrive(Headers& headers) {
    std::erase_if(headers, [](Header const& header) {
        return header.name == redrives_header || header.name == redrive_header ||
               header.name.starts_with("klamm_redrive_");
    });
}

}  // namespace

std::string_view to_string(Dialect dialect) {
    return dialect == Dialect::unknown ? "unknown" : known_as(dialect).name;
}

Headers write_dead_letter(Headers const& original, DeadLetter const& letter,
                          DeadLetterDialect dialect) {
    auto written = letter;
    if (auto const redrive = read_redrive(original)) {
        written.redrives = redrive->redrives;
        if (redrive->original) written.original = redrive->original;
        if (redrive->original_timestamp) written.original_timestamp = redrive->original_timestamp;
    } else if (auto const count = decimal<std::int32_t>(find_header(original, redrives_header))) {
        written.redrives = std::max(*count, 0);
    }
    auto headers = first_header(original, known_as(Dialect::klamm).mark)
                       ? original_headers(original)
                       : original;
    remove_redrive(headers);
    auto const add_other = [&](Dialect other, std::string_view name, auto const& write) {
        remove(headers, known_as(other));
        write(headers, written);
        headers.push_back({std::string(dialect_header), std::string(name)});
    };
    if (dialect == DeadLetterDialect::spring) add_other(Dialect::spring, "spring", write_spring);
    if (dialect == DeadLetterDialect::share_group)
        add_other(Dialect::share_group, "share_group", write_share_group);
    write_klamm(headers, written);
    return headers;
}

DeadLetter read_dead_letter(Headers const& headers) {
    auto const* dialect = recognize(headers);
    if (dialect == nullptr) {
        DeadLetter letter;
        letter.dialect = Dialect::unknown;
        letter.park = Park::none;
        return letter;
    }
    auto letter = dialect->read(headers);
    letter.dialect = dialect->dialect;
    if (dialect->dialect != Dialect::klamm) {
        letter.park = Park::none;
        letter.redrives = decimal<std::int32_t>(find_header(headers, redrives_header)).value_or(0);
    }
    letter.redrives = std::max(letter.redrives, 0);
    letter.attempts = std::max(letter.attempts, 0);
    return letter;
}

Headers original_headers(Headers const& headers) {
    auto original = headers;
    if (auto const* dialect = recognize(headers)) {
        auto const also = find_header(headers, dialect_header);
        remove(original, *dialect);
        if (dialect->dialect == Dialect::klamm && also == "spring")
            remove(original, known_as(Dialect::spring));
        if (dialect->dialect == Dialect::klamm && also == "share_group")
            remove(original, known_as(Dialect::share_group));
    }
    remove_redrive(original);
    return original;
}

std::string dead_letter_topic(std::string_view topic, HandlerOptions const& options) {
    return options.dead_letter_topic.empty() ? fmt::format("{}-dlt", topic)
                                             : options.dead_letter_topic;
}

std::optional<Position> parse_position(std::string_view text) {
    auto const slash = text.find('/');
    if (slash == text.npos) return std::nullopt;
    auto const at = text.find('@', slash);
    if (at == text.npos) return std::nullopt;
    auto const partition = decimal<std::int32_t>(text.substr(slash + 1, at - slash - 1));
    auto const offset = decimal<std::int64_t>(text.substr(at + 1));
    if (slash == 0 || !partition || !offset) return std::nullopt;
    return Position{std::string(text.substr(0, slash)), *partition, *offset};
}

void write_redrive(Headers& headers, Redrive const& redrive) {
    remove_redrive(headers);
    auto const add = [&](std::string_view name, std::string value) {
        headers.push_back({fmt::format("{}{}", redrive_header, name), std::move(value)});
    };
    add("", to_string(redrive.dead_letter));
    add("_group", redrive.group);
    if (redrive.original) add("_original", to_string(*redrive.original));
    if (redrive.original_timestamp) add("_timestamp_ms", ms_of(*redrive.original_timestamp));
    if (redrive.last) add("_last", "true");
    if (redrive.discard) {
        add("_discard", cut_reason(redrive.reason));
        if (redrive.key) add("_key", *redrive.key);
    }
    headers.push_back({std::string(redrives_header), fmt::format("{}", redrive.redrives)});
}

std::optional<Redrive> read_redrive(Headers const& headers) {
    auto const of = [&](std::string_view name) {
        return find_header(headers, fmt::format("{}{}", redrive_header, name));
    };
    auto const dead_letter = parse_position(of("").value_or(""));
    if (!dead_letter) return std::nullopt;
    Redrive redrive;
    redrive.dead_letter = *dead_letter;
    redrive.group = of("_group").value_or("");
    redrive.redrives =
        std::max(decimal<std::int32_t>(find_header(headers, redrives_header)).value_or(1), 0);
    redrive.last = of("_last") == "true";
    redrive.original = parse_position(of("_original").value_or(""));
    redrive.original_timestamp = time_of(decimal<std::int64_t>(of("_timestamp_ms")));
    if (auto const reason = of("_discard")) {
        redrive.discard = true;
        redrive.reason = *reason;
        if (auto const key = of("_key")) redrive.key = std::string(*key);
    }
    return redrive;
}

std::optional<std::string> redriven_key(std::optional<Redrive> const& redrive,
                                        std::optional<std::string_view> record_key) {
    if (redrive && redrive->discard) return redrive->key;
    if (!record_key) return std::nullopt;
    return std::string(*record_key);
}

}  // namespace klamm::handler
