#pragma once

#include <cstdint>

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

}  // namespace net
