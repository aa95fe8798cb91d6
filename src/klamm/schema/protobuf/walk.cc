#include "klamm/base/utf8.h"
#include "klamm/schema/protobuf/differences.h"
#include "klamm/schema/protobuf/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace klamm::schema::protobuf {
namespace {

enum Wire : std::uint32_t { varint, fixed64, block, group_start, group_end, fixed32 };

constexpr std::string_view wire_names[] = {"a varint",      "8 bytes",       "a block of bytes",
                                           "a group start", "a group's end", "4 bytes",
                                           "wire type 6",   "wire type 7"};

class Walk {
public:
    explicit Walk(ByteView payload)
        : at_(reinterpret_cast<unsigned char const*>(payload.data())), end_(at_ + payload.size()) {}

    bool message(MessagePlan const& plan, MessagePlan const* writer, unsigned char const* end,
                 std::uint32_t group, int depth);
    PayloadError error();
    unsigned char const* end() const { return end_; }

private:
    bool fail(std::string_view rule, std::string why, std::string value = {}) {
        error_ = {.value = std::move(value), .rule = std::string(rule), .why = std::move(why)};
        return false;
    }
    bool fail_inside(MessagePlan const& plan, FieldPlan const& field, unsigned char const* begin,
                     unsigned char const* tag);
    bool read_varint(std::uint64_t& value, unsigned char const* end);
    bool read_length(std::size_t& length, unsigned char const* end);
    bool skip(std::uint32_t number, std::uint32_t wire, unsigned char const* end, int depth);
    bool value(FieldPlan const& field, FieldPlan const* written, std::uint32_t wire,
               unsigned char const* end, int depth);
    bool element(FieldPlan const& field, FieldPlan const* written, unsigned char const* end,
                 int depth);
    bool contents(FieldPlan const& field, FieldPlan const* written, unsigned char const* end,
                  int depth);
    bool fits(FieldPlan const& field, std::uint64_t value);
    bool same_kind(FieldPlan const& field, FieldPlan const& written);
    bool present(MessagePlan const& plan, std::uint64_t seen, std::vector<bool> const& seen_more);

