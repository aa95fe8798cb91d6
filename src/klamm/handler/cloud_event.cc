#include "klamm/handler/cloud_event.h"

#include "klamm/base/base64.h"
#include "klamm/base/siphash.h"
#include "klamm/handler/rfc3339.h"
#include "klamm/json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace klamm::handler {
namespace {

constexpr std::string_view content_type_header = "content-type";
constexpr std::string_view traceparent_header = "traceparent";
constexpr std::string_view tracestate_header = "tracestate";
/// W3C asks for 512 at least; longer than this is not carried further.
constexpr std::size_t tracestate_bytes_max = 4096;
/// Of an event in structured mode; the attributes are flat, the data is what may be deep.
constexpr json::Limits structured_limits{.depth_max = 200};
constexpr std::size_t structured_attributes_max = 200;

using Attribute = std::pair<std::string_view, std::string EventContext::*>;
constexpr std::array<Attribute, 7> attributes{{
    {"id", &EventContext::id},
    {"source", &EventContext::source},
    {"type", &EventContext::type},
    {"subject", &EventContext::subject},
    {"dataschema", &EventContext::data_schema},
    {"correlationid", &EventContext::correlation_id},
    {"causationid", &EventContext::causation_id},
}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins_with_caseless(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                      [](char a, char b) { return a == lower(b); });
}

bool is_hex(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

void read_headers(Headers const& headers, EventContext& event) {
    for (auto const& header : headers) {
        if (!header.value) continue;
        auto const& value = *header.value;
        if (header.name.starts_with("ce_")) {
            auto const name = std::string_view(header.name).substr(3);
            auto const* const it = std::ranges::find(attributes, name, &Attribute::first);
            if (it != attributes.end())
                event.*it->second = value;
            else if (name == "time")
                event.time = from_rfc3339(value);
        } else if (header.name == content_type_header) {
            event.content_type = value;
        } else if (header.name == traceparent_header) {
            event.traceparent = value;
        } else if (header.name == tracestate_header) {
            event.tracestate = value;
        }
    }
    // An attribute is the trace in which the event was made; it counts where no hop says more.
    if (event.traceparent.empty())
        event.traceparent = find_header(headers, "ce_traceparent").value_or("");
    if (event.tracestate.empty())
        event.tracestate = find_header(headers, "ce_tracestate").value_or("");
    if (!is_traceparent(event.traceparent)) event.traceparent.clear();
    if (event.traceparent.empty() || event.tracestate.size() > tracestate_bytes_max)
        event.tracestate.clear();
}

/// "a/b+json; charset=UTF-8" is.
bool is_json(std::string_view content_type) {
    auto const type = content_type.substr(0, content_type.find(';'));
    std::string lowered(type.substr(0, type.find_last_not_of(' ') + 1));
    std::ranges::transform(lowered, lowered.begin(), lower);
    return lowered.empty() || lowered.ends_with("/json") || lowered.ends_with("+json");
}

std::expected<json::Value, std::string> parse_structured(std::string_view value) {
    auto document = json::parse(value, structured_limits);
    if (!document) return std::unexpected(document.error().why);
    if (!document->is_object()) return std::unexpected("it is no JSON object");
    if (document->object().size() > structured_attributes_max)
        return std::unexpected(
            fmt::format("it has more than {} attributes", structured_attributes_max));
    for (auto const name : {"specversion", "id", "source", "type"}) {
        auto const* const found = document->find_string(name);
        if (found == nullptr || found->empty())
            return std::unexpected(fmt::format("/{}: expected a string that is not empty", name));
    }
    auto const& version = *document->find_string("specversion");
    if (!version.starts_with("1."))
        return std::unexpected(fmt::format("/specversion: expected 1.0, found {:.20}", version));
    if (auto const* const bytes = document->find("data_base64")) {
        if (!bytes->is_string() || !base64_decoded(bytes->string()))
            return std::unexpected("/data_base64: expected bytes in base64");
        if (document->find("data") != nullptr)
            return std::unexpected("it has both data and data_base64");
    }
    return *std::move(document);
}

/// An attribute as binary mode has it; none: it has no value, or it is none.
std::optional<std::string> text_of(json::Value const& value) {
    if (value.is_string()) return value.string();
    if (value.is_number()) return value.number();
    if (value.is_bool()) return value.boolean() ? "true" : "false";
    return std::nullopt;
}

std::optional<std::string> data_of(json::Value const& event, std::string_view content_type) {
    if (auto const* const bytes = event.find_string("data_base64")) return base64_decoded(*bytes);
    auto const* const data = event.find("data");
    if (data == nullptr || data->is_null()) return std::nullopt;
    if (data->is_string() && !is_json(content_type)) return data->string();
    return json::print(*data);
}

void read_structured(Incoming& incoming) {
    auto& message = incoming.message;
    auto const event = parse_structured(*message.value);
    if (!event) return;
    auto const* const declared = event->find_string("datacontenttype");
    auto const content_type = declared ? *declared : std::string("application/json");
    set_header(message.headers, content_type_header, content_type);
    for (auto const& [name, value] : event->object()) {
        if (name == "data" || name == "data_base64" || name == "datacontenttype") continue;
        if (auto text = text_of(value))
            set_header(message.headers, fmt::format("ce_{}", name), *std::move(text));
    }
    auto data = data_of(*event, content_type);
    message.value.reset();
    if (!data) return;
    incoming.storage = std::make_shared<std::string const>(*std::move(data));
    message.value = *incoming.storage;
}

/// A hash of texts that cannot run into each other.
Hash128 hash_of(std::initializer_list<std::string_view> texts) {
    fmt::memory_buffer bytes;
    for (auto const text : texts) {
        fmt::format_int const size(text.size());
        bytes.append(size.data(), size.data() + size.size());
        bytes.push_back(':');
        bytes.append(text);
    }
    // Anybody may know the key: equal ids must come from equal causes everywhere.
    constexpr Hash128 key{.high = 0x6b6c616d6d2e6964, .low = 0x2e6f662e73656e64};
    return siphash128(std::as_bytes(std::span(bytes.data(), bytes.size())), key);
}

/// Version 8 of RFC 9562: 122 bits, made in our own way.
SendContext::Id uuid_of(Hash128 hash) {
    hash.high = (hash.high & ~std::uint64_t{0xf000}) | 0x8000;
    hash.low = (hash.low & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63;
    constexpr std::string_view digits = "0123456789abcdef";
    SendContext::Id text{};
    std::size_t at = 0;
    for (auto const half : {hash.high, hash.low})
        for (int shift = 60; shift >= 0; shift -= 4) {
            if (at == 8 || at == 13 || at == 18 || at == 23) text[at++] = '-';
            text[at++] = digits[(half >> shift) & 15U];
        }
    return text;
}

ContextView view_of(EventContext const& context) {
    return {.id = context.id,
            .source = context.source,
            .type = context.type,
            .subject = context.subject,
            .data_schema = context.data_schema,
            .content_type = context.content_type,
            .time = context.time,
            .correlation_id = context.correlation_id,
            .causation_id = context.causation_id,
            .traceparent = context.traceparent,
            .tracestate = context.tracestate};
}

/// Calls `write` with the name and the value of each header, in order.
template <class Write>
void each_header(ContextView const& context, Write write) {
    auto const give = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) write(name, value);
    };
    give("ce_specversion", "1.0");
    give("ce_id", context.id);
    give("ce_source", context.source);
    give("ce_type", context.type);
    if (context.time) {
        Rfc3339 const time(*context.time);
        give("ce_time", time.text());
    }
    give("ce_subject", context.subject);
    give("ce_dataschema", context.data_schema);
    give("ce_correlationid", context.correlation_id);
    give("ce_causationid", context.causation_id);
    give(content_type_header, context.content_type);
    give(traceparent_header, context.traceparent);
    give(tracestate_header, context.tracestate);
}

}  // namespace

