#include "klamm/schema/protobuf/differences.h"

#include "klamm/schema/protobuf/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace klamm::schema::protobuf {
namespace {

enum class Kind : std::uint8_t { scalar, map, message, group };

Kind kind_of(pb::FieldDescriptor const& field) {
    if (field.is_map()) return Kind::map;
    if (field.type() == pb::FieldDescriptor::TYPE_GROUP) return Kind::group;
    return field.type() == pb::FieldDescriptor::TYPE_MESSAGE ? Kind::message : Kind::scalar;
}

/// The label that its author wrote: proto3's plain fields, members of oneofs and maps have none.
Label label_of(pb::FieldDescriptor const& field) {
    if (field.is_map()) return Label::none;
    if (field.is_repeated()) return Label::repeated;
    if (field.is_required()) return Label::required;
    return field.has_optional_keyword() ? Label::optional : Label::none;
}

std::string_view local(std::string_view full, std::string_view package) {
    return package.empty() ? full : full.substr(package.size() + 1);
}

std::string type_words(pb::FieldDescriptor const& field) {
    if (field.is_map())
        return fmt::format("map<{}, {}>", type_words(*field.message_type()->map_key()),
                           type_words(*field.message_type()->map_value()));
    if (auto const* type = field.enum_type())
        return std::string(local(type->full_name(), type->file()->package()));
    if (auto const* type = field.message_type()) return std::string(local_name(*type));
    return field.type_name();
}

std::string words(pb::FieldDescriptor const& field) {
    static constexpr std::string_view labels[] = {"", "optional ", "required ", "repeated "};
    auto const inside = field.real_containing_oneof();
    return fmt::format("{}{} {} = {}{}", labels[static_cast<std::size_t>(label_of(field))],
                       type_words(field), field.name(), field.number(),
                       inside == nullptr ? "" : " in oneof " + inside->name());
}

std::string words(pb::EnumValueDescriptor const& value) {
    return fmt::format("{} = {}", value.name(), value.number());
}

/// Numbers that are reserved, inclusive, without overlaps.
using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

template <typename Type>
Ranges reserved_of(Type const& type, int last_excluded) {
    Ranges sorted;
    for (int i = 0; i < type.reserved_range_count(); ++i)
        sorted.emplace_back(type.reserved_range(i)->start,
                            std::int64_t{type.reserved_range(i)->end} - last_excluded);
    std::ranges::sort(sorted);
    Ranges merged;
    for (auto const& [first, last] : sorted) {
        if (!merged.empty() && first <= merged.back().second + 1)
            merged.back().second = std::max(merged.back().second, last);
        else
            merged.emplace_back(first, last);
    }
    return merged;
}

bool covers(Ranges const& ranges, std::int64_t first, std::int64_t last) {
    return std::ranges::any_of(
        ranges, [&](auto const& range) { return range.first <= first && last <= range.second; });
}

std::string words(Ranges const& ranges) {
    std::string text = "reserved";
    for (auto const& [first, last] : ranges)
        text += first == last ? fmt::format(" {}", first) : fmt::format(" {}-{}", first, last);
    return text;
}

class Comparer {
public:
    Comparer(Definitions const& writer, Definitions const& reader, Policy policy)
        : writer_(writer), reader_(reader), policy_(policy) {}

    std::expected<std::vector<Change>, SchemaError> run();

private:
    /// Puts a step onto the path for as long as it lives.
    class At {
    public:
        At(Comparer& comparer, std::string step) : path_(comparer.path_) {
            path_.push_back(std::move(step));
        }
        At(At const&) = delete;
        At& operator=(At const&) = delete;
        ~At() { path_.pop_back(); }

    private:
        std::vector<std::string>& path_;
    };

    void add(Rule rule, std::string before, std::string after);
    bool step() { return ++steps_ <= comparison_steps_max; }

