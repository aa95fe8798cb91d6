#include "klamm/schema/avro/encode.h"

#include "klamm/schema/avro/binary.h"
#include "klamm/schema/avro/numbers.h"
#include "klamm/schema/avro/path.h"
#include "klamm/schema/avro/print.h"
#include "klamm/schema/avro/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace klamm::schema::avro {
namespace {

using json::Value;
using Done = std::expected<void, PayloadError>;

/// Comparing names costs less than encoding values, but not nothing.
constexpr std::size_t searched_per_step = 16;

std::string shortened(std::string text) {
    constexpr std::size_t shown_max = 60;
    return text.size() > shown_max ? text.substr(0, shown_max) + "…" : text;
}

/// The first few of them.
std::string listed(std::vector<std::string> const& symbols) {
    constexpr std::size_t listed_max = 8;
    auto const shown = std::min(symbols.size(), listed_max);
    auto text = fmt::format(
        "{}", fmt::join(symbols.begin(), symbols.begin() + std::ptrdiff_t(shown), ", "));
    return shown < symbols.size() ? text + ", …" : text;
}

/// What stands there, without what is inside: refusals are many while branches are tried.
std::string glimpse(Value const& value) {
    if (value.is_array() && !value.array().empty()) return "[…]";
    if (value.is_object() && !value.object().empty()) return "{…}";
    return shortened(json::print(value));
}

/// The bytes that the characters up to U+00FF stand for; none: there are others.
std::optional<Bytes> bytes_of(std::string_view text) {
    Bytes bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            bytes.push_back(static_cast<std::byte>(c));
        } else if ((c == 0xc2 || c == 0xc3) && i + 1 < text.size()) {
            auto const next = static_cast<unsigned char>(text[++i]);
            bytes.push_back(static_cast<std::byte>(((c & 3u) << 6) | (next & 0x3fu)));
        } else {
            return std::nullopt;
        }
    }
    return bytes;
}

template <typename Bits>
void append_little(Bytes& out, Bits bits) {
    for (std::size_t i = 0; i < sizeof bits; ++i)
        out.push_back(static_cast<std::byte>(bits >> (8 * i)));
}

class Encoder {
public:
    /// `bare_unions`: as in defaults, where no value of a union names its branch.
    Encoder(Model const& model, bool bare_unions) : model_(model), bare_unions_(bare_unions) {}

    Done append(TypeId id, Value const& value, std::size_t depth) {
        auto const& type = model_[id];
        if (++work_ > limits::work)
            return refuse("size", value, fmt::format("more than {} steps", limits::work));
        if (depth > limits::payload_depth)
            return refuse(
                "depth", value,
                fmt::format("more than {} values inside each other", limits::payload_depth));
        if (out_.size() > limits::output_bytes)
            return refuse("size", value,
                          fmt::format("a payload of more than {} bytes", limits::output_bytes));
        switch (type.kind) {
            case Kind::null:
                if (!value.is_null()) return expected(id, value);
                return {};
            case Kind::boolean:
                if (!value.is_bool()) return expected(id, value);
                out_.push_back(value.boolean() ? std::byte{1} : std::byte{0});
                return {};
            case Kind::int32:
            case Kind::int64:
                return append_whole(id, value);
            case Kind::float32:
            case Kind::float64:
                return append_real(id, value);
            case Kind::string:
                if (!value.is_string()) return expected(id, value);
                append_bytes(out_, std::as_bytes(std::span(value.string())));
                return {};
            case Kind::bytes:
            case Kind::fixed:
                return append_octets(id, value);
            case Kind::enumeration:
                return append_symbol(id, value);
            case Kind::array:
                return append_array(id, value, depth + 1);
            case Kind::map:
                return append_map(id, value, depth + 1);
            case Kind::record:
                return append_record(id, value, depth + 1);
            case Kind::union_of:
                return append_union(id, value, depth);
        }
        std::unreachable();
    }

