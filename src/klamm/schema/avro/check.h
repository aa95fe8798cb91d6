// schema/avro/check.h - whether bytes are a value of a schema, as fast as they can be walked.
//
// The model becomes a program once: a record's fields side by side, those of fixed size joined into
// one skip, those of no size left out. The walk builds nothing and says only yes or no; why not is
// the decoder's to say, which finds the same.
#pragma once

#include "klamm/schema/avro/model.h"

namespace klamm::schema::avro {

/// The fewest bytes that a value of each type in use takes; 0: none ever takes any.
class Sizes {
public:
    explicit Sizes(Model const& model);
    std::uint64_t fewest(TypeId type) const { return fewest_[type]; }
    bool none(TypeId type) const { return fewest_[type] == 0; }

private:
    std::uint64_t find(Model const& model, TypeId id);

    std::vector<std::uint64_t> fewest_;
    std::vector<bool> known_;
};

class Program {
public:
    Program(Model const& model, Sizes const& sizes);

    bool accepts(ByteView payload) const;

private:
    friend class Walk;

    enum class Op : std::uint8_t {
        skip,
        boolean,
        int32,
        int64,
        bytes,
        string,
        index,
        array,
        map,
        union_of,
        record,
    };
    struct Step {
        Op op = Op::skip;
        std::uint32_t count = 0;   ///< steps of a record or a union, symbols of an enum
        std::uint64_t number = 0;  ///< bytes to skip; the first of those steps, or of an element
        std::uint64_t fewest = 0;  ///< array, map: bytes of an element
    };

    Step step_of(Model const& model, Sizes const& sizes, TypeId id);

    std::vector<Step> steps_;
    std::unordered_map<TypeId, Step> records_;
    Step root_;
};

}  // namespace klamm::schema::avro
