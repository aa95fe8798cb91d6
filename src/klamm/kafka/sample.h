// kafka/sample.h - random values of any Described struct, for tests, fuzzers and checks.
#pragma once

#include "klamm/base/ensure.h"
#include "klamm/base/random.h"
#include "klamm/base/uuid.h"
#include "klamm/kafka/records.h"
#include "klamm/kafka/schema.h"

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace klamm::kafka {

/// A value that `version` can carry: fields that it lacks keep their default. Arrays are short,
/// text is UTF-8 of one to three bytes a character.
template <Described T>
T sample(Random& random, ApiVersion version);

namespace detail {

template <class T>
requires(std::integral<T> || std::is_enum_v<T>) void sample_value(Random& random, T& value,
                                                                  ApiVersion) {
    if constexpr (std::same_as<T, bool>) {
        value = random.one_in(2);
    } else {
        auto const small = random.one_in(2);
        value = static_cast<T>(small ? random.below(100) : random.next());
    }
}

inline void sample_value(Random& random, double& value, ApiVersion) {
    value = double(random.below(1000)) / 8;
}

inline void sample_value(Random& random, std::string& text, ApiVersion) {
    for (auto left = random.below(20); left > 0; --left) {
        switch (random.below(10)) {
            case 0:
                text += "\u00e4";
                break;
            case 1:
                text += "\u6d41";
                break;
            default:
                text += char('a' + random.below(26));
        }
    }
    if (random.one_in(50)) text.assign(1000, 'x');  // a length of two bytes, as a varint
}

inline void sample_value(Random& random, Uuid& id, ApiVersion) { id = Uuid::random(random); }

inline void sample_value(Random& random, Bytes& bytes, ApiVersion) {
    bytes.resize(random.below(30));
    for (auto& byte : bytes) byte = std::byte(random.below(256));
}

inline void sample_value(Random& random, Records& records, ApiVersion version) {
    Bytes bytes;
    sample_value(random, bytes, version);
    if (!bytes.empty()) records.parts.push_back(Slice{std::move(bytes)});
}

template <Described T>
void sample_value(Random& random, T& value, ApiVersion version) {
    value = sample<T>(random, version);
}

template <class E>
requires(!std::same_as<E, std::byte>) void sample_value(Random& random, std::vector<E>& items,
                                                        ApiVersion version) {
    for (auto left = random.below(4); left > 0; --left)
        sample_value(random, items.emplace_back(), version);
}

template <class T>
struct Sampler {
    Random& random;
    T& message;
    ApiVersion version;

    void operator()(std::string_view, auto member, Presence p = always) {
        if (p.in(version)) fill(message.*member, p);
    }
    template <class V>
    void fill(V& value, Presence) {
        if (!random.one_in(5)) sample_value(random, value = V{}, version);
    }
    template <class V>
    void fill(std::optional<V>& value, Presence p) {
        value.reset();
        if (p.nullable_from <= version && random.one_in(3)) return;
        value = V{};
        sample_value(random, *value, version);
    }
};

}  // namespace detail

template <Described T>
T sample(Random& random, ApiVersion version) {
    T message;
    detail::Sampler<T> visit{random, message, version};
    T::describe(visit);
    return message;
}

}  // namespace klamm::kafka
