// schema/json/validator.h - one way of a payload through a program; of use to its files alone.
#pragma once

#include "klamm/schema/json/validate.h"

#include <string_view>
#include <utility>
#include <vector>

namespace klamm::schema::jsonschema {

/// Which members, or elements, of one value some schema has looked at.
class Evaluated {
public:
    explicit Evaluated(std::size_t size) : which_(size) {}
    void add(std::size_t i) { which_[i] = true; }
    void add_all() { which_.assign(which_.size(), true); }
    void add(Evaluated const& other) {
        for (std::size_t i = 0; i < which_.size(); ++i)
            if (other.which_[i]) which_[i] = true;
    }
    bool has(std::size_t i) const { return which_[i]; }
    std::size_t size() const { return which_.size(); }

private:
    std::vector<bool> which_;
};

/// Which of the required properties are there: for a few of them without memory of its own.
class Present {
public:
    explicit Present(std::size_t size) : more_(size > 64 ? size - 64 : 0) {}
    void add(std::size_t i) {
        if (i < 64)
            first_ |= std::uint64_t(1) << i;
        else
            more_[i - 64] = true;
    }
    bool has(std::size_t i) const { return i < 64 ? (first_ >> i & 1) != 0 : bool(more_[i - 64]); }

private:
    std::uint64_t first_ = 0;
    std::vector<bool> more_;
};

class Validator {
public:
    Validator(Program const& program, Tape const& payload, bool explains);

    bool accepts_all() { return accepts(program_.root, 0, nullptr) && !exhausted(); }
    bool exhausted() const { return steps_left_ == 0 || too_deep_; }
    PayloadError error() const;

private:
    struct Failure {
        At at = 0;
        std::string_view rule;
        std::string why;
    };

    bool spend(std::size_t steps);
    /// Notes the first failure, when words are wanted. Always false.
    template <typename Words>
    bool fail(At at, std::string_view rule, Words const& words);
    std::string shown(At at) const;

    bool accepts(RulesIndex index, At at, Evaluated* evaluated);
    bool accepts_value(Rules const& rules, At at, Evaluated* evaluated);
    bool is_of_type(Rules const& rules, At at);
    bool is_one_of(ValueRules const& values, At at);
    bool check_number(NumberRules const& rules, At at);
    bool check_string(StringRules const& rules, At at);
    bool check_pattern(CheckedPattern const& pattern, At at, std::string_view keyword, bool& finds);

    // ---- validate_inside.cc ------------------------------------------------------------------
    bool check_array(ArrayRules const& rules, At at, Evaluated* evaluated);
    bool check_contains(ArrayRules const& rules, At at, Evaluated* evaluated);
    bool check_object(ObjectRules const& rules, At at, Evaluated* evaluated);
    bool check_member(ObjectRules const& rules, At key, std::size_t i, Present& present,
                      Evaluated* evaluated);
    bool check_dependencies(ObjectRules const& rules, At at, Evaluated* evaluated);
    bool check_unevaluated(Rules const& rules, At at, Evaluated& evaluated);
    bool check_left_over(RulesIndex rules, std::string_view keyword, At at, At named);
    At member(At object, std::string_view name);

    // ---- validate_applied.cc -----------------------------------------------------------------
    bool apply(Applied const& applied, At at, Evaluated* evaluated);
    bool apply_alternatives(Applied const& applied, At at, Evaluated* evaluated);
    bool apply_choice(Applied const& applied, At at, Evaluated* evaluated);
    bool accepts_quietly(RulesIndex index, At at, Evaluated* evaluated);
    RulesIndex in_dynamic_scope(std::unordered_map<ResourceIndex, RulesIndex> const& among,
                                RulesIndex otherwise) const;
    bool fail_alternatives(Applied const& applied, At at, std::vector<Failure> failures);

    Program const& program_;
    Tape const& payload_;
    bool explains_;
    std::size_t steps_left_;
    std::size_t depth_ = 0;
    bool too_deep_ = false;
    bool failed_ = false;
    Failure failure_;
    std::vector<ResourceIndex> scope_;
};

template <typename Words>
bool Validator::fail(At at, std::string_view rule, Words const& words) {
    if (explains_ && !failed_) {
        failed_ = true;
        failure_ = {at, rule, words()};
    }
    return false;
}

}  // namespace klamm::schema::jsonschema
