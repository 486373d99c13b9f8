#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "json/swar.h"

namespace json {

// The writers' alphabet: each puts something at `to` and returns its end.

inline char* put(char* to, std::string_view text) {
    text.copy(to, text.size());
    return to + text.size();
}

constexpr size_t number_bytes_max = 20;

inline char* put(char* to, int64_t number) {
    const auto count = static_cast<uint64_t>(number);
    // One digit or two: an index, or the tokens of a short text.
    if (count < 10) {
        *to = static_cast<char>('0' + count);
        return to + 1;
    }
    if (count < 100) {
        const uint64_t tens = count / 10;
        to[0] = static_cast<char>('0' + tens);
        to[1] = static_cast<char>('0' + (count - 10 * tens));
        return to + 2;
    }
    return std::to_chars(to, to + number_bytes_max, number).ptr;
}

// Eight hex digits, without a table: the digits of a number in the bytes of another.
inline char* put_hex(char* to, uint32_t number) {
    uint64_t digits = number;
    digits = (digits | digits << 16) & 0x0000FFFF0000FFFF;
    digits = (digits | digits << 8) & 0x00FF00FF00FF00FF;
    digits = (digits | digits << 4) & low_bits * 0x0F;
    const uint64_t letters = (digits + low_bits * 6) >> 4 & low_bits;  // 1 for each above 9
    digits += low_bits * '0' + letters * ('a' - '0' - 10);
    // The highest byte is the first digit.
    store(to, std::endian::native == std::endian::little ? __builtin_bswap64(digits) : digits);
    return to + 8;
}

// The id of an answer, 16 hex digits.
inline char* put_id(char* to, uint64_t id) {
    return put_hex(put_hex(to, static_cast<uint32_t>(id >> 32)), static_cast<uint32_t>(id));
}

}  // namespace json
