#include "net/crc32.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "net/processor.h"

namespace net {
namespace {

constexpr uint32_t polynomial = 0xEDB88320;

// tables[k][b] is the remainder of byte b followed by k zero bytes, so that eight bytes are
// folded by eight independent look-ups ("slicing by 8").
using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        tables[0][byte] = crc;
    }
    for (size_t k = 1; k < tables.size(); ++k) {
        for (size_t byte = 0; byte < 256; ++byte) {
            const uint32_t crc = tables[k - 1][byte];
            tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xFF];
        }
    }
    return tables;
}

constexpr Tables tables = make_tables();

uint64_t load_little_endian(const char* from) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

// Of bytes that go on from a state which is `crc` before the final complement.
uint32_t advance(uint32_t crc, const char* at, const char* end) {
    for (; end - at >= 8; at += 8) {
        const uint64_t word = load_little_endian(at) ^ crc;
        crc = tables[7][word & 0xFF] ^ tables[6][(word >> 8) & 0xFF] ^
              tables[5][(word >> 16) & 0xFF] ^ tables[4][(word >> 24) & 0xFF] ^
              tables[3][(word >> 32) & 0xFF] ^ tables[2][(word >> 40) & 0xFF] ^
              tables[1][(word >> 48) & 0xFF] ^ tables[0][word >> 56];
    }
    for (; at != end; ++at) {
        crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<uint8_t>(*at)) & 0xFF];
    }
    return crc;
}

#ifdef __x86_64__

// What fold() multiplies by to move a block so far: remainders of powers of x, bit-reflected, from
// Intel's "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ".
constexpr uint64_t over_64_bytes[2] = {0x0154442bd4, 0x01c6e41596};
constexpr uint64_t over_16_bytes[2] = {0x01751997d0, 0x00ccaa009e};
constexpr uint64_t over_4_bytes[2] = {0x0163cd6124, 0};
// The polynomial with its highest term, and the quotient of x^64 by it.
constexpr uint64_t reduction[2] = {0x01db710641, 0x01f7011641};

constexpr ptrdiff_t fold_bytes_min = 64;

[[gnu::target("pclmul,sse4.1")]] __m128i load(const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// `folded` moved over as many bytes as `by` says, and added to what is there.
[[gnu::target("pclmul,sse4.1")]] __m128i fold(__m128i folded, __m128i by, __m128i next) {
    const __m128i low = _mm_clmulepi64_si128(folded, by, 0x00);
    const __m128i high = _mm_clmulepi64_si128(folded, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

[[gnu::target("pclmul,sse4.1")]] __m128i load(const uint64_t (&pair)[2]) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(pair));
}

// Of a block: folded from 16 bytes to 12, to 8, and by Barrett's reduction to 4.
[[gnu::target("pclmul,sse4.1")]] uint32_t remainder(__m128i block) {
    const __m128i low_words = _mm_setr_epi32(-1, 0, -1, 0);
    block = _mm_xor_si128(_mm_srli_si128(block, 8),
                          _mm_clmulepi64_si128(block, load(over_16_bytes), 0x10));
    block = _mm_xor_si128(
        _mm_srli_si128(block, 4),
        _mm_clmulepi64_si128(_mm_and_si128(block, low_words), load(over_4_bytes), 0x00));
    __m128i quotient = _mm_and_si128(block, low_words);
    quotient = _mm_clmulepi64_si128(quotient, load(reduction), 0x10);
    quotient = _mm_and_si128(quotient, low_words);
    block = _mm_xor_si128(block, _mm_clmulepi64_si128(quotient, load(reduction), 0x00));
    return static_cast<uint32_t>(_mm_extract_epi32(block, 1));
}

// Indexes for a shuffle: from 16 + n they move a block n bytes to its front, from n they move its
// first n bytes to its end, and fill up with zeros.
constexpr uint8_t nothing = 0x80;
constexpr std::array<uint8_t, 48> moves = [] {
    std::array<uint8_t, 48> made;
    made.fill(nothing);
    for (uint8_t i = 0; i < 16; ++i) made[16 + i] = i;
    return made;
}();

[[gnu::target("pclmul,sse4.1")]] __m128i move_by(size_t index) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(moves.data() + index));
}

// `folded` and the `size` bytes before `end`, fewer than 16, in one block: zeros before the first
// would not change the remainder, so that both are moved up to a whole block and folded there.
[[gnu::target("pclmul,sse4.1")]] __m128i fold_rest(__m128i folded, __m128i by, const char* end,
                                                   size_t size) {
    const __m128i to_front = move_by(16 + size);
    const __m128i first = _mm_shuffle_epi8(folded, move_by(size));
    const __m128i others = _mm_shuffle_epi8(folded, to_front);
    return fold(first, by, _mm_blendv_epi8(others, load(end - 16), to_front));
}

// Folds blocks of 16 bytes into one that has the same remainder, four at a time as long as there
// are. REQUIRES: fold_bytes_min bytes.
[[gnu::target("pclmul,sse4.1")]] uint32_t advance_folded(uint32_t crc, const char* at,
                                                         const char* end) {
    __m128i by = load(over_64_bytes);
    // Four variables and not an array, which the compiler would keep in memory.
    __m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128(static_cast<int>(crc)));
    __m128i b = load(at + 16);
    __m128i c = load(at + 32);
    __m128i d = load(at + 48);
    for (at += 64; end - at >= 64; at += 64) {
        a = fold(a, by, load(at));
        b = fold(b, by, load(at + 16));
        c = fold(c, by, load(at + 32));
        d = fold(d, by, load(at + 48));
    }
    by = load(over_16_bytes);
    __m128i folded = fold(fold(fold(a, by, b), by, c), by, d);
    for (; end - at >= 16; at += 16) folded = fold(folded, by, load(at));
    if (at != end) folded = fold_rest(folded, by, end, static_cast<size_t>(end - at));
    return remainder(folded);
}

// Of eight bytes, as of a block that begins with zeros.
[[gnu::target("pclmul,sse4.1")]] uint32_t advance_eight(uint32_t crc, const char* at) {
    const auto word = static_cast<int64_t>(load_little_endian(at) ^ crc);
    return remainder(_mm_set_epi64x(word, 0));
}

const bool can_clmul = has_clmul();

#endif

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t crc) {
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
#ifdef __x86_64__
    if (can_clmul) {
        if (end - begin >= fold_bytes_min) return ~advance_folded(~crc, begin, end);
        if (end - begin == 8) return ~advance_eight(~crc, begin);  // the lengths of a frame
    }
#endif
    return ~advance(~crc, begin, end);
}

}  // namespace net
