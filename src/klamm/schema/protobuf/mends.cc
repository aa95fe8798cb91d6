#include "klamm/schema/protobuf/mends.h"

#include "klamm/schema/protobuf/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace klamm::schema::protobuf {
namespace {

using Names = std::vector<std::string>;

Names steps_of(std::string_view path) {
    Names steps;
    if (path.starts_with("#/")) path.remove_prefix(2);
    while (!path.empty()) {
        auto const slash = std::min(path.find('/'), path.size());
        steps.emplace_back(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return steps;
}

std::optional<std::int32_t> number_of(std::string const& step) {
    std::int32_t number = 0;
    auto const end = step.data() + step.size();
    auto const read = std::from_chars(step.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

class Mender {
public:
    Mender(File const& old, File const& proposed, Difference const& difference)
        : old_(old),
          proposed_(proposed),
          rule_(difference.rule),
          steps_(steps_of(difference.path)) {}

    std::vector<Mend> run(Breaks breaks);

private:
    /// A candidate: the proposed schema, changed by `change`. What the change cannot be applied to,
    /// or what it does not change, is none.
    template <typename Change>
    void offer(std::string words, Change change) {
        auto file = proposed_;
        if (!change(file)) return;
        auto text = print(file);
        if (text == print(proposed_)) return;
        mends_.push_back({.words = std::move(words), .schema = std::move(text)});
    }
    /// The message of the steps before the last ones, in either schema, and its field.
    struct At {
        Names message;
        std::int32_t number = 0;
    };
    std::optional<At> field_at();

    void keep_package();
    void message_back();
    void keep_name_of_message(Names const& path);
    void message_away();
    void type_changed();
    void required();
    void oneof_field(Breaks breaks);
    void places_back();
    void reserve_number();
    void reserved_back();

    File old_;  // copies: finding things wants what may be changed
    File proposed_;
    std::string rule_;
    Names steps_;
    std::vector<Mend> mends_;
};

std::optional<Mender::At> Mender::field_at() {
    if (steps_.empty()) return std::nullopt;
    auto const number = number_of(steps_.back());
    if (!number) return std::nullopt;
    Names names(steps_.begin(), steps_.end() - 1);
    // A member of a oneof has its name in the path, too.
    if (find_message(proposed_, names) == nullptr && find_message(old_, names) == nullptr &&
        !names.empty())
        names.pop_back();
    if (find_message(proposed_, names) == nullptr) return std::nullopt;
    return At{std::move(names), *number};
}

void Mender::keep_package() {
    offer(old_.package.empty() ? std::string("Leave the package out, as it was.")
                               : fmt::format("Keep the package: package {};", old_.package),
          [&](File& file) {
              auto const from = file.package + ".";
              auto const to = old_.package.empty() ? std::string() : old_.package + ".";
              each_type(file, [&](std::string& type) {
                  std::size_t const dot = type.starts_with('.') ? 1 : 0;
                  if (from.size() > 1 && type.compare(dot, from.size(), from) == 0)
                      type.replace(dot, from.size(), to);
              });
              file.package = old_.package;
              return true;
          });
}

void Mender::message_back() {
    auto* const gone = find_message(old_, steps_);
    if (gone == nullptr) return;
    keep_name_of_message(steps_);
    offer(fmt::format("Put message '{}' back.", gone->name), [&](File& file) {
        Names const outer(steps_.begin(), steps_.end() - 1);
        auto* const scope = find_message(file, outer);
        if (!outer.empty() && scope == nullptr) return false;
        auto* const old_scope = find_message(old_, outer);
        auto& list = scope == nullptr ? file.messages : scope->messages;
        auto const& old_list = old_scope == nullptr ? old_.messages : old_scope->messages;
        auto const index = std::min<std::ptrdiff_t>(gone - old_list.data(), std::ssize(list));
        list.insert(list.begin() + index, *gone);
        return true;
    });
}

bool same_fields(Message const& a, Message const& b) {
    auto const text = [](Message message) {
        message.name.clear();
        return print(File{.messages = {std::move(message)}});
    };
    return text(a) == text(b);
}

/// A message that is gone and one that came with the same contents: it was renamed.
void Mender::keep_name_of_message(Names const& path) {
    auto* const found = find_message(old_, path);
    if (found == nullptr || find_message(proposed_, path) != nullptr) return;
    auto const& gone = *found;
    Names const outer(path.begin(), path.end() - 1);
    auto* const scope = find_message(proposed_, outer);
    auto* const old_scope = find_message(old_, outer);
    if (!outer.empty() && (scope == nullptr || old_scope == nullptr)) return;
    auto const& list = scope == nullptr ? proposed_.messages : scope->messages;
    auto const& old_list = old_scope == nullptr ? old_.messages : old_scope->messages;
    for (auto const& each : list) {
        if (std::ranges::find(old_list, each.name, &Message::name) != old_list.end()) continue;
        if (!same_fields(each, gone)) continue;
        auto names = outer;
        names.push_back(each.name);
        offer(fmt::format("Keep the name '{}' for message '{}'.", gone.name, each.name),
              [&](File& file) {
                  find_message(file, names)->name = gone.name;
                  each_type(file, [&](std::string& type) {
                      auto const at =
                          type.ends_with(each.name) ? type.size() - each.name.size() : type.npos;
                      if (at != type.npos && (at == 0 || type[at - 1] == '.'))
                          type.replace(at, each.name.size(), gone.name);
                  });
                  return true;
              });
        return;
    }
}

void Mender::message_away() {
    if (steps_.empty()) return;
    offer(fmt::format("Leave message '{}' out, or define it in a file of its own and import it.",
                      steps_.back()),
          [&](File& file) {
              Names const outer(steps_.begin(), steps_.end() - 1);
              auto* const scope = find_message(file, outer);
              if (!outer.empty() && scope == nullptr) return false;
              auto& list = scope == nullptr ? file.messages : scope->messages;
              return std::erase_if(
                         list, [&](Message const& each) { return each.name == steps_.back(); }) > 0;
          });
}

void Mender::type_changed() {
    auto const at = field_at();
    if (!at) return;
    auto* const old_message = find_message(old_, at->message);
    auto* const message = find_message(proposed_, at->message);
    if (old_message == nullptr || message == nullptr) return;
    auto const was = find_field(*old_message, at->number);
    auto const is = find_field(*message, at->number);
    auto const fresh = free_number(*message, *old_message);
    if (!was || !is) return;
    auto const was_in = was.oneof == nullptr ? std::string() : was.oneof->name;
    auto const is_in = is.oneof == nullptr ? std::string() : is.oneof->name;
    bool const same_words = words(was.field()) == words(is.field());
    // A field of another message, because that was renamed: in the scope of the field, or outside.
    auto const& type = was.field().type;
    for (auto scope = at->message;; scope.pop_back()) {
        auto path = scope;
        path.push_back(type.substr(type.rfind('.') + 1));
        keep_name_of_message(path);
        if (scope.empty()) break;
    }

    if (fresh) {
        auto added = is.field();
        added.number = *fresh;
        if (!same_words && was.field().group.empty() && added.group.empty()) {
            auto both = added;
            if (both.name == was.field().name) both.name = free_name(*message, both.name);
            offer(fmt::format("Keep '{}' and add what is new as a field of its own: '{}'.",
                              words(was.field()), words(both)),
                  [&](File& file) {
                      auto& to = *find_message(file, at->message);
                      take_field(to, at->number);
                      put_field(to, was.field(), was_in);
                      put_field(to, both, is_in);
                      return true;
                  });
        }
        offer(fmt::format("Give '{}' a number that nobody had, and reserve {}: '{}'.",
                          is.field().name, at->number, words(added)),
              [&](File& file) {
                  auto& to = *find_message(file, at->message);
                  take_field(to, at->number);
                  put_field(to, added, is_in);
                  reserve(to.reserved, at->number,
                          was.field().name == added.name ? std::string() : was.field().name);
                  return true;
              });
    }
    offer(fmt::format("Keep '{}' as it was.", words(was.field())), [&](File& file) {
        auto& to = *find_message(file, at->message);
        take_field(to, at->number);
        put_field(to, was.field(), was_in);
        return true;
    });
}

void Mender::required() {
    auto const at = field_at();
    if (!at) return;
    auto* const old_message = find_message(old_, at->message);
    auto const was = old_message == nullptr ? Place() : find_field(*old_message, at->number);
    auto const is = find_field(*find_message(proposed_, at->message), at->number);
    if (is) {
        offer(fmt::format("Make '{}' optional.", is.field().name), [&](File& file) {
            find_field(*find_message(file, at->message), at->number).field().label =
                Label::optional;
            return true;
        });
    } else if (was) {
        offer(fmt::format("Put '{}' back.", words(was.field())), [&](File& file) {
            put_field(*find_message(file, at->message), was.field(), "");
            return true;
        });
    }
}

void Mender::oneof_field(Breaks breaks) {
    auto const at = field_at();
    if (!at) return;
    auto* const old_message = find_message(old_, at->message);
    auto* const message = find_message(proposed_, at->message);
    if (old_message == nullptr) return;
    if (breaks == Breaks::old_readers) {
        auto const is = find_field(*message, at->number);
        if (!is || is.oneof == nullptr) return;
        offer(fmt::format("Put '{}' outside of oneof '{}'.", words(is.field()), is.oneof->name),
              [&](File& file) {
                  auto& to = *find_message(file, at->message);
                  auto field = take_field(to, at->number);
                  if (file.syntax != "proto3") field->label = Label::optional;
                  put_field(to, std::move(*field), "");
                  return true;
              });
        return;
    }
    auto const was = find_field(*old_message, at->number);
    if (!was || was.oneof == nullptr) return;
    // The oneof may have another name by now: the one where its other members are.
    auto name = was.oneof->name;
    for (auto const& each : was.oneof->fields)
        if (auto const is = find_field(*message, each.number); is && is.oneof != nullptr)
            name = is.oneof->name;
    offer(fmt::format("Put '{}' back into oneof '{}'.", words(was.field()), name), [&](File& file) {
        put_field(*find_message(file, at->message), was.field(), name);
        return true;
    });
}

/// Fields that both schemas have go back to where they were: outside, or into their oneof.
void Mender::places_back() {
    if (steps_.empty()) return;
    Names const names(steps_.begin(), steps_.end() - 1);
    auto* const old_message = find_message(old_, names);
    auto* const message = find_message(proposed_, names);
    if (old_message == nullptr || message == nullptr) return;
    std::vector<std::pair<std::int32_t, std::string>> moves;
    std::string moved;
    for (auto const* list : {&message->fields, &message->groups})
        for (auto const& each : *list) moves.emplace_back(each.number, "");
    for (auto const& oneof : message->oneofs)
        for (auto const& each : oneof.fields) moves.emplace_back(each.number, oneof.name);
    std::erase_if(moves, [&](auto& move) {
        auto const was = find_field(*old_message, move.first);
        if (!was) return true;
        auto const was_in = was.oneof == nullptr ? std::string() : was.oneof->name;
        if (was_in == move.second || (move.second != steps_.back() && was_in != steps_.back()))
            return true;
        move.second = was_in;
        moved += (moved.empty() ? "" : ", ") + was.field().name;
        return false;
    });
    if (moves.empty()) return;
    offer(fmt::format("Leave {} where they were: {} of oneof '{}'.", moved,
                      moves.front().second == steps_.back() ? "members" : "outside", steps_.back()),
          [&](File& file) {
              auto& to = *find_message(file, names);
              for (auto const& [number, oneof] : moves) {
                  auto field = take_field(to, number);
                  field->label =
                      oneof.empty() ? find_field(*old_message, number).field().label : Label::none;
                  put_field(to, std::move(*field), oneof);
              }
              return true;
          });
}

void Mender::reserve_number() {
    if (steps_.empty()) return;
    auto const number = number_of(steps_.back());
    if (!number) return;
    offer(fmt::format("Reserve {}: reserved {};", *number, *number), [&](File& file) {
        Names const names(steps_.begin(), steps_.end() - 1);
        if (auto* const type = find_enum(file, names)) {
            reserve(type->reserved, *number, "");
            return true;
        }
        auto* const message = find_message(file, names);
        if (message == nullptr) return false;
        reserve(message->reserved, *number, "");
        return true;
    });
}

void Mender::reserved_back() {
    offer("Keep the reserved numbers reserved.", [&](File& file) {
        auto* const old_enum = find_enum(old_, steps_);
        auto* const type = find_enum(file, steps_);
        auto* const old_message = find_message(old_, steps_);
        auto* const message = find_message(file, steps_);
        auto const* from = old_enum != nullptr      ? &old_enum->reserved
                           : old_message != nullptr ? &old_message->reserved
                                                    : nullptr;
        auto* to = type != nullptr      ? &type->reserved
                   : message != nullptr ? &message->reserved
                                        : nullptr;
        if (from == nullptr || to == nullptr) return false;
        auto const covered = [&](Range const& range) {
            return std::ranges::any_of(*to, [&](Reserved const& each) {
                return std::ranges::any_of(each.ranges, [&](Range const& other) {
                    return other.first <= range.last && range.first <= other.last;
                });
            });
        };
        // Ranges may not overlap: only what is wholly gone can simply be put back.
        for (auto const& each : *from)
            for (auto const& range : each.ranges)
                if (!covered(range)) to->push_back({.ranges = {range}});
        return true;
    });
}

std::vector<Mend> Mender::run(Breaks breaks) {
    if (rule_ == "PACKAGE_CHANGED")
        keep_package();
    else if (rule_ == "MESSAGE_REMOVED" && breaks == Breaks::new_readers)
        message_back();
    else if (rule_ == "MESSAGE_REMOVED")
        message_away();
    else if (rule_.starts_with("REQUIRED_FIELD_"))
        required();
    else if (rule_ == "ONEOF_FIELD_REMOVED")
        oneof_field(breaks);
    else if (rule_.ends_with("_ONEOF"))
        places_back();
    else if (rule_.ends_with("_NO_NUMBER_RESERVED"))
        reserve_number();
    else if (rule_.starts_with("RESERVED_"))
        reserved_back();
    else
        type_changed();
    return std::move(mends_);
}

}  // namespace

std::vector<Mend> mends(File const& old, File const& proposed, Difference const& difference,
                        Breaks breaks) {
    return Mender(old, proposed, difference).run(breaks);
}

}  // namespace klamm::schema::protobuf
