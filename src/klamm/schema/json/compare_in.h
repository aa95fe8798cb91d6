// schema/json/compare_in.h - a step down a path; of use to the comparison's files alone.
#pragma once

#include "klamm/schema/json/compare.h"

namespace klamm::schema::jsonschema {

class Comparer::In {
public:
    In(Out& out, std::string_view segment) : out_(out), size_(out.path.size()) {
        if (!out.path.empty()) out.path += '/';
        out.path += segment;
    }
    In(In const&) = delete;
    In& operator=(In const&) = delete;
    ~In() { out_.path.resize(size_); }

private:
    Out& out_;
    std::size_t size_;
};

/// As text, however the keys of objects are ordered.
inline std::string key_of(json::Value const* value) {
    return value == nullptr ? std::string() : json::print_sorted(*value);
}

}  // namespace klamm::schema::jsonschema