    Bytes take() { return std::move(out_); }

private:
    std::unexpected<PayloadError> refuse(std::string rule, Value const& value,
                                         std::string why) const {
        return std::unexpected(
            PayloadError{path_.text(), glimpse(value), std::move(rule), std::move(why)});
    }
    std::unexpected<PayloadError> expected(TypeId id, Value const& value) const {
        auto const* article = model_[id].kind == Kind::int32 ? "an" : "a";
        return refuse("type", value,
                      fmt::format("{} value of {} was expected", article, summary(model_, id)));
    }

    Done append_whole(TypeId id, Value const& value) {
        auto const number = value.as_int64();
        if (!number) return expected(id, value);
        if (model_[id].kind == Kind::int32 && *number != static_cast<std::int32_t>(*number))
            return refuse("type", value, "an int has 32 bits: -2147483648 to 2147483647");
        append_long(out_, *number);
        return {};
    }

    Done append_real(TypeId id, Value const& value) {
        auto const number = value.is_string() ? number_in(value.string()) : value.as_double();
        bool const spelled = value.is_string() && number && std::isfinite(*number);
        if (!number || spelled) return expected(id, value);
        if (model_[id].kind == Kind::float32) {
            append_little(out_, std::bit_cast<std::uint32_t>(static_cast<float>(*number)));
        } else {
            append_little(out_, std::bit_cast<std::uint64_t>(*number));
        }
        return {};
    }

    Done append_octets(TypeId id, Value const& value) {
        auto const& type = model_[id];
        if (!value.is_string()) return expected(id, value);
        auto const bytes = bytes_of(value.string());
        if (!bytes)
            return refuse("type", value,
                          "bytes are written as characters from U+0000 to U+00FF, one for each");
        if (type.kind == Kind::bytes) {
            append_bytes(out_, *bytes);
            return {};
        }
        if (bytes->size() != type.size)
            return refuse("size", value,
                          fmt::format("{} is {} bytes, and these are {}", type.name.full(),
                                      type.size, bytes->size()));
        out_.insert(out_.end(), bytes->begin(), bytes->end());
        return {};
    }

    Done append_symbol(TypeId id, Value const& value) {
        auto const& symbols = model_[id].symbols;
        if (!value.is_string()) return expected(id, value);
        auto const found = std::ranges::find(symbols, value.string());
        work_ += static_cast<std::size_t>(found - symbols.begin()) / searched_per_step;
        if (found == symbols.end())
            return refuse("enum", value,
                          fmt::format("no symbol of {}: {}", summary(model_, id), listed(symbols)));
        append_long(out_, found - symbols.begin());
        return {};
    }

    Done append_array(TypeId id, Value const& value, std::size_t depth) {
        if (!value.is_array()) return expected(id, value);
        auto const& elements = value.array();
        if (!elements.empty()) append_long(out_, static_cast<std::int64_t>(elements.size()));
        for (std::size_t i = 0; i < elements.size(); ++i) {
            auto const at = path_.enter(i);
            if (auto done = append(model_[id].element, elements[i], depth); !done) return done;
        }
        append_long(out_, 0);
        return {};
    }

    Done append_map(TypeId id, Value const& value, std::size_t depth) {
        if (!value.is_object()) return expected(id, value);
        auto const& members = value.object();
        if (!members.empty()) append_long(out_, static_cast<std::int64_t>(members.size()));
        for (auto const& member : members) {
            append_bytes(out_, std::as_bytes(std::span(member.key)));
            auto const at = path_.enter(member.key);
            if (auto done = append(model_[id].element, member.value, depth); !done) return done;
        }
        append_long(out_, 0);
        return {};
    }

    Done append_record(TypeId id, Value const& value, std::size_t depth) {
        auto const& type = model_[id];
        if (!value.is_object()) return expected(id, value);
        std::unordered_map<std::string_view, Value const*> given;
        for (auto const& member : value.object()) given.emplace(member.key, &member.value);
        for (auto const& field : type.fields) {
            auto const at = path_.enter(field.name);
            auto const found = given.find(field.name);
            Value const* written = found == given.end() ? nullptr : found->second;
            if (written != nullptr) {
                given.erase(found);
                if (auto done = append(field.type, *written, depth); !done) return done;
            } else if (field.default_value) {
                bool const before = std::exchange(bare_unions_, true);
                auto done = append(field.type, *field.default_value, depth);
                bare_unions_ = before;
                if (!done) return done;
            } else {
                return refuse("missing", value,
                              fmt::format("the field \"{}\" is not given, and "
                                          "has no default",
                                          field.name));
            }
        }
        if (given.empty()) return {};
        return refuse(
            "field", value,
            fmt::format("{} has no field \"{}\"", summary(model_, id), given.begin()->first));
    }