    unsigned char const* at_;
    unsigned char const* end_;
    PayloadError error_;
    std::vector<std::string> path_;  // from the inside out
};

bool Walk::read_varint(std::uint64_t& value, unsigned char const* end) {
    if (at_ < end && *at_ < 0x80) {
        value = *at_++;
        return true;
    }
    value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (at_ >= end) return fail("truncated", "the bytes end inside a number");
        std::uint64_t const byte = *at_++;
        if (shift == 63 && byte > 1) break;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return fail("varint", "a number has more than 64 bits");
}

bool Walk::read_length(std::size_t& length, unsigned char const* end) {
    std::uint64_t value = 0;
    if (!read_varint(value, end)) return false;
    auto const left = static_cast<std::uint64_t>(end - at_);
    if (value > left)
        return fail("truncated", fmt::format("{} bytes are announced, {} are left", value, left));
    length = static_cast<std::size_t>(value);
    return true;
}

bool Walk::skip(std::uint32_t number, std::uint32_t wire, unsigned char const* end, int depth) {
    std::uint64_t ignored = 0;
    std::size_t length = 0;
    switch (wire) {
        case varint:
            return read_varint(ignored, end);
        case fixed64:
        case fixed32:
            length = wire == fixed64 ? 8 : 4;
            if (static_cast<std::size_t>(end - at_) < length)
                return fail("truncated", "the bytes end inside a number");
            at_ += length;
            return true;
        case block:
            if (!read_length(length, end)) return false;
            at_ += length;
            return true;
        case group_start: {
            static MessagePlan const unknown;
            return message(unknown, nullptr, end, number, depth + 1);
        }
        default:
            return fail("tag", fmt::format("field {} has {}", number, wire_names[wire & 7]));
    }
}

/// For readers of another type: whether the value is the same in theirs.
bool Walk::fits(FieldPlan const& field, std::uint64_t value) {
    using Type = pb::FieldDescriptor::Type;
    auto const as_signed = static_cast<std::int64_t>(value);
    bool good = true;
    switch (field.field->type()) {
        case Type::TYPE_INT32:
        case Type::TYPE_ENUM:
            good = as_signed >= std::numeric_limits<std::int32_t>::min() &&
                   as_signed <= std::numeric_limits<std::int32_t>::max();
            break;
        case Type::TYPE_UINT32:
        case Type::TYPE_SINT32:
            good = value <= std::numeric_limits<std::uint32_t>::max();
            break;
        case Type::TYPE_BOOL:
            good = value <= 1;
            break;
        default:
            break;
    }
    if (good) return true;
    return fail("range", fmt::format("the number does not fit into {}", field.field->type_name()),
                std::to_string(as_signed));
}

bool Walk::same_kind(FieldPlan const& field, FieldPlan const& written) {
    bool const scalar = field.inner == nullptr;
    if (scalar == (written.inner == nullptr) &&
        (!scalar || scalar_kind(*field.field) == scalar_kind(*written.field)) &&
        field.field->is_map() == written.field->is_map())
        return true;
    return fail("type", fmt::format("it was written as {} and is read as {}",
                                    written.field->type_name(), field.field->type_name()));
}

bool Walk::contents(FieldPlan const& field, FieldPlan const* written, unsigned char const* end,
                    int depth) {
    if (field.inner != nullptr)
        return message(*field.inner, written == nullptr ? nullptr : written->inner, end, 0,
                       depth + 1);
    std::string_view const text(reinterpret_cast<char const*>(at_),
                                static_cast<std::size_t>(end - at_));
    at_ = end;
    if (field.utf8 && !is_utf8(text)) {
        std::string shown;
        for (char const c : text.substr(0, 20))
            shown += c >= ' ' && c < 0x7f ? std::string(1, c)
                                          : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        return fail("utf8", "a string is no UTF-8; bytes that are no text want type bytes", shown);
    }
    return true;
}

/// One value in the wire type of the field.
bool Walk::element(FieldPlan const& field, FieldPlan const* written, unsigned char const* end,
                   int depth) {
    if (field.wire == varint) {
        std::uint64_t value = 0;
        return read_varint(value, end) && (written == nullptr || fits(field, value));
    }
    if (field.wire == block) {
        std::size_t length = 0;
        return read_length(length, end) && contents(field, written, at_ + length, depth);
    }
    if (field.wire == group_start)
        return message(*field.inner, written == nullptr ? nullptr : written->inner, end,
                       static_cast<std::uint32_t>(field.field->number()), depth + 1);
    return skip(0, field.wire, end, depth);
}

bool Walk::value(FieldPlan const& field, FieldPlan const* written, std::uint32_t wire,
                 unsigned char const* end, int depth) {
    if (written != nullptr && !same_kind(field, *written)) return false;
    if (wire == field.wire) return element(field, written, end, depth);
    if (wire != block || !field.packable)
        return fail("wire_type",
                    fmt::format("{} is written as {}, not as {}", field.field->type_name(),
                                wire_names[field.wire], wire_names[wire & 7]));
    std::size_t length = 0;
    if (!read_length(length, end)) return false;
    for (auto const* packed_end = at_ + length; at_ < packed_end;)
        if (!element(field, written, packed_end, depth)) return false;
    return true;
}

bool Walk::present(MessagePlan const& plan, std::uint64_t seen,
                   std::vector<bool> const& seen_more) {
    for (std::size_t i = 0; i < plan.required.size(); ++i) {
        if (i < 64 ? (seen >> i & 1) != 0 : seen_more[i]) continue;
        return fail("required",
                    fmt::format("required field '{}' is missing", plan.required[i]->field->name()));
    }
    return true;
}

bool Walk::message(MessagePlan const& plan, MessagePlan const* writer, unsigned char const* end,
                   std::uint32_t group, int depth) {
    if (depth > payload_nesting_max)
        return fail("nesting", fmt::format("messages stand in each other more than {} deep",
                                           payload_nesting_max));
    auto const* const begin = at_;
    std::uint64_t seen = 0;
    std::vector<bool> seen_more;
    if (plan.required.size() > 64) seen_more.resize(plan.required.size());
    // What came of each oneof, only for readers: the reader's field, and the writer's.
    std::map<pb::OneofDescriptor const*, std::pair<FieldPlan const*, FieldPlan const*>> chosen;
    while (at_ < end) {
        auto const* const tag_at = at_;
        std::uint64_t tag = 0;
        if (!read_varint(tag, end)) return false;
        if (tag > std::numeric_limits<std::uint32_t>::max() || tag < 8)
            return fail("tag", "a field has a number that no field can have");
        auto const number = static_cast<std::uint32_t>(tag) >> 3;
        auto const wire = static_cast<std::uint32_t>(tag) & 7;
        if (wire == group_end) {
            if (group == 0 || number != group)
                return fail("group", "a group ends that did not begin");
            return present(plan, seen, seen_more);
        }
        auto const* field = plan.find(number);
        if (field == nullptr) {
            if (!skip(number, wire, end, depth)) return false;
            continue;
        }
        auto const* written = writer == nullptr ? nullptr : writer->find(number);
        if (!value(*field, written, wire, end, depth))
            return fail_inside(plan, *field, begin, tag_at);
        if (field->required >= 64)
            seen_more[static_cast<std::size_t>(field->required)] = true;
        else if (field->required >= 0)
            seen |= std::uint64_t{1} << field->required;
        auto const* oneof = written == nullptr ? nullptr : field->field->real_containing_oneof();
        if (oneof != nullptr) {
            auto const [first, is_first] = chosen.try_emplace(oneof, field, written);
            auto const& [other, other_written] = first->second;
            auto const* group_then = written->field->real_containing_oneof();
            if (!is_first && other != field &&
                (group_then == nullptr ||
                 group_then != other_written->field->real_containing_oneof()))
                return fail("oneof",
                            fmt::format("'{}' and '{}' are both set, but of oneof '{}' "
                                        "only the last is seen",
                                        other->field->name(), field->field->name(), oneof->name()));
        }
    }
    if (group != 0) return fail("truncated", "the bytes end inside a group");
    return present(plan, seen, seen_more);
}

/// Adds the field to the path of the error, with its place among its likes if it is repeated.
bool Walk::fail_inside(MessagePlan const& plan, FieldPlan const& field, unsigned char const* begin,
                       unsigned char const* tag) {
    if (field.field->is_repeated()) {
        std::size_t before = 0;
        Walk again(
            {reinterpret_cast<std::byte const*>(begin), reinterpret_cast<std::byte const*>(tag)});
        for (std::uint64_t each = 0; again.at_ < again.end_;) {
            if (!again.read_varint(each, again.end_)) break;
            auto const number = static_cast<std::uint32_t>(each >> 3);
            if (plan.find(number) == &field) ++before;
            if (!again.skip(number, static_cast<std::uint32_t>(each & 7), again.end_, 0)) break;
        }
        path_.push_back(std::to_string(before));
    }
    path_.push_back(field.field->name());
    return false;
}

PayloadError Walk::error() {
    for (auto const& step : path_) error_.path.insert(0, "/" + step);
    return error_;
}

}  // namespace

std::expected<void, PayloadError> walk(ByteView payload, MessagePlan const& plan,
                                       MessagePlan const* writer) {
    if (payload.size() > payload_bytes_max)
        return std::unexpected(PayloadError{
            .rule = "size", .why = fmt::format("more than {} bytes", payload_bytes_max)});
    Walk walk(payload);
    if (walk.message(plan, writer, walk.end(), 0, 0)) return {};
    return std::unexpected(walk.error());
}

}  // namespace klamm::schema::protobuf
