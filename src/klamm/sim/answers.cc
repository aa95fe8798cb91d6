#include "klamm/sim/answers.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <vector>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;
using Errors = std::set<ErrorCode>;

void collect(Errors&, auto const&) {}
void collect(Errors& errors, ErrorCode error) {
    if (error != ErrorCode::none) errors.insert(error);
}
template <kafka::Described T>
void collect(Errors& errors, T const& message);
template <class E>
void collect(Errors& errors, std::vector<E> const& items) {
    for (auto const& item : items) collect(errors, item);
}
template <class V>
void collect(Errors& errors, std::optional<V> const& value) {
    if (value) collect(errors, *value);
}
template <kafka::Described T>
void collect(Errors& errors, T const& message) {
    auto const field = [&](std::string_view, auto member, auto const&...) {
        collect(errors, message.*member);
    };
    T::describe(field);
}

}  // namespace

void count(AnswerCounts& counts, kafka::RequestHeader const& header,
           kafka::AnyResponse const& answer) {
    Errors errors;
    std::visit([&](auto const& body) { collect(errors, body); }, answer);
    if (errors.empty()) errors.insert(ErrorCode::none);
    for (auto const error : errors) ++counts[{header.api_key, header.api_version, error}];
}

std::string to_text(AnswerCounts const& counts) {
    std::string text;
    std::optional<AnswerKind> before;
    for (auto const& [kind, times] : counts) {
        bool const same_line =
            before && before->api_key == kind.api_key && before->version == kind.version;
        text += same_line ? ", "
                          : fmt::format("{}  {} {}: ", before ? "\n" : "",
                                        kafka::api_name(kind.api_key), kind.version);
        text += fmt::format("{} {}", times, to_string(kind.error));
        before = kind;
    }
    return text.empty() ? text : text + "\n";
}

}  // namespace klamm::sim
