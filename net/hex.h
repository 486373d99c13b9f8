#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace net {

// Eight lowercase hex digits, all of them at a time: the value is spread to one digit a byte first.
inline void write_hex_half(uint32_t value, char* to) {
    uint64_t digits = value;
    digits = (digits | digits << 16) & 0x0000FFFF0000FFFF;
    digits = (digits | digits << 8) & 0x00FF00FF00FF00FF;
    digits = (digits | digits << 4) & 0x0F0F0F0F0F0F0F0F;
    const uint64_t letters = ((digits + 0x0606060606060606) >> 4) & 0x0101010101010101;
    digits += 0x3030303030303030 + letters * ('a' - '0' - 10);
    if constexpr (std::endian::native == std::endian::little) digits = __builtin_bswap64(digits);
    std::memcpy(to, &digits, sizeof digits);
}

// Sixteen.
inline void write_hex(uint64_t value, char (&text)[16]) {
    write_hex_half(static_cast<uint32_t>(value >> 32), text);
    write_hex_half(static_cast<uint32_t>(value), text + 8);
}

}  // namespace net
