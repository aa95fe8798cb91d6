// schema/avro/numbers.h - numbers as Java writes them.
//
// Confluent's registry stores what Java printed, and knows a schema again by that text: 1e3 comes
// back as 1000.0, 0.10 as 0.1, and whole numbers with all their digits.
#pragma once

#include "klamm/json/value.h"

#include <string>

namespace klamm::schema::avro {

/// The shortest text that reads back as the same number: "1.0", "1.0E10", "NaN", "Infinity".
std::string java_text(double number);
std::string java_text(float number);

/// The same document with each number that has a fraction or an exponent as Java writes it. One
/// beyond the range of a double becomes the string "Infinity", as it does there.
json::Value with_java_numbers(json::Value value);

/// Whether it was written without fraction and exponent.
bool is_whole(json::Value const& value);

/// "1.5", "NaN", "-Infinity": what a string may say where a number belongs.
std::optional<double> number_in(std::string const& text);

}  // namespace klamm::schema::avro
