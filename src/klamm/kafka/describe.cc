#include "klamm/kafka/describe.h"

#include "klamm/base/bytes.h"
#include "klamm/base/ensure.h"
#include "klamm/base/uuid.h"
#include "klamm/kafka/apis.h"

#include <concepts>
#include <string_view>
#include <type_traits>

namespace klamm::kafka {
namespace {

/// "FetchTopic": what the compiler calls T, without what it is nested in.
template <class T>
consteval std::string_view struct_name() {
    std::string_view name = __PRETTY_FUNCTION__;
    name.remove_prefix(name.find("T = ") + 4);
    name = name.substr(0, name.find_first_of(";]"));
    return name.substr(name.rfind(':') + 1);
}

template <class T>
struct Unwrap {
    using type = T;
    static constexpr bool optional = false;
    static constexpr bool array = false;
};
template <class T>
struct Unwrap<std::optional<T>> : Unwrap<T> {
    static constexpr bool optional = true;
};
template <class T>
requires(!std::same_as<T, std::byte>) struct Unwrap<std::vector<T>> : Unwrap<T> {
    static constexpr bool array = true;
};

template <class T>
std::string type_name() {
    if constexpr (std::is_enum_v<T>) return type_name<std::underlying_type_t<T>>();
    if constexpr (std::same_as<T, bool>) return "bool";
    if constexpr (std::same_as<T, double>) return "float64";
    if constexpr (std::same_as<T, std::string>) return "string";
    if constexpr (std::same_as<T, Bytes>) return "bytes";
    if constexpr (std::same_as<T, Records>) return "records";
    if constexpr (std::same_as<T, Uuid>) return "uuid";
    if constexpr (std::integral<T>)
        return (std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T));
    if constexpr (Described<T>) return std::string{struct_name<T>()};
}

std::string json(std::string const& text) { return '"' + text + '"'; }
std::string json(bool value) { return value ? "true" : "false"; }
std::string json(double value) { return std::to_string(value); }
std::string json(Uuid const& id) { return '"' + to_string(id) + '"'; }
template <class T>
requires(std::integral<T> || std::is_enum_v<T>) std::string json(T value) {
    return std::to_string(static_cast<std::int64_t>(value));
}
template <class T>
std::string json(std::vector<T> const& items) {
    ensure(items.empty());  // no default of the protocol has elements
    return "[]";
}
template <class T>
std::string json(std::optional<T> const& value) {
    if constexpr (std::same_as<T, Records> || Described<T>) {
        ensure(!value);
        return "null";
    } else {
        return value ? json(*value) : "null";
    }
}

template <class T>
struct FieldDescriber {
    std::string& out;
    std::string indent;
    std::string_view separator = "";

    void operator()(std::string_view name, auto member, Presence p = always) {
        using Member = std::remove_cvref_t<decltype(std::declval<T>().*member)>;
        using Kind = Unwrap<Member>;
        using Inner = typename Kind::type;
        ((out += separator) += '\n') += indent;
        separator = ",";
        out += "{\"name\": \"" + std::string{name} + "\", \"type\": \"" +
               (Kind::array ? "[]" : "") + type_name<Inner>() + '"';
        if (p.first != always.first) number("first", p.first);
        if (p.last != always.last) number("last", p.last);
        if (Kind::optional) number("nullable_from", p.nullable_from);
        if (p.tagged()) number("tag", p.tag_number);
        if (p.may_be_lost) out += ", \"ignorable\": true";
        if constexpr (!Described<Member>) out += ", \"default\": " + json(T{}.*member);
        if constexpr (Described<Inner>) fields<Inner>(out, indent + "  ");
        out += '}';
    }

    void number(std::string_view name, int value) {
        out += ", \"" + std::string{name} + "\": " + std::to_string(value);
    }

    template <class S>
    static void fields(std::string& out, std::string const& indent) {
        out += ", \"fields\": [";
        FieldDescriber<S> visit{out, indent};
        S::describe(visit);
        out += ']';
    }
};

template <class T>
void describe_message(std::string& out) {
    out += out.empty() ? "[\n" : ",\n";
    out += "{\"name\": \"" + std::string{struct_name<T>()} +
           "\", \"key\": " + std::to_string(T::api.key) +
           ", \"first\": " + std::to_string(T::api.first) +
           ", \"last\": " + std::to_string(T::api.last);
    if (T::api.flexible_from != never_flexible)
        out += ", \"flexible_from\": " + std::to_string(T::api.flexible_from);
    FieldDescriber<T>::template fields<T>(out, "  ");
    out += '}';
}

}  // namespace

std::string describe_json() {
    std::string out;
#define X(Name)                           \
    describe_message<Name##Request>(out); \
    describe_message<Name##Response>(out);
    KLAMM_KAFKA_APIS(X)
#undef X
    return out += "\n]\n";
}

}  // namespace klamm::kafka
