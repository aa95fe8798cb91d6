#include "klamm/schema/avro/mend.h"

#include "klamm/schema/avro/print.h"
#include "klamm/schema/avro/validate.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::schema::avro {
namespace {

/// More than anybody reads, and each costs a comparison to prove.
constexpr std::size_t candidates_max = 12;
constexpr std::size_t renames_max = 3;
/// Fields of a record among which one that was renamed is looked for.
constexpr std::size_t searched_max = 1'000;

/// A copy of a type and all that it needs from one model in another, by name where the other
/// declares the name already.
TypeId bring(Model& into, Model const& from, TypeId id) {
    auto type = from[id];
    if (is_named(type.kind)) {
        auto const full = type.name.full();
        if (auto const known = into.named.find(full); known != into.named.end())
            return known->second;
        auto const place = into.add(type);  // its fields may lead back to it
        into.named.emplace(full, place);
        for (std::size_t i = 0; i < type.fields.size(); ++i) {
            auto const field = bring(into, from, type.fields[i].type);
            into[place].fields[i].type = field;
        }
        return place;
    }
    if (type.kind == Kind::array || type.kind == Kind::map)
        type.element = bring(into, from, type.element);
    for (auto& branch : type.branches) branch = bring(into, from, branch);
    return into.add(std::move(type));
}

/// Wherever one type is used, the other is.
void replace(Model& model, TypeId id, TypeId by) {
    auto const swap = [&](TypeId& link) {
        if (link == id) link = by;
    };
    swap(model.root);
    for (auto& type : model.types) {
        if (type.kind == Kind::array || type.kind == Kind::map) swap(type.element);
        for (auto& field : type.fields) swap(field.type);
        for (auto& branch : type.branches) swap(branch);
    }
}

class Mender {
public:
    Mender(Model const& proposed, Model const& old, Breaks breaks)
        : new_(proposed), old_(old), text_(canonical_text(proposed)), breaks_(breaks) {}

    void mend(Finding const& finding) {
        bool const back = breaks_ == Breaks::new_readers;
        switch (finding.rule) {
            case Rule::name_mismatch:
                return back ? rename_or_alias(finding.reader, finding.writer)
                            : rename(finding.writer, finding.reader);
            case Rule::fixed_size_mismatch:
                return back ? resize(finding.reader, finding.writer)
                            : resize(finding.writer, finding.reader);
            case Rule::missing_enum_symbols:
                return back ? add_symbols(finding.reader, finding.writer)
                            : remove_symbols(finding.writer, finding.reader);
            case Rule::reader_field_missing_default_value:
                return back ? fill_field(finding) : restore_field(finding);
            case Rule::type_mismatch:
                return back ? widen_type(finding) : restore_type(finding);
            case Rule::missing_union_branch:
                return back ? add_branch(finding) : remove_branch(finding);
        }
    }

    std::vector<Mend> take() { return std::move(mends_); }

private:
    void offer(std::string words, Model const& changed) {
        if (mends_.size() >= candidates_max || !validate(changed, {.strict = true})) return;
        auto text = canonical_text(changed);
        bool const known =
            text == text_ || std::ranges::find(mends_, text, &Mend::schema) != mends_.end();
        if (!known) mends_.push_back({std::move(words), std::move(text)});
    }

    // ---- names, sizes, symbols ---------------------------------------------------------------

    void rename_or_alias(TypeId mine, TypeId theirs) {
        auto const& name = old_[theirs].name;
        auto changed = new_;
        changed[mine].aliases.push_back(name);
        offer(fmt::format("Give \"{}\" its old name as an alias: \"aliases\": [\"{}\"].",
                          new_[mine].name.full(), name.full()),
              changed);
        rename(mine, theirs);
    }

    void rename(TypeId mine, TypeId theirs) {
        auto const& name = old_[theirs].name;
        if (new_.named.contains(name.full())) return;
        auto changed = new_;
        changed[mine].name = name;
        offer(fmt::format("Call \"{}\" \"{}\" again.", new_[mine].name.full(), name.full()),
              changed);
    }

    void resize(TypeId mine, TypeId theirs) {
        auto changed = new_;
        changed[mine].size = old_[theirs].size;
        offer(fmt::format("Put the size of \"{}\" back to {}.", new_[mine].name.full(),
                          old_[theirs].size),
              changed);
    }

