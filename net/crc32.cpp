#include "net/crc32.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

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

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t crc) {
    crc = ~crc;
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
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
    return ~crc;
}

}  // namespace net
