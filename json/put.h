#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace json {

// The writers' alphabet: each puts something at `to` and returns its end.

inline char* put(char* to, std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

constexpr size_t number_bytes_max = 20;

inline char* put(char* to, int64_t number) {
    return std::to_chars(to, to + number_bytes_max, number).ptr;
}

// The id of an answer, 16 hex digits.
inline char* put_id(char* to, uint64_t id) {
    for (int shift = 60; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[id >> shift & 15];
    return to;
}

}  // namespace json