void write_context(Headers& headers, EventContext const& context) {
    write_headers(headers, view_of(context));
}

void write_headers(Headers& headers, ContextView const& context) {
    constexpr std::size_t most = 12;
    bool const fresh = headers.empty();  // then there is nothing to replace
    headers.reserve(headers.size() + most);
    each_header(context, [&](std::string_view name, std::string_view value) {
        if (fresh)
            headers.push_back({std::string(name), std::string(value)});
        else
            set_header(headers, name, std::string(value));
    });
}

void write_headers(bus::HeaderBlock& headers, ContextView const& context) {
    constexpr std::size_t names_and_numbers = 200;  // of all but the rare ones
    headers.reserve(names_and_numbers + context.id.size() + context.source.size() +
                    context.type.size() + context.correlation_id.size() +
                    context.causation_id.size());
    each_header(context,
                [&](std::string_view name, std::string_view value) { headers.add(name, value); });
}

Incoming read_message(Message record) {
    Incoming incoming{std::move(record), nullptr};
    auto& message = incoming.message;
    if (message.value &&
        is_structured(find_header(message.headers, content_type_header).value_or("")))
        read_structured(incoming);
    auto& event = message.event;
    if (!message.headers.empty()) read_headers(message.headers, event);
    if (event.id.empty() || event.source.empty()) {
        event.id = to_string(message.position);
        event.source = "/" + message.position.topic;
    }
    return incoming;
}

