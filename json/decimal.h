#pragma once

#include <string_view>

namespace json {

// The value of a number of JSON's grammar. The nearest double if it has at most 19 digits, the last
// of them at most 27 places from the point; otherwise a close one: digits after the nineteenth do
// not count, and the factor is off by up to 1e-12. What is too large is infinite, too small is 0.
// Not strtod, which costs a static program 65 KB, nor from_chars, which costs 150 KB.
double decimal_of(std::string_view text);

}  // namespace json
