#include "klamm/schema/avro/resolve.h"

#include "klamm/schema/avro/binary.h"
#include "klamm/schema/avro/decode.h"
#include "klamm/schema/avro/encode.h"
#include "klamm/schema/avro/path.h"
#include "klamm/schema/avro/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>

namespace klamm::schema::avro {
namespace {

using Done = std::expected<void, PayloadError>;

class Resolver {
public:
    Resolver(Model const& reader, Sizes const& reader_sizes, Model const& writer,
             Sizes const& writer_sizes, ByteView payload)
        : reader_(reader),
          reader_sizes_(reader_sizes),
          writer_(writer),
          writer_sizes_(writer_sizes),
          bytes_(payload, path_),
          skipper_(writer, writer_sizes, bytes_, path_) {}

    std::expected<std::string, PayloadError> run() {
        std::string out;
        if (auto const done = append(reader_.root, writer_.root, 0, out); !done)
            return std::unexpected(done.error());
        if (bytes_.left() > 0)
            return bytes_.refuse("trailing",
                                 fmt::format("{} bytes follow the value", bytes_.left()));
        return out;
    }

private:
    /// How the fields of two records belong together.
    struct Plan {
        std::vector<std::optional<std::size_t>> read_by;  ///< for each written field
        std::vector<std::string> given;       ///< for each field that is read: its default, as JSON
        std::optional<PayloadError> failure;  ///< a field is neither written nor has a default
    };

    Done append(TypeId reader, TypeId writer, std::size_t depth, std::string& out) {
        if (out.size() > limits::output_bytes || ++work_ > limits::output_bytes)
            return bytes_.refuse("size",
                                 fmt::format("more than {} bytes of JSON", limits::output_bytes));
        auto const& from = writer_[writer];
        auto const& to = reader_[reader];
        if (from.kind == Kind::union_of) {
            auto const index = bytes_.read_index(from.branches.size(), "branch");
            if (!index) return std::unexpected(index.error());
            return append(reader, from.branches[*index], depth, out);
        }
        if (to.kind == Kind::union_of) return append_to_union(reader, writer, depth, out);
        if (to.kind != from.kind) return append_promoted(reader, writer, out);
        if (is_named(to.kind) && !names_match(to, from))
            return bytes_.refuse("name",
                                 fmt::format("written as {}, and the reader's {} has no alias for "
                                             "that",
                                             from.name.full(), to.name.full()));
        switch (to.kind) {
            case Kind::fixed:
                if (to.size != from.size)
                    return bytes_.refuse("size", fmt::format("{} is {} bytes, and {} are written",
                                                             to.name.full(), to.size, from.size));
                return skipper_.append(writer, depth, out);
            case Kind::enumeration:
                return append_symbol(to, from, out);
            case Kind::array:
            case Kind::map:
                return append_blocks(to, from, depth + 1, out);
            case Kind::record:
                return append_record(reader, writer, depth + 1, out);
            default:
                return skipper_.append(writer, depth, out);
        }
    }

    std::unexpected<PayloadError> mismatch(TypeId reader, TypeId writer) const {
        return bytes_.refuse("type",
                             fmt::format("written as {}, which cannot be read as {}",
                                         summary(writer_, writer), summary(reader_, reader)));
    }

    // ---- single values -------------------------------------------------------------------------