bool is_structured(std::string_view content_type) {
    constexpr std::string_view type = "application/cloudevents+json";
    if (!begins_with_caseless(content_type, type)) return false;
    auto const rest = content_type.substr(type.size());
    return rest.empty() || rest.front() == ';' || rest.front() == ' ';
}

std::string problem_of_structured(std::string_view value) {
    auto const event = parse_structured(value);
    return event ? std::string() : event.error();
}

SendContext::SendContext(EventContext const& cause, std::string_view handler, std::uint32_t number,
                         std::string_view source, std::string_view type, Time now)
    : id_(uuid_of(hash_of(
          {cause.source, cause.id, handler, std::string_view(fmt::format_int(number).c_str())}))) {
    view.id = {id_.data(), id_.size()};
    view.source = source;
    view.type = type;
    view.time = now;
    view.correlation_id = cause.correlation_id.empty() ? cause.id : cause.correlation_id;
    view.causation_id = cause.id;
    if (!cause.traceparent.empty()) traceparent_ = child_traceparent(cause.traceparent, view.id);
    view.traceparent = traceparent_;
    if (!traceparent_.empty()) view.tracestate = cause.tracestate;
}

// version "-" trace id "-" span id "-" flags:
// 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
bool is_traceparent(std::string_view text) {
    constexpr std::size_t size = 55;
    if (text.size() < size || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
    auto const version = text.substr(0, 2);
    auto const trace = text.substr(3, 32);
    auto const span = text.substr(36, 16);
    if (!is_hex(version) || !is_hex(trace) || !is_hex(span) || !is_hex(text.substr(53, 2)))
        return false;
    if (version == "ff" || is_zero(trace) || is_zero(span)) return false;
    // Later versions may have more behind the flags.
    return text.size() == size || (version != "00" && text[size] == '-');
}

std::string child_traceparent(std::string_view parent, std::string_view id) {
    if (!is_traceparent(parent)) return {};
    auto const span = hash_of({parent, id}).low | 1;  // never all zero
    auto const digit = [](char c) {
        return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    };
    // Sampled and random-trace-id are known; what is not must be 0.
    return fmt::format("00-{}-{:016x}-{:02x}", parent.substr(3, 32), span, digit(parent[54]) & 3U);
}

}  // namespace klamm::handler
