#include "klamm/schema/avro/compare.h"

#include "klamm/schema/avro/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace klamm::schema::avro {
namespace {

/// "INT", as the messages name kinds.
std::string shouted(Kind kind) {
    std::string text(name_of(kind));
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

/// Findings are kept once and named by number: a pair that is met again brings its findings again,
/// with the path of the first time.
using Found = std::vector<std::uint32_t>;

class Comparison {
public:
    Comparison(Model const& reader, Model const& writer) : reader_(reader), writer_(writer) {}

    std::expected<std::vector<Finding>, SchemaError> run(TypeId reader, TypeId writer) {
        auto const found = compare(reader, writer);
        if (!stopped_.empty()) return std::unexpected(SchemaError{stopped_});
        std::vector<Finding> findings;
        for (auto const i : found) findings.push_back(findings_[i]);
        return findings;
    }

private:
    /// A pair without a place of its own: what is found inside is not reported, only that it is.
    Found compare_apart(TypeId reader, TypeId writer) {
        auto const path = std::exchange(path_, {});
        auto found = compare(reader, writer);
        path_ = path;
        return found;
    }

    Found compare_at(std::string step, TypeId reader, TypeId writer) {
        path_.push_back(std::move(step));
        auto found = compare(reader, writer);
        path_.pop_back();
        return found;
    }

    Found compare(TypeId reader, TypeId writer) {
        if (is_primitive(reader_[reader].kind) && is_primitive(writer_[writer].kind))
            return compare_kinds(reader, writer);
        if (!spend(1)) return {};
        if (depth_ > limits::depth) {
            stopped_ =
                fmt::format("comparing takes more than {} types inside each other", limits::depth);
            return {};
        }
        // Met inside itself, a pair is as compatible as the rest of it turns out to be.
        auto const [known, is_new] = done_.try_emplace(std::uint64_t(reader) << 32 | writer);
        if (!is_new) {
            (void)spend(known->second.size());
            return known->second;
        }
        ++depth_;
        auto found = compare_kinds(reader, writer);
        --depth_;
        return done_[std::uint64_t(reader) << 32 | writer] = std::move(found);
    }

    Found compare_kinds(TypeId reader, TypeId writer) {
        auto const kind = reader_[reader].kind;
        if (kind == writer_[writer].kind) return compare_same(reader, writer);
        Found found;
        if (writer_[writer].kind == Kind::union_of) {
            auto const& branches = writer_[writer].branches;
            for (std::size_t i = 0; i < branches.size(); ++i) {
                auto const more = compare_at(std::to_string(i), reader, branches[i]);
                for (auto const n : more)
                    if (findings_[n].reader == reader && findings_[n].writer == branches[i])
                        findings_[n].writer_union = writer;
                merge(found, more);
            }
            return found;
        }
        if (promotes(kind, writer_[writer].kind)) return found;
        if (kind == Kind::union_of) {
            for (auto const branch : reader_[reader].branches)
                if (compare_apart(branch, writer).empty()) return found;
            add(found, {.rule = Rule::missing_union_branch,
                        .message = lacking(writer),
                        .reader = reader,
                        .writer = writer});
            return found;
        }
        add(found, {.rule = Rule::type_mismatch,
                    .message = fmt::format("reader type: {} not compatible with writer type: {}",
                                           shouted(kind), shouted(writer_[writer].kind)),
                    .reader = reader,
                    .writer = writer});
        return found;
    }

    Found compare_same(TypeId reader, TypeId writer) {
        Found found;
        switch (reader_[reader].kind) {
            case Kind::array:
            case Kind::map: {
                bool const array = reader_[reader].kind == Kind::array;
                return compare_at(array ? "items" : "values", reader_[reader].element,
                                  writer_[writer].element);
            }
            case Kind::fixed:
                compare_names(found, reader, writer);
                compare_sizes(found, reader, writer);
                return found;
            case Kind::enumeration:
                compare_names(found, reader, writer);
                compare_symbols(found, reader, writer);
                return found;
            case Kind::record:
                compare_names(found, reader, writer);
                compare_fields(found, reader, writer);
                return found;
            case Kind::union_of:
                compare_branches(found, reader, writer);
                return found;
            default:
                return found;
        }
    }

    void compare_names(Found& found, TypeId reader, TypeId writer) {
        if (names_match(reader_[reader], writer_[writer])) return;
        path_.push_back("name");
        add(found, {.rule = Rule::name_mismatch,
                    .message = "expected: " + writer_[writer].name.full(),
                    .reader = reader,
                    .writer = writer});
        path_.pop_back();
    }

    void compare_sizes(Found& found, TypeId reader, TypeId writer) {
        auto const have = reader_[reader].size;
        auto const want = writer_[writer].size;
        if (have == want) return;
        path_.push_back("size");
        add(found, {.rule = Rule::fixed_size_mismatch,
                    .message = fmt::format("expected: {}, found: {}", want, have),
                    .reader = reader,
                    .writer = writer});
        path_.pop_back();
    }

    void compare_symbols(Found& found, TypeId reader, TypeId writer) {
        if (reader_[reader].symbol) return;
        std::set<std::string_view> missing(writer_[writer].symbols.begin(),
                                           writer_[writer].symbols.end());
        for (auto const& symbol : reader_[reader].symbols) missing.erase(symbol);
        if (missing.empty()) return;
        path_.push_back("symbols");
        add(found, {.rule = Rule::missing_enum_symbols,
                    .message = fmt::format("[{}]", fmt::join(missing, ", ")),
                    .reader = reader,
                    .writer = writer});
        path_.pop_back();
    }

    void compare_fields(Found& found, TypeId reader, TypeId writer) {
        path_.push_back("fields");
        auto const& fields = reader_[reader].fields;
        for (std::size_t i = 0; i < fields.size() && stopped_.empty(); ++i) {
            path_.push_back(std::to_string(i));
            compare_field(found, reader, writer, i);
            path_.pop_back();
        }
        path_.pop_back();
    }

    void compare_field(Found& found, TypeId reader, TypeId writer, std::size_t position) {
        auto const& field = reader_[reader].fields[position];
        auto const& places = places_in(writer);
        std::optional<std::size_t> written;
        auto const take = [&](std::string const& name) {
            auto const place = places.find(name);
            if (place == places.end()) return;
            if (written) stopped_ = several_fields(field.name, writer);
            written = place->second;
        };
        take(field.name);
        for (auto const& alias : field.aliases) take(alias);
        if (!stopped_.empty()) return;
        if (written) {
            merge(found, compare_at("type", field.type, writer_[writer].fields[*written].type));
            return;
        }
        if (field.default_value) return;
        auto const& type = reader_[field.type];
        if (type.kind == Kind::enumeration && type.symbol) {
            // Odd, but the registry's answer: the enum is compared with the whole record.
            merge(found, compare_at("type", field.type, writer));
            return;
        }
        add(found, {.rule = Rule::reader_field_missing_default_value,
                    .message = field.name,
                    .reader = reader,
                    .writer = writer,
                    .position = position});
    }

    void compare_branches(Found& found, TypeId reader, TypeId writer) {
        auto const& branches = writer_[writer].branches;
        for (std::size_t i = 0; i < branches.size() && stopped_.empty(); ++i) {
            path_.push_back(std::to_string(i));
            if (!compare_apart(reader, branches[i]).empty())
                add(found, {.rule = Rule::missing_union_branch,
                            .message = lacking(branches[i]),
                            .reader = reader,
                            .writer = writer,
                            .position = i,
                            .has_branch = true});
            path_.pop_back();
        }
    }

    // ---- bookkeeping -------------------------------------------------------------------------

    std::string lacking(TypeId writer) const {
        return "reader union lacking writer type: " + shouted(writer_[writer].kind);
    }

    std::string several_fields(std::string const& name, TypeId writer) const {
        return fmt::format(
            "the reader's field \"{}\" and its aliases name more than one field of the writer's "
            "record \"{}\"",
            name, writer_[writer].name.full());
    }

    bool spend(std::size_t work) {
        work_ += work;
        if (work_ > limits::work && stopped_.empty())
            stopped_ = fmt::format("comparing takes more than {} steps", limits::work);
        return stopped_.empty();
    }

    void merge(Found& found, Found const& more) {
        if (!spend(more.size())) return;
        found.insert(found.end(), more.begin(), more.end());
        limit(found.size());
    }

    void add(Found& found, Finding finding) {
        if (!spend(1 + path_.size())) return;
        finding.path = "/" + fmt::format("{}", fmt::join(path_, "/"));
        found.push_back(static_cast<std::uint32_t>(findings_.size()));
        findings_.push_back(std::move(finding));
        limit(findings_.size());
    }

    void limit(std::size_t differences) {
        if (differences > limits::differences && stopped_.empty())
            stopped_ = fmt::format("there are more than {} differences", limits::differences);
    }

    FieldPlaces const& places_in(TypeId record) {
        auto const [places, is_new] = places_.try_emplace(record);
        if (is_new) places->second = places_of(writer_[record]);
        return places->second;
    }

    Model const& reader_;
    Model const& writer_;
    std::vector<std::string> path_;
    std::size_t depth_ = 0;
    std::size_t work_ = 0;
    std::string stopped_;  ///< why there is no answer
    std::vector<Finding> findings_;
    std::unordered_map<std::uint64_t, Found> done_;
    std::unordered_map<TypeId, FieldPlaces> places_;
};

std::string joined(std::vector<std::string> const& symbols) {
    return fmt::format("[{}]", fmt::join(symbols, ", "));
}

}  // namespace

std::string_view name_of(Rule rule) {
    constexpr std::array<std::string_view, 6> names{
        "NAME_MISMATCH",        "FIXED_SIZE_MISMATCH",
        "MISSING_ENUM_SYMBOLS", "READER_FIELD_MISSING_DEFAULT_VALUE",
        "TYPE_MISMATCH",        "MISSING_UNION_BRANCH"};
    return names[std::to_underlying(rule)];
}

std::expected<std::vector<Finding>, SchemaError> compare(Model const& reader, Model const& writer) {
    return compare(reader, reader.root, writer, writer.root);
}

std::expected<std::vector<Finding>, SchemaError> compare(Model const& reader, TypeId reader_type,
                                                         Model const& writer, TypeId writer_type) {
    return Comparison(reader, writer).run(reader_type, writer_type);
}

Difference describe(Finding const& finding, Model const& reader, Model const& writer) {
    auto const& path = finding.path;
    auto const& message = finding.message;
    auto const& old_type = writer[finding.writer];
    auto const& new_type = reader[finding.reader];
    Difference difference{
        .rule = std::string(name_of(finding.rule)), .path = path, .additional_info = message};
    switch (finding.rule) {
        case Rule::name_mismatch:
            difference.description =
                fmt::format("The name of the schema has changed (path '{}')", path);
            difference.before = old_type.name.full();
            difference.after = new_type.name.full();
            break;
        case Rule::fixed_size_mismatch:
            difference.description = fmt::format(
                "The size of FIXED type field at path '{}' in the %s schema does not match with "
                "the %s schema",
                path);
            difference.before = std::to_string(old_type.size);
            difference.after = std::to_string(new_type.size);
            break;
        case Rule::missing_enum_symbols:
            difference.description = fmt::format(
                "The %s schema is missing enum symbols '{}' at path '{}' in the %s schema", message,
                path);
            difference.before = joined(old_type.symbols);
            difference.after = joined(new_type.symbols);
            break;
        case Rule::reader_field_missing_default_value:
            difference.description = fmt::format(
                "The field '{}' at path '{}' in the %s schema has no default value and is missing "
                "in the %s schema",
                message, path);
            difference.after = summary(reader, new_type.fields[finding.position]);
            break;
        case Rule::type_mismatch:
            difference.description = fmt::format(
                "The type (path '{}') of a field in the %s schema does not match with the %s "
                "schema",
                path);
            difference.before = summary(writer, finding.writer);
            difference.after = summary(reader, finding.reader);
            break;
        case Rule::missing_union_branch:
            difference.description = fmt::format(
                "The %s schema is missing a type inside a union field at path '{}' in the %s "
                "schema",
                path);
            difference.before = summary(
                writer, finding.has_branch ? old_type.branches[finding.position] : finding.writer);
            difference.after = summary(reader, finding.reader);
            break;
    }
    return difference;
}

}  // namespace klamm::schema::avro
