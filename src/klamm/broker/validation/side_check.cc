#include "klamm/broker/validation/side_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace klamm::broker {
namespace {

using records::RecordView;
using schema::PayloadError;

/// Only the default context: subjects that topics name have no other.
constexpr std::string_view context = ".";

bool begins_with(ByteView bytes, ByteView front) {
    return bytes.size() >= front.size() &&
           std::memcmp(bytes.data(), front.data(), front.size()) == 0;
}

/// The last header of this name, as Confluent's readers take it.
std::optional<ByteView> header(RecordView const& record, std::string_view name) {
    std::optional<ByteView> found;
    records::VarintReader in{record.headers};
    for (std::int32_t i = 0; i < record.headers_count; ++i) {
        auto const one = records::take_header(in);
        if (one.key.size() == name.size() && begins_with(one.key, std::as_bytes(std::span{name})))
            found = one.value;
    }
    return found;
}

/// Cut before `bytes_max`, between two characters.
std::string clip(std::string text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    auto end = bytes_max - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    return text + "...";
}

/// With a full stop, if it has none.
std::string sentence(std::string why) {
    if (!why.empty() && !why.ends_with('.')) why += '.';
    return why;
}

}  // namespace

SideCheck::SideCheck(Side side, std::string_view topic, SideRules const& rules,
                     registry::State const& registry)
    : side_(side), topic_(topic), rules_(rules), registry_(registry) {}

std::string_view SideCheck::side_name() const { return side_ == Side::key ? "key" : "value"; }

bool SideCheck::needs_parsed() const {
    return rules_.depth == ValidationDepth::payload ||
           rules_.strategy != SubjectNameStrategy::topic_name;
}

std::optional<std::string> SideCheck::refuse(RecordView const& record) {
    if (rules_.depth == ValidationDepth::off) return std::nullopt;
    auto const& bytes = side_ == Side::key ? record.key : record.value;
    if (!bytes) return std::nullopt;
    std::optional<ByteView> named;
    if (record.headers_count > 0)
        named = header(record, side_ == Side::key ? "__key_schema_id" : "__value_schema_id");
    auto const known = know(named ? *named : *bytes);
    if (!known) return clip(known.error(), refusal_text_bytes_max);
    if (rules_.depth != ValidationDepth::payload) return std::nullopt;
    auto const& [front, stored, parsed, indexes, subject, version] = **known;
    auto const checked = parsed->check(named ? *bytes : bytes->subspan(front.size()), indexes);
    if (checked) return std::nullopt;
    auto const& [path, value, rule, why] = checked.error();
    return clip(
        fmt::format("The {}{}{}{}{} breaks rule '{}' of subject '{}' version {} (schema id "
                    "{}): {} Send what this version allows, or register one that allows "
                    "it and send with that.",
                    side_name(), path.empty() ? "" : " at ", path, value.empty() ? "" : ", ", value,
                    rule, subject, version, stored->id(), sentence(why)),
        refusal_text_bytes_max);
}

auto SideCheck::know(ByteView bytes) -> std::expected<Known const*, std::string> {
    for (auto const& known : known_) {
        if (begins_with(bytes, known.front)) return &known;
    }
    auto found = look_up(bytes);
    if (!found) return std::unexpected(std::move(found.error()));
    if (known_.size() < known_max) return &known_.emplace_back(std::move(*found));
    auto& place = known_[next_known_++ % known_max];
    place = std::move(*found);
    return &place;
}

auto SideCheck::look_up(ByteView bytes) const -> std::expected<Known, std::string> {
    auto const framing = schema::read_framing(bytes);
    if (!framing)
        return std::unexpected(fmt::format(
            "The {} does not begin with the id of a schema (rule '{}'): {} Topic '{}' takes what "
            "serializers of a schema registry write.",
            side_name(), framing.error().rule, sentence(framing.error().why), topic_));
    auto stored = find(*framing);
    if (!stored) return std::unexpected(std::move(stored.error()));
    Known known{.stored = std::move(*stored)};
    auto rest = bytes.subspan(framing->prefix_bytes);
    if (needs_parsed()) {
        auto const& parsed = known.stored->parsed();
        if (!parsed)
            return std::unexpected(fmt::format(
                "The {} has schema id {}, which cannot be read (rule 'schema'): {} Register a "
                "schema that can.",
                side_name(), known.stored->id(), sentence(parsed.error().why)));
        known.parsed = parsed->get();
        if (known.stored->type() == schema::Type::protobuf) {
            auto indexes = schema::read_indexes(rest);
            if (!indexes)
                return std::unexpected(
                    fmt::format("The {} does not say which message of schema id {} it is (rule "
                                "'{}'): {}",
                                side_name(), known.stored->id(), indexes.error().rule,
                                sentence(indexes.error().why)));
            known.indexes = std::move(*indexes);
        }
    }
    auto const front = bytes.first(bytes.size() - rest.size());
    known.front.assign(front.begin(), front.end());
    auto subject = subject_of(known);
    if (!subject) return std::unexpected(std::move(subject.error()));
    known.subject = std::move(*subject);
    auto const version = registry_.version_of(known.subject, *known.stored);
    if (!version)
        return std::unexpected(fmt::format(
            "The {} has schema id {}, which is not registered under subject '{}' (rule "
            "'subject'). Register it there, or set confluent.{}.subject.name.strategy of topic "
            "'{}', which is {}.",
            side_name(), known.stored->id(), known.subject, side_name(), topic_,
            to_string(rules_.strategy)));
    known.version = *version;
    return known;
}

std::expected<registry::StoredSchemaPtr, std::string> SideCheck::find(
    schema::Framing const& framing) const {
    bool const by_id = framing.guid.empty();
    auto found = by_id ? registry_.by_id(context, framing.id) : registry_.by_guid(framing.guid);
    if (found) return found;
    return std::unexpected(fmt::format(
        "The {} has schema {} {}, which this broker's registry does not know (rule '{}'). Register "
        "the schema here, and let the producer's serializer use this registry.",
        side_name(), by_id ? "id" : "GUID", by_id ? std::to_string(framing.id) : framing.guid,
        by_id ? "id" : "guid"));
}

std::expected<std::string, std::string> SideCheck::subject_of(Known const& known) const {
    if (rules_.strategy == SubjectNameStrategy::topic_name)
        return fmt::format("{}-{}", topic_, side_name());
    auto name = known.parsed->record_name(known.indexes);
    if (name.empty())
        return std::unexpected(fmt::format(
            "The {} has schema id {}, in which no record has a name (rule 'record-name'), and "
            "topic '{}' wants {}. Name it, or set confluent.{}.subject.name.strategy.",
            side_name(), known.stored->id(), topic_, to_string(rules_.strategy), side_name()));
    if (rules_.strategy == SubjectNameStrategy::record_name) return name;
    return fmt::format("{}-{}", topic_, name);
}

}  // namespace klamm::broker
