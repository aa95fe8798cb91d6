#include "klamm/schema/avro/decode.h"

#include "klamm/schema/avro/numbers.h"

#include <fmt/format.h>

#include <cmath>

namespace klamm::schema::avro {

std::string quote_bytes(ByteView bytes) {
    std::string text;
    for (auto const byte : bytes) {
        auto const c = std::to_integer<unsigned>(byte);
        if (c < 0x80) {
            text += static_cast<char>(c);
        } else {
            text += static_cast<char>(0xc0 | (c >> 6));
            text += static_cast<char>(0x80 | (c & 0x3f));
        }
    }
    return json::quote(text);
}

std::string quote_real(double number) {
    auto text = java_text(number);
    return std::isfinite(number) ? text : json::quote(text);
}

std::string too_deep() {
    return fmt::format("more than {} values inside each other", limits::payload_depth);
}

void append_nothing(Model const& model, TypeId id, std::string& out) {
    auto const& type = model[id];
    if (type.kind == Kind::null) {
        out += "null";
    } else if (type.kind == Kind::fixed) {
        out += "\"\"";
    } else {
        out += '{';
        for (std::size_t i = 0; i < type.fields.size() && out.size() <= limits::output_bytes; ++i) {
            if (i > 0) out += ',';
            out += json::quote(type.fields[i].name) + ':';
            append_nothing(model, type.fields[i].type, out);
        }
        out += '}';
    }
}

std::expected<void, PayloadError> Decoder::append(TypeId id, std::size_t depth, std::string& out) {
    auto const& type = model_[id];
    if (out.size() > limits::output_bytes)
        return reader_.refuse("size",
                              fmt::format("more than {} bytes of JSON", limits::output_bytes));
    if (sizes_.none(id)) {
        append_nothing(model_, id, out);
        return {};
    }
    auto const add = [&](auto const& value, auto const& text_of) -> Done {
        if (!value) return std::unexpected(value.error());
        out += text_of(*value);
        return {};
    };
    switch (type.kind) {
        case Kind::boolean:
            return add(reader_.read_boolean(), [](bool yes) { return yes ? "true" : "false"; });
        case Kind::int32:
            return add(reader_.read_int(), [](auto value) { return std::to_string(value); });
        case Kind::int64:
            return add(reader_.read_long("a long"),
                       [](auto value) { return std::to_string(value); });
        case Kind::float32:
            return add(reader_.read_float(), quote_real);
        case Kind::float64:
            return add(reader_.read_double(), quote_real);
        case Kind::bytes:
            return add(reader_.read_bytes("bytes"), quote_bytes);
        case Kind::fixed:
            return add(reader_.take(type.size, "a fixed"), quote_bytes);
        case Kind::string:
            return add(reader_.read_string(), json::quote);
        case Kind::enumeration:
            return add(reader_.read_index(type.symbols.size(), "symbol"),
                       [&](std::size_t index) { return json::quote(type.symbols[index]); });
        case Kind::union_of: {
            auto const index = reader_.read_index(type.branches.size(), "branch");
            if (!index) return std::unexpected(index.error());
            auto const& branch = model_[type.branches[*index]];
            bool const tagged = branch.kind != Kind::null;
            if (tagged) out += '{' + json::quote(branch_name(branch)) + ':';
            if (auto done = append(type.branches[*index], depth, out); !done) return done;
            if (tagged) out += '}';
            return {};
        }
        case Kind::array:
        case Kind::map:
            return append_blocks(type, depth + 1, out);
        case Kind::record:
            return append_record(type, depth + 1, out);
        case Kind::null:
            break;
    }
    std::unreachable();
}

std::expected<void, PayloadError> Decoder::append_record(Type const& type, std::size_t depth,
                                                         std::string& out) {
    if (depth > limits::payload_depth) return reader_.refuse("depth", too_deep());
    out += '{';
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        auto const& field = type.fields[i];
        if (i > 0) out += ',';
        out += json::quote(field.name) + ':';
        auto const at = path_.enter(field.name);
        if (auto done = append(field.type, depth, out); !done) return done;
    }
    out += '}';
    return {};
}

std::expected<void, PayloadError> Decoder::append_blocks(Type const& type, std::size_t depth,
                                                         std::string& out) {
    if (depth > limits::payload_depth) return reader_.refuse("depth", too_deep());
    bool const array = type.kind == Kind::array;
    auto const fewest = sizes_.fewest(type.element) + (array ? 0 : 1);
    out += array ? '[' : '{';
    for (std::size_t index = 0;;) {
        auto const block = reader_.read_block(fewest);
        if (!block) return std::unexpected(block.error());
        if (block->count == 0 && !block->sized) break;
        for (std::uint64_t i = 0; i < block->count; ++i, ++index)
            if (auto done = append_element(type, depth, index, out); !done) return done;
        if (auto done = reader_.end_block(*block); !done) return done;
    }
    out += array ? ']' : '}';
    return {};
}

std::expected<void, PayloadError> Decoder::append_element(Type const& type, std::size_t depth,
                                                          std::size_t index, std::string& out) {
    if (index > 0) out += ',';
    if (type.kind == Kind::array) {
        auto const at = path_.enter(index);
        return append(type.element, depth, out);
    }
    auto const key = reader_.read_string();
    if (!key) return std::unexpected(key.error());
    out += json::quote(*key) + ':';
    auto const at = path_.enter(*key);
    return append(type.element, depth, out);
}

std::expected<std::string, PayloadError> decode(Model const& model, Sizes const& sizes,
                                                ByteView payload) {
    Path path;
    BinaryReader reader(payload, path);
    std::string out;
    if (auto const done = Decoder(model, sizes, reader, path).append(model.root, 0, out); !done)
        return std::unexpected(done.error());
    if (reader.left() > 0)
        return reader.refuse("trailing", fmt::format("{} bytes follow the value of {} bytes",
                                                     reader.left(), reader.at(payload)));
    return out;
}

}  // namespace klamm::schema::avro
