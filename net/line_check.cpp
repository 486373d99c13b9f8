#include "net/line_check.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace net {
namespace {

constexpr uint64_t ones = 0x0101010101010101;
constexpr uint64_t highs = 0x8080808080808080;

// Of eight bytes, which are control characters or DEL: their high bits. The lowest one is exact;
// those above it may be wrong.
uint64_t specials(uint64_t word) {
    const uint64_t controls = (word - ones * 0x20) & ~word;
    const uint64_t deletes = word ^ (ones * 0x7F);
    return (controls | ((deletes - ones) & ~deletes)) & highs;
}

uint64_t load_little_endian(const char* at) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
}

}  // namespace

bool LineCheck::feed(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
        if (previous_ != '\r' && previous_ != '\n') {
            while (end - at >= 8) {
                const uint64_t found = specials(load_little_endian(at));
                at += found == 0 ? 8 : std::countr_zero(found) / 8;
                if (found != 0) break;
            }
            if (at == end) {
                previous_ = 'x';
                break;
            }
        }
        if (!feed_special(*at++)) return false;
    }
    return true;
}

bool LineCheck::feed_special(char byte) {
    const char previous = previous_;
    previous_ = byte;
    if (previous == '\r') return byte == '\n';
    if (byte == '\n') return false;
    if (previous == '\n' && (byte == ' ' || byte == '\t')) return false;
    if (byte == '\r' || byte == '\t') return true;
    const auto code = static_cast<unsigned char>(byte);
    return code >= 0x20 && code != 0x7F;
}

}  // namespace net
