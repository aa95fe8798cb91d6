// schema/protobuf/messages.h - the messages of a schema, laid out for walking over payloads.
// Private to this folder: it shows the library's headers.
//
// The walk builds nothing. It is stricter than the library's parser, which takes a known field in a
// wrong wire type for an unknown one and drops it: here that is an error.
#pragma once

#include "klamm/schema/protobuf/descriptors.h"

#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace klamm::schema::protobuf {

/// Messages and groups inside each other; the library's parsers have the same limit.
inline constexpr int payload_nesting_max = 100;
/// Of one payload; the library counts in 31 bits.
inline constexpr std::size_t payload_bytes_max = 1024UL * 1024 * 1024;

struct MessagePlan;

struct FieldPlan {
    pb::FieldDescriptor const* field = nullptr;
    MessagePlan const* inner = nullptr;  ///< of messages, groups and maps
    std::uint8_t wire = 0;               ///< the wire type of one element
    bool packable = false;               ///< repeated, of scalars: may also come as one block
    bool utf8 = false;
    int required = -1;  ///< the how-many-eth required field of its message
};

struct MessagePlan {
    pb::Descriptor const* type = nullptr;
    std::vector<FieldPlan> fields;           ///< in the order of their numbers
    std::vector<std::int32_t> low;           ///< number -> place in `fields`; -1: none
    std::vector<FieldPlan const*> required;  ///< of proto2

    FieldPlan const* find(std::uint32_t number) const {
        if (number < low.size())
            return low[number] < 0 ? nullptr : &fields[static_cast<std::size_t>(low[number])];
        return find_high(number);
    }
    FieldPlan const* find_high(std::uint32_t number) const;
};

/// Plans of all messages that a schema's own can contain. Never changes once built.
class Messages {
public:
    explicit Messages(Definitions const& definitions);

    /// The messages that `indexes` may mean, the likeliest first; empty: none. There can be several
    /// because writers disagree whether the entries of maps count among nested messages.
    std::vector<MessagePlan const*> at(MessageIndexes const& indexes) const;
    /// By its name without the package; null: there is none.
    MessagePlan const* named(std::string_view local) const;

private:
    Definitions const& definitions_;
    std::unordered_map<pb::Descriptor const*, std::unique_ptr<MessagePlan>> plans_;
};

/// Whether the bytes are one message of `plan`, whole. With `writer`: whether a reader of `plan`
/// sees in them what the writer meant.
[[nodiscard]] std::expected<void, PayloadError> walk(ByteView payload, MessagePlan const& plan,
                                                     MessagePlan const* writer = nullptr);

/// One line of JSON, by Protobuf's mapping; what that has no words for (a timestamp beyond year
/// 9999, an Any of an unknown type) is printed as the plain message. Requires that `walk` accepts
/// it.
[[nodiscard]] std::expected<std::string, PayloadError> to_json(ByteView payload,
                                                               pb::Descriptor const& type,
                                                               Definitions const& definitions);
[[nodiscard]] std::expected<Bytes, PayloadError> from_json(std::string_view json,
                                                           pb::Descriptor const& type,
                                                           Definitions const& definitions);

}  // namespace klamm::schema::protobuf