    Done append_promoted(TypeId reader, TypeId writer, std::string& out) {
        auto const to = reader_[reader].kind;
        bool const to_real = to == Kind::float32 || to == Kind::float64;
        auto const add_real = [&](double value, float narrow) -> Done {
            out += quote_real(to == Kind::float32 ? narrow : value);
            return {};
        };
        switch (writer_[writer].kind) {
            case Kind::int32: {
                if (!to_real && to != Kind::int64) break;
                auto const value = bytes_.read_int();
                if (!value) return std::unexpected(value.error());
                if (to_real) return add_real(*value, static_cast<float>(*value));
                out += std::to_string(*value);
                return {};
            }
            case Kind::int64: {
                if (!to_real) break;
                auto const value = bytes_.read_long("a long");
                if (!value) return std::unexpected(value.error());
                return add_real(static_cast<double>(*value), static_cast<float>(*value));
            }
            case Kind::float32: {
                if (to != Kind::float64) break;
                auto const value = bytes_.read_float();
                if (!value) return std::unexpected(value.error());
                return add_real(*value, *value);
            }
            case Kind::string: {
                if (to != Kind::bytes) break;
                auto const value = bytes_.read_string();
                if (!value) return std::unexpected(value.error());
                out += quote_bytes(std::as_bytes(std::span(*value)));
                return {};
            }
            case Kind::bytes: {
                if (to != Kind::string) break;
                auto const value = bytes_.read_string();
                if (!value) return std::unexpected(value.error());
                out += json::quote(*value);
                return {};
            }
            default:
                break;
        }
        return mismatch(reader, writer);
    }

    Done append_symbol(Type const& to, Type const& from, std::string& out) {
        auto const index = bytes_.read_index(from.symbols.size(), "symbol");
        if (!index) return std::unexpected(index.error());
        auto const& symbol = from.symbols[*index];
        auto const [symbols, is_new] = symbols_.try_emplace(&to);
        if (is_new) symbols->second = {to.symbols.begin(), to.symbols.end()};
        bool const known = symbols->second.contains(symbol);
        if (!known && !to.symbol)
            return bytes_.refuse("enum",
                                 fmt::format("the reader's {} lacks the symbol {}, and has no "
                                             "default",
                                             to.name.full(), symbol),
                                 symbol);
        out += json::quote(known ? symbol : *to.symbol);
        return {};
    }

    /// The branch for a written value: the one that is named alike, or of its kind, or that its
    /// kind is promoted to.
    std::optional<TypeId> branch_for(Type const& to, Type const& from) const {
        auto const first = [&](auto const& suits) -> std::optional<TypeId> {
            auto const found = std::ranges::find_if(
                to.branches, [&](TypeId branch) { return suits(reader_[branch]); });
            if (found == to.branches.end()) return std::nullopt;
            return *found;
        };
        auto branch = first([&](Type const& type) {
            return type.kind == from.kind && (!is_named(from.kind) || type.name == from.name);
        });
        if (!branch && is_named(from.kind))
            branch = first([&](Type const& type) {
                return type.kind == from.kind && names_match(type, from);
            });
        if (!branch)
            branch = first([&](Type const& type) { return promotes(type.kind, from.kind); });
        return branch;
    }

    Done append_to_union(TypeId reader, TypeId writer, std::size_t depth, std::string& out) {
        auto const [known, is_new] = branches_.try_emplace({reader, writer});
        if (is_new) known->second = branch_for(reader_[reader], writer_[writer]);
        auto const branch = known->second;
        if (!branch) return mismatch(reader, writer);
        bool const tagged = reader_[*branch].kind != Kind::null;
        if (tagged) out += '{' + json::quote(branch_name(reader_[*branch])) + ':';
        if (auto done = append(*branch, writer, depth, out); !done) return done;
        if (tagged) out += '}';
        return {};
    }

    // ---- what holds others
    // -----------------------------------------------------------------------

    Done append_blocks(Type const& to, Type const& from, std::size_t depth, std::string& out) {
        if (depth > limits::payload_depth) return bytes_.refuse("depth", too_deep());
        bool const array = to.kind == Kind::array;
        auto const fewest = writer_sizes_.fewest(from.element) + (array ? 0 : 1);
        out += array ? '[' : '{';
        for (std::size_t index = 0;;) {
            auto const block = bytes_.read_block(fewest);
            if (!block) return std::unexpected(block.error());
            if (block->count == 0 && !block->sized) break;
            for (std::uint64_t i = 0; i < block->count; ++i, ++index) {
                if (index > 0) out += ',';
                std::string key = std::to_string(index);
                if (!array) {
                    auto const read = bytes_.read_string();
                    if (!read) return std::unexpected(read.error());
                    key = *read;
                    out += json::quote(key) + ':';
                }
                auto const at = path_.enter(key);
                if (auto done = append(to.element, from.element, depth, out); !done) return done;
            }
            if (auto done = bytes_.end_block(*block); !done) return done;
        }
        out += array ? ']' : '}';
        return {};
    }

