#include "klamm/schema/avro/check.h"

#include "klamm/base/utf8.h"

#include <algorithm>

namespace klamm::schema::avro {
namespace {

/// Sums stay below this: nothing that large is ever in a payload.
constexpr std::uint64_t size_max = std::uint64_t{1} << 40;

/// How many bytes a value takes where all take as many.
std::optional<std::uint64_t> fixed_size(Type const& type) {
    switch (type.kind) {
        case Kind::float32:
            return 4;
        case Kind::float64:
            return 8;
        case Kind::fixed:
            return type.size;
        default:
            return std::nullopt;
    }
}

}  // namespace

Sizes::Sizes(Model const& model) : fewest_(model.types.size()), known_(model.types.size()) {
    (void)find(model, model.root);
}

std::uint64_t Sizes::find(Model const& model, TypeId id) {
    if (known_[id]) return fewest_[id];
    known_[id] = true;
    // Until it is known, and met inside itself: such a value takes a byte somewhere, or never ends.
    fewest_[id] = 1;
    auto const& type = model[id];
    std::uint64_t size = 1;
    if (type.kind == Kind::null) {
        size = 0;
    } else if (auto const fixed = fixed_size(type)) {
        size = *fixed;
    } else if (type.kind == Kind::record) {
        size = 0;
        for (auto const& field : type.fields)
            size = std::min(size_max, size + find(model, field.type));
    } else if (type.kind == Kind::union_of) {
        auto least = type.branches.empty() ? 0 : size_max;
        for (auto const branch : type.branches) least = std::min(least, find(model, branch));
        size += least;
    } else if (type.kind == Kind::array || type.kind == Kind::map) {
        (void)find(model, type.element);
    }
    return fewest_[id] = size;
}

Program::Program(Model const& model, Sizes const& sizes)
    : root_(step_of(model, sizes, model.root)) {
    records_.clear();
}

Program::Step Program::step_of(Model const& model, Sizes const& sizes, TypeId id) {
    auto const& type = model[id];
    if (auto const size = fixed_size(type)) return {.op = Op::skip, .number = *size};
    if (sizes.none(id)) return {.op = Op::skip};
    switch (type.kind) {
        case Kind::boolean:
            return {.op = Op::boolean};
        case Kind::int32:
            return {.op = Op::int32};
        case Kind::int64:
            return {.op = Op::int64};
        case Kind::bytes:
            return {.op = Op::bytes};
        case Kind::string:
            return {.op = Op::string};
        case Kind::enumeration:
            return {.op = Op::index, .count = static_cast<std::uint32_t>(type.symbols.size())};
        case Kind::array:
        case Kind::map: {
            auto const at = steps_.size();
            steps_.push_back({});
            auto const element = step_of(model, sizes, type.element);
            steps_[at] = element;
            bool const array = type.kind == Kind::array;
            return {.op = array ? Op::array : Op::map,
                    .number = at,
                    // A key takes a byte at least.
                    .fewest = sizes.fewest(type.element) + (array ? 0 : 1)};
        }
        case Kind::union_of: {
            auto const first = steps_.size();
            steps_.resize(first + type.branches.size());
            for (std::size_t i = 0; i < type.branches.size(); ++i) {
                auto const branch = step_of(model, sizes, type.branches[i]);
                steps_[first + i] = branch;
            }
            return {.op = Op::union_of,
                    .count = static_cast<std::uint32_t>(type.branches.size()),
                    .number = first};
        }
        case Kind::record:
            break;
        default:
            std::unreachable();
    }

    if (auto const known = records_.find(id); known != records_.end()) return known->second;
    std::vector<Step> steps;
    std::vector<TypeId> inner;  // of each step, if it is to be filled in
    for (auto const& field : type.fields) {
        if (sizes.none(field.type)) continue;
        auto const size = fixed_size(model[field.type]);
        if (size && !steps.empty() && steps.back().op == Op::skip && steps.back().number > 0) {
            steps.back().number = std::min(size_max, steps.back().number + *size);
        } else {
            steps.push_back({.op = Op::skip, .number = size.value_or(0)});
            inner.push_back(field.type);
        }
    }
    Step const record{.op = Op::record,
                      .count = static_cast<std::uint32_t>(steps.size()),
                      .number = steps_.size()};
    records_.emplace(id, record);  // before its fields, which may lead back to it
    steps_.insert(steps_.end(), steps.begin(), steps.end());
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].number > 0) continue;
        auto const step = step_of(model, sizes, inner[i]);
        steps_[record.number + i] = step;
    }
    return record;
}

/// One walk over one payload. Null stands for no.
class Walk {
public:
    using Byte = std::uint8_t const;

    Walk(Program const& program, Byte* end) : steps_(program.steps_.data()), end_(end) {}

