// schema/protobuf/rules.h - the rules of evolution by Confluent's names, and how each is worded.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace klamm::schema::protobuf {

enum class Rule : std::uint8_t {
    package_changed,
    message_added,
    message_removed,
    message_moved,
    enum_added,
    enum_removed,
    enum_const_added,
    enum_const_changed,
    enum_const_removed,
    field_added,
    field_removed,
    field_name_changed,
    field_kind_changed,
    field_scalar_kind_changed,
    field_named_type_changed,
    field_numeric_label_changed,
    field_string_or_bytes_label_changed,
    required_field_added,
    required_field_removed,
    oneof_added,
    oneof_removed,
    oneof_field_added,
    oneof_field_removed,
    oneof_field_moved_to_top_level,
    multiple_fields_moved_to_oneof,
    field_moved_to_existing_oneof,
    field_changed,  // within what is compatible; not a rule of Confluent's
    // Only for the policy LOGICAL.
    field_deleted_no_number_reserved,
    enum_value_deleted_no_number_reserved,
    reserved_field_number_deleted,
    reserved_enum_value_number_deleted,
};

/// What a sentence about the rule says of the thing before and after.
enum class Sentence : std::uint8_t { added, removed, changed, moved };

struct RuleText {
    std::string_view name;
    bool compatible;
    Sentence sentence;
    /// Confluent's words; "%p" stands for the path, "%s" for reader and writer. Compatible: none.
    std::string_view description;
};

inline constexpr std::array rule_texts{
    RuleText{"PACKAGE_CHANGED", false, Sentence::changed,
             "The package at '%p' in the %s schema does not match the package in the %s schema"},
    RuleText{"MESSAGE_ADDED", true, Sentence::added, ""},
    RuleText{"MESSAGE_REMOVED", false, Sentence::removed,
             "The %s schema is missing a MESSAGE type at path '%p' in the %s schema"},
    RuleText{"MESSAGE_MOVED", true, Sentence::moved, ""},
    RuleText{"ENUM_ADDED", true, Sentence::added, ""},
    RuleText{"ENUM_REMOVED", true, Sentence::removed, ""},
    RuleText{"ENUM_CONST_ADDED", true, Sentence::added, ""},
    RuleText{"ENUM_CONST_CHANGED", true, Sentence::changed, ""},
    RuleText{"ENUM_CONST_REMOVED", true, Sentence::removed, ""},
    RuleText{"FIELD_ADDED", true, Sentence::added, ""},
    RuleText{"FIELD_REMOVED", true, Sentence::removed, ""},
    RuleText{"FIELD_NAME_CHANGED", true, Sentence::changed, ""},
    RuleText{"FIELD_KIND_CHANGED", false, Sentence::changed,
             "The type of a field at path '%p' in the %s schema does not match the %s schema"},
    RuleText{"FIELD_SCALAR_KIND_CHANGED", false, Sentence::changed,
             "The kind of a SCALAR field at path '%p' in the %s schema does not match its kind in "
             "the %s schema"},
    RuleText{"FIELD_NAMED_TYPE_CHANGED", false, Sentence::changed,
             "The type of a MESSAGE field at path '%p' in the %s schema does not match its type in "
             "the %s schema"},
    RuleText{"FIELD_NUMERIC_LABEL_CHANGED", false, Sentence::changed,
             "The label for a NUMERIC field at path '%p' in the %s schema does not match its label "
             "in the %s schema"},
    RuleText{"FIELD_STRING_OR_BYTES_LABEL_CHANGED", true, Sentence::changed, ""},
    RuleText{"REQUIRED_FIELD_ADDED", false, Sentence::added,
             "A required field  at path '%p' in the %s schema is missing in the %s schema"},
    RuleText{"REQUIRED_FIELD_REMOVED", false, Sentence::removed,
             "The %s schema is missing a required field at path: '%p' in the %s schema"},
    RuleText{"ONEOF_ADDED", true, Sentence::added, ""},
    RuleText{"ONEOF_REMOVED", true, Sentence::removed, ""},
    RuleText{"ONEOF_FIELD_ADDED", true, Sentence::added, ""},
    RuleText{"ONEOF_FIELD_REMOVED", false, Sentence::removed,
             "The %s schema is missing a oneof field at path '%p' in the %s schema"},
    RuleText{"ONEOF_FIELD_MOVED_TO_TOP_LEVEL", true, Sentence::changed, ""},
    RuleText{"MULTIPLE_FIELDS_MOVED_TO_ONEOF", false, Sentence::changed,
             "Multiple fields in the oneof at path '%p' in the %s schema are outside a oneof in "
             "the %s schema"},
    RuleText{"FIELD_MOVED_TO_EXISTING_ONEOF", false, Sentence::changed,
             "A field in the oneof at path '%p' in the %s schema is outside an existing oneof in "
             "the %s schema"},
    RuleText{"FIELD_CHANGED", true, Sentence::changed, ""},
    RuleText{"FIELD_DELETED_NO_NUMBER_RESERVED", false, Sentence::removed,
             "The %s schema does not reserve the number of the field removed at path '%p' of the "
             "%s schema"},
    RuleText{"ENUM_VALUE_DELETED_NO_NUMBER_RESERVED", false, Sentence::removed,
             "The %s schema does not reserve the number of the enum value removed at path '%p' of "
             "the %s schema"},
    RuleText{"RESERVED_FIELD_NUMBER_DELETED", false, Sentence::changed,
             "The %s schema no longer reserves all field numbers at path '%p' that the %s schema "
             "reserves"},
    RuleText{"RESERVED_ENUM_VALUE_NUMBER_DELETED", false, Sentence::changed,
             "The %s schema no longer reserves all enum numbers at path '%p' that the %s schema "
             "reserves"},
};

constexpr RuleText const& text_of(Rule rule) { return rule_texts[static_cast<std::size_t>(rule)]; }

}  // namespace klamm::schema::protobuf