    Done append_record(TypeId reader, TypeId writer, std::size_t depth, std::string& out) {
        if (depth > limits::payload_depth) return bytes_.refuse("depth", too_deep());
        auto const& plan = plan_for(reader, writer);
        if (plan.failure) {
            auto failure = *plan.failure;
            failure.path = path_.text() + failure.path;
            return std::unexpected(std::move(failure));
        }
        auto const& written = writer_[writer].fields;
        auto const& read = reader_[reader].fields;
        std::vector<std::string> values(read.size());
        for (std::size_t i = 0; i < written.size(); ++i) {
            auto const at = path_.enter(written[i].name);
            if (auto const place = plan.read_by[i]) {
                auto done = append(read[*place].type, written[i].type, depth, values[*place]);
                if (!done) return done;
            } else {
                std::string unread;
                if (auto done = skipper_.append(written[i].type, depth, unread); !done) return done;
            }
        }
        out += '{';
        for (std::size_t i = 0; i < read.size(); ++i) {
            if (i > 0) out += ',';
            out += json::quote(read[i].name) + ':';
            out += values[i].empty() ? plan.given[i] : values[i];
        }
        out += '}';
        return {};
    }

    Plan const& plan_for(TypeId reader, TypeId writer) {
        auto const [known, is_new] = plans_.try_emplace({reader, writer});
        auto& plan = known->second;
        if (!is_new) return plan;
        auto const& read = reader_[reader].fields;
        auto const& written = writer_[writer];
        plan.read_by.resize(written.fields.size());
        plan.given.resize(read.size());
        auto const places = places_of(written);
        for (std::size_t i = 0; i < read.size(); ++i) {
            auto place = places.find(read[i].name);
            for (auto const& alias : read[i].aliases)
                if (place == places.end()) place = places.find(alias);
            if (place != places.end()) {
                auto& reads = plan.read_by[place->second];
                if (reads && !plan.failure) plan.failure = both_read(read[*reads], read[i]);
                reads = i;
            } else if (auto text = default_of(read[i])) {
                plan.given[i] = *std::move(text);
            } else if (!plan.failure) {
                plan.failure = text.error();
            }
        }
        return plan;
    }

    static PayloadError both_read(Field const& one, Field const& other) {
        return {
            .path = "/" + other.name,
            .rule = "alias",
            .why = fmt::format("the fields \"{}\" and \"{}\" are read from the same written one",
                               one.name, other.name)};
    }

    std::expected<std::string, PayloadError> default_of(Field const& field) const {
        Path path;
        auto const at = path.enter(field.name);
        BinaryReader none({}, path);
        if (!field.default_value)
            return none.refuse(
                "missing",
                fmt::format("the field \"{}\" is not written, and has no default", field.name));
        auto const bytes = encode_default(reader_, field);
        if (!bytes) return std::unexpected(bytes.error());
        BinaryReader encoded(*bytes, path);
        std::string text;
        auto const done =
            Decoder(reader_, reader_sizes_, encoded, path).append(field.type, 0, text);
        if (!done) return std::unexpected(done.error());
        return text;
    }

    Model const& reader_;
    Sizes const& reader_sizes_;
    Model const& writer_;
    Sizes const& writer_sizes_;
    Path path_;
    BinaryReader bytes_;
    Decoder skipper_;  ///< for what is read as it was written, or not at all
    std::map<std::pair<TypeId, TypeId>, Plan> plans_;
    std::map<std::pair<TypeId, TypeId>, std::optional<TypeId>> branches_;
    std::unordered_map<Type const*, std::unordered_set<std::string_view>> symbols_;
    std::size_t work_ = 0;
};

}  // namespace

std::expected<std::string, PayloadError> read_as(Model const& reader, Sizes const& reader_sizes,
                                                 Model const& writer, Sizes const& writer_sizes,
                                                 ByteView payload) {
    return Resolver(reader, reader_sizes, writer, writer_sizes, payload).run();
}

}  // namespace klamm::schema::avro
