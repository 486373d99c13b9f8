#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace json {

constexpr bool is_continuation(char byte) {
    return (byte & 0xC0) == 0x80;
}

constexpr bool is_high_surrogate(int32_t value) {
    return value >= 0xD800 && value < 0xDC00;
}

constexpr bool is_low_surrogate(int32_t value) {
    return value >= 0xDC00 && value < 0xE000;
}

// The length of the UTF-8 sequence that `first` leads.
constexpr size_t sequence_length(uint8_t first) {
    if (first < 0xC0) return 1;
    if (first < 0xE0) return 2;
    return first < 0xF0 ? 3 : 4;
}

// A code point and its length in bytes. A length of 0 means that there is none.
struct CodePoint {
    size_t length = 0;
    int32_t value = 0;
};

// The text's first code point; none if its first byte is not UTF-8. The three-byte form of a lone
// surrogate (WTF-8) counts as a code point.
// REQUIRES: `text` is not empty.
CodePoint first_code_point(std::string_view text);

// Where the first byte stands that is not UTF-8, or npos. Surrogates are not UTF-8.
size_t find_bad_utf8(std::string_view text);

void append_utf8(int32_t value, std::string& out);

}  // namespace json