    Byte* value(Program::Step const& step, Byte* at) {
        using Op = Program::Op;
        switch (step.op) {
            case Op::skip:
                return step.number <= left(at) ? at + step.number : nullptr;
            case Op::boolean:
                return at != end_ && *at <= 1 ? at + 1 : nullptr;
            case Op::int32: {
                std::uint64_t raw = 0;
                at = varint(at, raw);
                return raw <= 0xffffffff ? at : nullptr;
            }
            case Op::int64: {
                std::uint64_t raw = 0;
                return varint(at, raw);
            }
            case Op::bytes: {
                std::uint64_t size = 0;
                at = length(at, size);
                return at != nullptr ? at + size : nullptr;
            }
            case Op::string:
                return text(at);
            case Op::index: {
                std::uint64_t raw = 0;
                at = varint(at, raw);
                return is_index(raw, step.count) ? at : nullptr;
            }
            case Op::array:
            case Op::map:
                return blocks(step, at);
            case Op::union_of: {
                std::uint64_t raw = 0;
                at = varint(at, raw);
                if (at == nullptr || !is_index(raw, step.count)) return nullptr;
                return value(steps_[step.number + (raw >> 1)], at);
            }
            case Op::record:
                return record(step, at);
        }
        std::unreachable();
    }

private:
    std::uint64_t left(Byte* at) const { return static_cast<std::uint64_t>(end_ - at); }
    static bool is_index(std::uint64_t raw, std::uint64_t count) {
        return (raw & 1) == 0 && (raw >> 1) < count;
    }

    Byte* varint(Byte* at, std::uint64_t& raw) const {
        if (at == end_) return nullptr;
        if (*at < 0x80) {
            raw = *at;
            return at + 1;
        }
        raw = 0;
        for (unsigned shift = 0; shift < 70 && at != end_; shift += 7, ++at) {
            raw |= std::uint64_t(*at & 0x7f) << (shift < 64 ? shift : 63);
            if (*at < 0x80) return shift == 63 && *at > 1 ? nullptr : at + 1;
        }
        return nullptr;
    }

    /// A length that is not negative, and that the payload has room for.
    Byte* length(Byte* at, std::uint64_t& size) const {
        std::uint64_t raw = 0;
        at = varint(at, raw);
        size = raw >> 1;
        return at != nullptr && (raw & 1) == 0 && size <= left(at) ? at : nullptr;
    }

    Byte* text(Byte* at) const {
        std::uint64_t size = 0;
        at = length(at, size);
        if (at == nullptr) return nullptr;
        return is_utf8(std::as_bytes(std::span(at, size))) ? at + size : nullptr;
    }

    Byte* record(Program::Step const& step, Byte* at) {
        if (++depth_ > limits::payload_depth) return nullptr;
        auto const* const fields = steps_ + step.number;
        for (std::uint32_t i = 0; i < step.count && at != nullptr; ++i) at = value(fields[i], at);
        --depth_;
        return at;
    }

    Byte* blocks(Program::Step const& step, Byte* at) {
        if (++depth_ > limits::payload_depth) return nullptr;
        for (;;) {
            std::uint64_t raw = 0;
            at = varint(at, raw);
            if (at == nullptr) return nullptr;
            if (raw == 0) break;
            Byte* block_end = nullptr;
            auto count = raw >> 1;
            if ((raw & 1) != 0) {
                count += 1;
                std::uint64_t size = 0;
                at = length(at, size);
                if (at == nullptr) return nullptr;
                block_end = at + size;
            }
            at = elements(step, at, count);
            if (at == nullptr || (block_end != nullptr && at != block_end)) return nullptr;
        }
        --depth_;
        return at;
    }

    Byte* elements(Program::Step const& step, Byte* at, std::uint64_t count) {
        if (step.fewest == 0) {
            empty_ += std::min<std::uint64_t>(count, limits::empty_elements + 1);
            return empty_ <= limits::empty_elements ? at : nullptr;
        }
        if (count > left(at) / step.fewest) return nullptr;
        auto const& element = steps_[step.number];
        for (std::uint64_t i = 0; i < count && at != nullptr; ++i) {
            if (step.op == Program::Op::map) at = text(at);
            if (at != nullptr) at = value(element, at);
        }
        return at;
    }

    Program::Step const* steps_;
    Byte* end_;
    std::size_t depth_ = 0;
    std::uint64_t empty_ = 0;
};

bool Program::accepts(ByteView payload) const {
    // An empty view may begin at null, which stands for no.
    static constexpr std::uint8_t nothing = 0;
    auto const* const begin =
        payload.empty() ? &nothing : reinterpret_cast<std::uint8_t const*>(payload.data());
    auto const* const end = begin + payload.size();
    return Walk(*this, end).value(root_, begin) == end;
}

}  // namespace klamm::schema::avro
