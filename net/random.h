#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace net {

// 64 bits from the kernel's generator. Throws std::system_error.
uint64_t random_seed();

// Spreads a counter over all 64-bit values, each once, so that ids made from one show no order.
constexpr uint64_t scatter(uint64_t counter) {
    uint64_t value = counter * 0x9E3779B97F4A7C15;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    return value ^ (value >> 31);
}

// Sixteen hex digits, all eight bytes at a time: each half is spread to one digit a byte first.
inline void write_hex(uint64_t value, char (&text)[16]) {
    for (int half = 0; half < 2; ++half, value <<= 32) {
        uint64_t digits = value >> 32;
        digits = (digits | digits << 16) & 0x0000FFFF0000FFFF;
        digits = (digits | digits << 8) & 0x00FF00FF00FF00FF;
        digits = (digits | digits << 4) & 0x0F0F0F0F0F0F0F0F;
        const uint64_t letters = ((digits + 0x0606060606060606) >> 4) & 0x0101010101010101;
        digits += 0x3030303030303030 + letters * ('a' - '0' - 10);
        if constexpr (std::endian::native == std::endian::little) {
            digits = __builtin_bswap64(digits);
        }
        std::memcpy(text + half * 8, &digits, sizeof digits);
    }
}

}  // namespace net