    void add_symbols(TypeId mine, TypeId theirs) {
        auto changed = new_;
        auto& symbols = changed[mine].symbols;
        std::vector<std::string> added;
        for (auto const& symbol : old_[theirs].symbols)
            if (std::ranges::find(symbols, symbol) == symbols.end()) added.push_back(symbol);
        symbols.insert(symbols.end(), added.begin(), added.end());
        auto const full = new_[mine].name.full();
        offer(fmt::format("Put back into \"{}\" what it had: {}.", full, fmt::join(added, ", ")),
              changed);
        if (new_[mine].symbols.empty()) return;
        auto with_default = new_;
        auto const& symbol = new_[mine].symbols.front();
        with_default[mine].symbol = symbol;
        offer(fmt::format("Give \"{}\" a default for symbols that it does not know: "
                          "\"default\": \"{}\".",
                          full, symbol),
              with_default);
    }

    void remove_symbols(TypeId mine, TypeId theirs) {
        auto changed = new_;
        auto const& known = old_[theirs].symbols;
        std::vector<std::string> removed;
        std::erase_if(changed[mine].symbols, [&](std::string const& symbol) {
            bool const is_new = std::ranges::find(known, symbol) == known.end();
            if (is_new) removed.push_back(symbol);
            return is_new;
        });
        offer(fmt::format("Take out of \"{}\" what old readers have no default for: {}.",
                          new_[mine].name.full(), fmt::join(removed, ", ")),
              changed);
    }

    // ---- fields --------------------------------------------------------------------------------

    void fill_field(Finding const& finding) {
        auto const& field = new_[finding.reader].fields[finding.position];
        offer_default(finding.reader, finding.position);
        offer_nullable(finding.reader, finding.position);
        if (old_[finding.writer].fields.size() > searched_max) return;
        std::size_t renames = 0;
        for (auto const& written : old_[finding.writer].fields) {
            if (is_read(new_[finding.reader], written.name)) continue;
            auto const inside = compare(new_, field.type, old_, written.type);
            if (!inside || !inside->empty() || ++renames > renames_max) continue;
            auto changed = new_;
            changed[finding.reader].fields[finding.position].aliases.push_back(written.name);
            offer(fmt::format("If \"{}\" is \"{}\" by a new name, say so: \"aliases\": [\"{}\"].",
                              field.name, written.name, written.name),
                  changed);
        }
    }

    void offer_default(TypeId record, std::size_t position) {
        auto const& field = new_[record].fields[position];
        auto const value = plain_default(new_, field.type);
        if (!value) return;
        auto changed = new_;
        changed[record].fields[position].default_value = *value;
        offer(fmt::format("Give the field \"{}\" a default: \"default\": {}.", field.name,
                          json::print(*value)),
              changed);
    }

    void offer_nullable(TypeId record, std::size_t position) {
        auto const& field = new_[record].fields[position];
        auto changed = new_;
        std::vector<TypeId> branches{field.type};
        if (new_[field.type].kind == Kind::union_of) branches = new_[field.type].branches;
        std::erase_if(branches, [&](TypeId id) { return new_[id].kind == Kind::null; });
        branches.insert(branches.begin(), changed.add({.kind = Kind::null}));
        auto const type = changed.add({.kind = Kind::union_of, .branches = std::move(branches)});
        auto& mended = changed[record].fields[position];
        mended.type = type;
        mended.default_value = json::Value();
        offer(fmt::format("Make the field \"{}\" nullable: \"type\": {}, \"default\": null.",
                          field.name, summary(changed, type)),
              changed);
    }

    static bool is_read(Type const& record, std::string const& name) {
        return std::ranges::any_of(record.fields, [&](Field const& field) {
            return field.name == name ||
                   std::ranges::find(field.aliases, name) != field.aliases.end();
        });
    }

    void restore_field(Finding const& finding) {
        auto const& missing = old_[finding.reader].fields[finding.position];
        auto changed = new_;
        auto field = missing;
        field.type = bring(changed, old_, missing.type);
        auto& fields = changed[finding.writer].fields;
        auto const place = std::min(finding.position, fields.size());
        fields.insert(fields.begin() + std::ptrdiff_t(place), field);
        offer(fmt::format("Put the field \"{}\" back: old readers need it, and have no default.",
                          missing.name),
              changed);
        if (new_[finding.writer].fields.size() > searched_max) return;
        std::size_t renames = 0;
        auto const& written = new_[finding.writer].fields;
        for (std::size_t i = 0; i < written.size(); ++i) {
            if (is_read(old_[finding.reader], written[i].name)) continue;
            auto const inside = compare(old_, missing.type, new_, written[i].type);
            if (!inside || !inside->empty() || ++renames > renames_max) continue;
            auto renamed = new_;
            renamed[finding.writer].fields[i].name = missing.name;
            offer(fmt::format("Call the field \"{}\" \"{}\" again.", written[i].name, missing.name),
                  renamed);
        }
    }

    // ---- types ---------------------------------------------------------------------------------

