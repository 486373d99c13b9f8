#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
#ifdef __SSE2__
    // Half a byte in each of 16, the highest first.
    const __m128i bytes = _mm_cvtsi64_si128(static_cast<int64_t>(__builtin_bswap64(id)));
    const __m128i halves = _mm_unpacklo_epi8(_mm_srli_epi16(bytes, 4), bytes);
    const __m128i digits = _mm_and_si128(halves, _mm_set1_epi8(0x0F));
    const __m128i letters = _mm_cmpgt_epi8(digits, _mm_set1_epi8(9));
    const __m128i bases =
        _mm_add_epi8(_mm_and_si128(letters, _mm_set1_epi8('a' - '0' - 10)), _mm_set1_epi8('0'));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_add_epi8(digits, bases));
    return to + 16;
#else
    return put_hex(put_hex(to, static_cast<uint32_t>(id >> 32)), static_cast<uint32_t>(id));
#endif
}

}  // namespace json
