#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Eight bytes at a time in an ordinary register, on any machine.
namespace json {

constexpr uint64_t low_bits = 0x0101010101010101;
constexpr uint64_t high_bits = 0x8080808080808080;

template <class Word>
inline Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

template <class Word>
inline void store(char* to, Word word) {
    std::memcpy(to, &word, sizeof word);
}

// Not zero if one of the eight bytes is zero. May flag further bytes above a zero one.
constexpr uint64_t zero_byte(uint64_t word) {
    return (word - low_bits) & ~word & high_bits;
}

constexpr uint64_t has_byte(uint64_t word, uint8_t byte) {
    return zero_byte(word ^ (low_bits * byte));
}

// The high bit of each byte that equals `byte`, and no other bit.
constexpr uint64_t equal_bytes(uint64_t word, uint8_t byte) {
    const uint64_t difference = word ^ (low_bits * byte);
    return ~(((difference & ~high_bits) + ~high_bits) | difference) & high_bits;
}

// The same word on any machine: its lowest byte is the first.
inline uint64_t load_in_order(const char* from) {
    const auto word = load<uint64_t>(from);
    return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// Where the first byte with a high bit stands in a word loaded in order.
// REQUIRES: there is one.
constexpr size_t first_high(uint64_t flags) {
    return static_cast<size_t>(std::countr_zero(flags)) / 8;
}

// Not zero if one of the bytes is below 0x20.
constexpr uint64_t has_control(uint64_t word) {
    return (word - low_bits * 0x20) & ~word & high_bits;
}

// Not zero if one of the bytes is 0x7F or above: adding one carries into the high bit.
template <class Word>
constexpr Word has_special(Word word) {
    return static_cast<Word>(
               ((word & static_cast<Word>(~high_bits)) + static_cast<Word>(low_bits)) | word) &
           static_cast<Word>(high_bits);
}

// Whether two texts begin with the same word and end with the same word.
// REQUIRES: they are of one size, which is at least the word's.
template <class Word>
inline bool has_same_ends(std::string_view a, std::string_view b) {
    const size_t last = a.size() - sizeof(Word);
    const Word first_bits = load<Word>(a.data()) ^ load<Word>(b.data());
    const Word last_bits = load<Word>(a.data() + last) ^ load<Word>(b.data() + last);
    return (first_bits | last_bits) == 0;
}

}  // namespace json