    // ---- unions ------------------------------------------------------------------------------

    Done append_branch(TypeId id, std::size_t branch, Value const& value, std::size_t depth) {
        auto const before = out_.size();
        append_long(out_, static_cast<std::int64_t>(branch));
        auto done = append(model_[id].branches[branch], value, depth);
        if (!done) out_.resize(before);
        return done;
    }

    std::optional<std::size_t> branch_named(Type const& type, std::string const& name) const {
        for (std::size_t i = 0; i < type.branches.size(); ++i)
            if (branch_name(model_[type.branches[i]]) == name) return i;
        for (std::size_t i = 0; i < type.branches.size(); ++i)
            if (model_[type.branches[i]].name.simple == name) return i;
        return std::nullopt;
    }

    Done append_union(TypeId id, Value const& value, std::size_t depth) {
        auto const& type = model_[id];
        if (bare_unions_) {
            auto const branch = fitting_branch(model_, type, value);
            if (!branch) return expected(id, value);
            return append_branch(id, *branch, value, depth);
        }
        std::optional<PayloadError> inside;  // why the branch that was meant does not take it
        if (value.is_object() && value.object().size() == 1) {
            auto const& member = value.object().front();
            work_ += type.branches.size() / searched_per_step;
            if (auto const branch = branch_named(type, member.key)) {
                auto done = append_branch(id, *branch, member.value, depth);
                if (done) return done;
                inside = done.error();
            }
        }
        std::size_t tried = 0;
        work_ += type.branches.size() / searched_per_step;
        for (std::size_t i = 0; i < type.branches.size(); ++i) {
            if (!may_be(model_[type.branches[i]].kind, value)) continue;
            auto done = append_branch(id, i, value, depth);
            if (done || work_ > limits::work) return done;
            if (++tried == 1 && !inside) inside = done.error();
        }
        if (inside && tried <= 1) return std::unexpected(*inside);
        return refuse("union", value,
                      fmt::format("no branch of {} takes this; {{\"type\": value}} names the one "
                                  "that is meant",
                                  summary(model_, id)));
    }

    /// What saves trying: whether a value of this form can be of the kind at all.
    static bool may_be(Kind kind, Value const& value) {
        switch (kind) {
            case Kind::null:
                return value.is_null();
            case Kind::boolean:
                return value.is_bool();
            case Kind::int32:
            case Kind::int64:
                return value.is_number();
            case Kind::float32:
            case Kind::float64:
                return value.is_number() || value.is_string();
            case Kind::bytes:
            case Kind::string:
            case Kind::enumeration:
            case Kind::fixed:
                return value.is_string();
            case Kind::array:
                return value.is_array();
            case Kind::map:
            case Kind::record:
                return value.is_object();
            case Kind::union_of:
                return false;
        }
        std::unreachable();
    }

    Model const& model_;
    bool bare_unions_;
    Path path_;
    Bytes out_;
    std::size_t work_ = 0;
};

}  // namespace

std::expected<Bytes, PayloadError> encode(Model const& model, std::string_view json) {
    // Each level of a value may be wrapped in the name of its branch.
    auto const value = json::parse(
        json, {.bytes_max = limits::output_bytes, .depth_max = 2 * limits::payload_depth});
    if (!value)
        return std::unexpected(
            PayloadError{.rule = "json", .why = "the value is no JSON: " + value.error().why});
    Encoder encoder(model, false);
    if (auto const done = encoder.append(model.root, *value, 0); !done)
        return std::unexpected(done.error());
    return encoder.take();
}

std::expected<Bytes, PayloadError> encode_default(Model const& model, Field const& field) {
    Encoder encoder(model, true);
    if (auto const done = encoder.append(field.type, *field.default_value, 0); !done)
        return std::unexpected(done.error());
    return encoder.take();
}

}  // namespace klamm::schema::avro