    void widen_type(Finding const& finding) {
        auto const mine = finding.reader;
        auto const theirs = finding.writer_union.value_or(finding.writer);
        if (offer_enum_default(mine, theirs)) return;
        put_back(mine, theirs);
        auto changed = new_;
        Type both{.kind = Kind::union_of};
        if (old_[theirs].kind == Kind::union_of) {
            for (auto const branch : old_[theirs].branches)
                both.branches.push_back(bring(changed, old_, branch));
        } else {
            both.branches.push_back(bring(changed, old_, theirs));
        }
        auto const place = changed.add(std::move(both));
        replace(changed, mine, place);
        changed[place].branches.push_back(mine);
        offer(fmt::format("Take both: \"type\": {}.", summary(changed, place)), changed);
    }

    /// A field that is not written, has no default, but an enum with one: its type was compared
    /// with the whole record.
    bool offer_enum_default(TypeId mine, TypeId record) {
        if (new_[mine].kind != Kind::enumeration || old_[record].kind != Kind::record) return false;
        bool offered = false;
        for (TypeId id = 0; id < new_.types.size(); ++id) {
            if (new_[id].kind != Kind::record || !names_match(new_[id], old_[record])) continue;
            for (std::size_t i = 0; i < new_[id].fields.size(); ++i) {
                auto const& field = new_[id].fields[i];
                if (field.type != mine || field.default_value) continue;
                if (places_of(old_[record]).contains(field.name)) continue;
                offer_default(id, i);
                offered = true;
            }
        }
        return offered;
    }

    void restore_type(Finding const& finding) {
        if (finding.writer_union) {
            take_out(*finding.writer_union, finding.writer);
            put_back(*finding.writer_union, finding.reader);
        } else {
            put_back(finding.writer, finding.reader);
        }
    }

    void put_back(TypeId mine, TypeId theirs) {
        auto changed = new_;
        auto const place = bring(changed, old_, theirs);
        replace(changed, mine, place);
        offer(fmt::format("Put the type back: {} instead of {}.", summary(old_, theirs),
                          summary(new_, mine)),
              changed);
    }

    // ---- unions --------------------------------------------------------------------------------

    /// What keeps the branch of this name from agreeing is what is to be mended.
    bool mend_inside(Model const& reader, Type const& branches, Model const& writer,
                     TypeId written) {
        for (auto const branch : branches.branches) {
            if (branch_name(reader[branch]) != branch_name(writer[written])) continue;
            auto const inside = compare(reader, branch, writer, written);
            if (!inside || depth_ >= depth_max) return true;
            ++depth_;
            for (auto const& finding : *inside) mend(finding);
            --depth_;
            return true;
        }
        return false;
    }

    void add_branch(Finding const& finding) {
        auto const written =
            finding.has_branch ? old_[finding.writer].branches[finding.position] : finding.writer;
        if (mend_inside(new_, new_[finding.reader], old_, written)) return;
        auto changed = new_;
        auto const branch = bring(changed, old_, written);
        changed[finding.reader].branches.push_back(branch);
        offer(fmt::format("Add to the union what was written before: {}.",
                          summary(changed, finding.reader)),
              changed);
    }

    void remove_branch(Finding const& finding) {
        auto const written =
            finding.has_branch ? new_[finding.writer].branches[finding.position] : finding.writer;
        if (mend_inside(old_, old_[finding.reader], new_, written)) return;
        if (finding.has_branch) return take_out(finding.writer, written);
        put_back(finding.writer, finding.reader);
    }

    void take_out(TypeId union_type, TypeId branch) {
        auto changed = new_;
        std::erase(changed[union_type].branches, branch);
        if (changed[union_type].branches.empty()) return;
        offer(fmt::format("Take {} out of the union again: old readers do not know it.",
                          summary(new_, branch)),
              changed);
    }

    static constexpr int depth_max = 8;

    Model const& new_;
    Model const& old_;
    std::string text_;
    Breaks breaks_;
    int depth_ = 0;
    std::vector<Mend> mends_;
};

}  // namespace

std::vector<Mend> mends(Model const& proposed, Model const& old, Difference const& difference,
                        Breaks breaks) {
    bool const back = breaks == Breaks::new_readers;
    auto const& reader = back ? proposed : old;
    auto const& writer = back ? old : proposed;
    auto const findings = compare(reader, writer);
    if (!findings) return {};
    Mender mender(proposed, old, breaks);
    for (auto const& finding : *findings)
        if (name_of(finding.rule) == difference.rule && finding.path == difference.path &&
            finding.message == difference.additional_info)
            mender.mend(finding);
    return mender.take();
}

}  // namespace klamm::schema::avro