    template <typename Scope>
    void types(Scope const& before, Scope const& after);
    void enumeration(pb::EnumDescriptor const& before, pb::EnumDescriptor const& after);
    void message(pb::Descriptor const& before, pb::Descriptor const& after);
    void new_exclusions(pb::Descriptor const& before, pb::Descriptor const& after);
    void oneofs(pb::Descriptor const& before, pb::Descriptor const& after);
    void removed(pb::FieldDescriptor const& field, Ranges const& reserved);
    void added(pb::FieldDescriptor const& field);
    void kept(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after);
    void field(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after);
    void compare_types(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after);
    void scalars(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after);
    void messages(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after);
    /// Whether the types mean the same; what does not is added under the type's own name.
    bool same_elsewhere(pb::Descriptor const& before, pb::Descriptor const& after);

    Definitions const& writer_;
    Definitions const& reader_;
    Policy policy_;
    std::vector<Change> changes_;
    std::vector<std::string> path_;
    std::size_t steps_ = 0;
    std::size_t depth_ = 0;
    bool too_deep_ = false;
    std::map<std::pair<pb::Descriptor const*, pb::Descriptor const*>, bool> compared_;
    std::set<pb::OneofDescriptor const*> wholly_removed_;
};

void Comparer::add(Rule rule, std::string before, std::string after) {
    auto const& text = text_of(rule);
    auto const path = fmt::format("#/{}", fmt::join(path_, "/"));
    std::string description(text.description);
    if (auto const at = description.find("%p"); at != description.npos)
        description.replace(at, 2, path);
    std::string words;
    switch (text.sentence) {
        case Sentence::added:
            words = fmt::format("'{}' was added", after);
            break;
        case Sentence::removed:
            words = fmt::format("'{}' was removed", before);
            break;
        case Sentence::changed:
            words = fmt::format("'{}' became '{}'", before, after);
            break;
        case Sentence::moved:
            words = fmt::format("'{}' has another place", before);
            break;
    }
    changes_.push_back({.difference = {.rule = std::string(text.name),
                                       .path = path,
                                       .description = std::move(description),
                                       .before = std::move(before),
                                       .after = std::move(after)},
                        .words = std::move(words),
                        .compatible = text.compatible});
}

std::expected<std::vector<Change>, SchemaError> Comparer::run() {
    auto const& before = writer_.file();
    auto const& after = reader_.file();
    if (before.package() != after.package())
        add(Rule::package_changed, "package " + before.package(), "package " + after.package());
    types(before, after);
    if (steps_ > comparison_steps_max)
        return std::unexpected(SchemaError{fmt::format(
            "the schemas are too large to compare: over {} fields", comparison_steps_max)});
    if (too_deep_)
        return std::unexpected(SchemaError{fmt::format(
            "messages of referenced files lead more than {} deep", comparison_depth_max)});
    return std::move(changes_);
}

// ---- types ------------------------------------------------------------------------------------

template <typename Each>
void each_message(pb::FileDescriptor const& file, Each each) {
    for (int i = 0; i < file.message_type_count(); ++i) each(*file.message_type(i));
}

/// Without those of maps and groups, which are compared with their fields.
template <typename Each>
void each_message(pb::Descriptor const& type, Each each) {
    std::set<pb::Descriptor const*> groups;
    for (int i = 0; i < type.field_count(); ++i)
        if (type.field(i)->type() == pb::FieldDescriptor::TYPE_GROUP)
            groups.insert(type.field(i)->message_type());
    for (int i = 0; i < type.nested_type_count(); ++i)
        if (!type.nested_type(i)->options().map_entry() && !groups.contains(type.nested_type(i)))
            each(*type.nested_type(i));
}

template <typename Scope>
void Comparer::types(Scope const& before, Scope const& after) {
    std::map<std::string_view, std::pair<pb::Descriptor const*, int>> now;
    int next = 0;
    each_message(after, [&](pb::Descriptor const& type) { now[type.name()] = {&type, next++}; });
    std::set<std::string_view> known;
    int index = 0;
    each_message(before, [&](pb::Descriptor const& type) {
        if (!step()) return;
        known.insert(type.name());
        At const at(*this, type.name());
        auto const found = now.find(type.name());
        if (found == now.end()) {
            add(Rule::message_removed, "message " + type.name(), "");
        } else {
            message(type, *found->second.first);
            if (found->second.second != index)
                add(Rule::message_moved, "message " + type.name(), "message " + type.name());
        }
        ++index;
    });
    each_message(after, [&](pb::Descriptor const& type) {
        At const at(*this, type.name());
        if (!known.contains(type.name())) add(Rule::message_added, "", "message " + type.name());
    });
    for (int i = 0; i < before.enum_type_count() && step(); ++i) {
        auto const& type = *before.enum_type(i);
        At const at(*this, type.name());
        auto const* same = after.FindEnumTypeByName(type.name());
        if (same == nullptr)
            add(Rule::enum_removed, "enum " + type.name(), "");
        else
            enumeration(type, *same);
    }
    for (int i = 0; i < after.enum_type_count() && step(); ++i) {
        auto const& type = *after.enum_type(i);
        At const at(*this, type.name());
        if (before.FindEnumTypeByName(type.name()) == nullptr)
            add(Rule::enum_added, "", "enum " + type.name());
    }
}

void Comparer::enumeration(pb::EnumDescriptor const& before, pb::EnumDescriptor const& after) {
    auto const reserved = reserved_of(after, 0);
    auto const value_of = [](pb::EnumDescriptor const& type) {
        std::map<int, pb::EnumValueDescriptor const*>
            values;  // of aliases the last, as it is there
        for (int i = 0; i < type.value_count(); ++i)
            values[type.value(i)->number()] = type.value(i);
        return values;
    };
    auto const old_values = value_of(before);
    auto const new_values = value_of(after);
    for (auto const& [number, value] : old_values) {
        if (!step()) return;
        At const at(*this, std::to_string(number));
        auto const found = new_values.find(number);
        if (found == new_values.end()) {
            add(Rule::enum_const_removed, words(*value), "");
            if (policy_ == Policy::logical && !covers(reserved, number, number))
                add(Rule::enum_value_deleted_no_number_reserved, words(*value), "");
        } else if (found->second->name() != value->name()) {
            add(Rule::enum_const_changed, words(*value), words(*found->second));
        }
    }
    for (auto const& [number, value] : new_values) {
        if (!step()) return;
        At const at(*this, std::to_string(number));
        if (!old_values.contains(number)) add(Rule::enum_const_added, "", words(*value));
    }
    auto const old_reserved = reserved_of(before, 0);
    if (policy_ == Policy::logical && !std::ranges::all_of(old_reserved, [&](auto const& range) {
            return covers(reserved, range.first, range.second);
        }))
        add(Rule::reserved_enum_value_number_deleted, words(old_reserved), words(reserved));
}

// ---- messages ---------------------------------------------------------------------------------

void Comparer::message(pb::Descriptor const& before, pb::Descriptor const& after) {
    // Under way counts as the same: what differs is found where it is under way.
    if (!compared_.try_emplace({&before, &after}, true).second) return;
    if (depth_ >= comparison_depth_max) {
        too_deep_ = true;
        return;
    }
    auto const first_change = changes_.size();
    ++depth_;
    new_exclusions(before, after);
    oneofs(before, after);
    auto const reserved = policy_ == Policy::logical ? reserved_of(after, 1) : Ranges();
    std::set<int> numbers;
    for (int i = 0; i < before.field_count(); ++i) numbers.insert(before.field(i)->number());
    for (int i = 0; i < after.field_count(); ++i) numbers.insert(after.field(i)->number());
    for (int const number : numbers) {
        if (!step()) break;
        auto const* old_field = before.FindFieldByNumber(number);
        auto const* new_field = after.FindFieldByNumber(number);
        if (new_field == nullptr)
            removed(*old_field, reserved);
        else if (old_field == nullptr)
            added(*new_field);
        else
            kept(*old_field, *new_field);
    }
    if (policy_ == Policy::logical) {
        auto const old_reserved = reserved_of(before, 1);
        if (!std::ranges::all_of(old_reserved, [&](auto const& range) {
                return covers(reserved, range.first, range.second);
            }))
            add(Rule::reserved_field_number_deleted, words(old_reserved), words(reserved));
    }
    types(before, after);
    --depth_;
    compared_[{&before, &after}] =
        std::all_of(changes_.begin() + static_cast<std::ptrdiff_t>(first_change), changes_.end(),
                    [](Change const& change) { return change.compatible; });
}

/// Fields that excluded each other before were in one oneof; every other field was free. A oneof
/// whose members were set independently of each other loses data that was written before.
void Comparer::new_exclusions(pb::Descriptor const& before, pb::Descriptor const& after) {
    for (int i = 0; i < after.real_oneof_decl_count(); ++i) {
        auto const& oneof = *after.oneof_decl(i);
        std::set<pb::OneofDescriptor const*> groups;
        std::size_t free = 0;
        std::string members;
        for (int k = 0; k < oneof.field_count(); ++k) {
            auto const* was = before.FindFieldByNumber(oneof.field(k)->number());
            if (was == nullptr) continue;
            members += (members.empty() ? "" : ", ") + words(*was);
            if (auto const* group = was->real_containing_oneof())
                groups.insert(group);
            else
                ++free;
        }
        if (groups.size() + free <= 1) continue;
        At const at(*this, oneof.name());
        add(free > 1 ? Rule::multiple_fields_moved_to_oneof : Rule::field_moved_to_existing_oneof,
            members, "oneof " + oneof.name());
    }
}

void Comparer::oneofs(pb::Descriptor const& before, pb::Descriptor const& after) {
    std::map<std::string_view, int> names;  // 1: before, 2: after, 3: both
    for (int i = 0; i < before.real_oneof_decl_count(); ++i)
        names[before.oneof_decl(i)->name()] |= 1;
    for (int i = 0; i < after.real_oneof_decl_count(); ++i) names[after.oneof_decl(i)->name()] |= 2;
    for (auto const& [name, where] : names) {
        At const at(*this, std::string(name));
        if (where == 1) {
            add(Rule::oneof_removed, fmt::format("oneof {}", name), "");
            auto const& oneof = *before.FindOneofByName(std::string(name));
            bool wholly = true;  // with all its members: that is compatible
            for (int i = 0; i < oneof.field_count() && wholly; ++i)
                wholly = after.FindFieldByNumber(oneof.field(i)->number()) == nullptr;
            if (wholly) wholly_removed_.insert(&oneof);
        }
        if (where == 2) add(Rule::oneof_added, "", fmt::format("oneof {}", name));
    }
}

void Comparer::removed(pb::FieldDescriptor const& field, Ranges const& reserved) {
    auto const number = std::to_string(field.number());
    if (auto const* oneof = field.real_containing_oneof()) {
        if (!wholly_removed_.contains(oneof)) {
            At const in(*this, oneof->name());
            At const at(*this, number);
            add(Rule::oneof_field_removed, words(field), "");
        }
    } else {
        At const at(*this, number);
        add(field.is_required() ? Rule::required_field_removed : Rule::field_removed, words(field),
            "");
    }
    if (policy_ == Policy::logical && !covers(reserved, field.number(), field.number())) {
        At const at(*this, number);
        add(Rule::field_deleted_no_number_reserved, words(field), "");
    }
}

void Comparer::added(pb::FieldDescriptor const& field) {
    if (auto const* oneof = field.real_containing_oneof()) {
        At const in(*this, oneof->name());
        At const at(*this, std::to_string(field.number()));
        add(Rule::oneof_field_added, "", words(field));
        return;
    }
    At const at(*this, std::to_string(field.number()));
    add(field.is_required() ? Rule::required_field_added : Rule::field_added, "", words(field));
}

void Comparer::kept(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after) {
    auto const number = std::to_string(after.number());
    auto const* oneof = after.real_containing_oneof();
    if (oneof == nullptr) {
        At const at(*this, number);
        if (before.real_containing_oneof() != nullptr)
            add(Rule::oneof_field_moved_to_top_level, words(before), words(after));
        field(before, after);
        return;
    }
    At const in(*this, oneof->name());
    At const at(*this, number);
    field(before, after);
}

// ---- fields -----------------------------------------------------------------------------------

void Comparer::field(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after) {
    auto const found_before = changes_.size();
    if (before.name() != after.name()) add(Rule::field_name_changed, words(before), words(after));
    compare_types(before, after);
    bool const alike = before.type() == after.type() && label_of(before) == label_of(after) &&
                       before.message_type() == nullptr && before.enum_type() == nullptr;
    if (changes_.size() == found_before && !alike && words(before) != words(after))
        add(Rule::field_changed, words(before), words(after));
}

void Comparer::compare_types(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after) {
    auto const kind = kind_of(after);
    if (kind_of(before) != kind) {
        add(Rule::field_kind_changed, words(before), words(after));
        return;
    }
    switch (kind) {
        case Kind::scalar:
            scalars(before, after);
            break;
        case Kind::map:
            for (int i = 0; i < 2; ++i) {  // key and value, which have neither names nor labels
                auto const& old_part = *before.message_type()->FindFieldByNumber(i + 1);
                auto const& new_part = *after.message_type()->FindFieldByNumber(i + 1);
                if (kind_of(old_part) != kind_of(new_part))
                    add(Rule::field_kind_changed, words(before), words(after));
                else if (kind_of(new_part) == Kind::message)
                    messages(old_part, new_part);
                else if (scalar_kind(old_part) != scalar_kind(new_part))
                    add(Rule::field_scalar_kind_changed, words(before), words(after));
            }
            break;
        case Kind::message:
            messages(before, after);
            break;
        case Kind::group:
            if (!same_elsewhere(*before.message_type(), *after.message_type()))
                add(Rule::field_named_type_changed, words(before), words(after));
            break;
    }
}

void Comparer::scalars(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after) {
    auto const kind = scalar_kind(after);
    if (scalar_kind(before) != kind) {
        add(Rule::field_scalar_kind_changed, words(before), words(after));
        return;
    }
    auto const was = label_of(before);
    auto const is = label_of(after);
    if (was == Label::none || is == Label::none || was == is) return;
    add(kind == ScalarKind::text ? Rule::field_string_or_bytes_label_changed
                                 : Rule::field_numeric_label_changed,
        words(before), words(after));
}

void Comparer::messages(pb::FieldDescriptor const& before, pb::FieldDescriptor const& after) {
    auto const& old_type = *before.message_type();
    auto const& new_type = *after.message_type();
    bool same = local_name(old_type) == local_name(new_type);
    if (same) {
        // The schema's own messages are compared where they stand; a version is what it is.
        auto const& old_origin = writer_.origin(*old_type.file());
        auto const& new_origin = reader_.origin(*new_type.file());
        bool const both_own =
            old_type.file() == &writer_.file() && new_type.file() == &reader_.file();
        bool const same_version = !old_origin.subject.empty() && old_origin == new_origin;
        if (both_own || same_version || &old_type == &new_type) return;
        same = same_elsewhere(old_type, new_type);
    }
    if (!same) add(Rule::field_named_type_changed, words(before), words(after));
}

bool Comparer::same_elsewhere(pb::Descriptor const& before, pb::Descriptor const& after) {
    std::vector<std::string> path;
    auto name = local_name(after);
    for (auto dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
        path.emplace_back(name.substr(0, dot));
        name.remove_prefix(dot + 1);
    }
    path.emplace_back(name);
    std::swap(path, path_);
    message(before, after);
    std::swap(path, path_);
    return compared_[{&before, &after}];
}

}  // namespace

std::expected<std::vector<Change>, SchemaError> compare(Definitions const& writer,
                                                        Definitions const& reader, Policy policy) {
    return Comparer(writer, reader, policy).run();
}

ScalarKind scalar_kind(pb::FieldDescriptor const& field) {
    using Type = pb::FieldDescriptor::Type;
    switch (field.type()) {
        case Type::TYPE_SINT32:
        case Type::TYPE_SINT64:
            return ScalarKind::zigzag;
        case Type::TYPE_STRING:
        case Type::TYPE_BYTES:
            return ScalarKind::text;
        case Type::TYPE_FIXED32:
        case Type::TYPE_SFIXED32:
            return ScalarKind::fixed32;
        case Type::TYPE_FIXED64:
        case Type::TYPE_SFIXED64:
            return ScalarKind::fixed64;
        case Type::TYPE_FLOAT:
            return ScalarKind::single;
        case Type::TYPE_DOUBLE:
            return ScalarKind::wide;
        default:
            return ScalarKind::number;
    }
}

std::string_view local_name(pb::Descriptor const& type) {
    return local(type.full_name(), type.file()->package());
}

}  // namespace klamm::schema::protobuf
