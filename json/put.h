#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace json {

// The writers' alphabet: each puts something at `to` and returns its end.

inline char* put(char* to, std::string_view text) {
    text.copy(to, text.size());
    return to + text.size();
}

constexpr size_t number_bytes_max = 20;

inline char* put(char* to, int64_t number) {
    const auto count = static_cast<uint64_t>(number);
    if (count >= 100) return std::to_chars(to, to + number_bytes_max, number).ptr;
    // One digit or two: an index, or the tokens of a short text.
    if (count >= 10) *to++ = static_cast<char>('0' + count / 10);
    *to++ = static_cast<char>('0' + count % 10);
    return to;
}

// The two hex digits of each byte.
inline constexpr auto hex_pairs = [] {
    std::array<char, 512> pairs = {};
    for (size_t i = 0; i < pairs.size(); ++i) {
        pairs[i] = "0123456789abcdef"[i % 2 == 0 ? i / 32 : i / 2 % 16];
    }
    return pairs;
}();

// The id of an answer, 16 hex digits.
inline char* put_id(char* to, uint64_t id) {
    for (int shift = 56; shift >= 0; shift -= 8, to += 2) {
        std::memcpy(to, &hex_pairs[(id >> shift & 255) * 2], 2);
    }
    return to;
}

}  // namespace json
