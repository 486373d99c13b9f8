#include "net/line_check.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace net {
namespace {

constexpr uint64_t ones = 0x0101010101010101;
constexpr uint64_t highs = 0x8080808080808080;

// Whether any of eight bytes is a control character or DEL. May say yes for the byte after one.
bool has_special(uint64_t word) {
    const uint64_t controls = (word - ones * 0x20) & ~word;
    const uint64_t deletes = word ^ (ones * 0x7F);
    return ((controls | ((deletes - ones) & ~deletes)) & highs) != 0;
}

}  // namespace

bool LineCheck::feed(std::string_view bytes) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    while (at != end) {
        const bool in_line = previous_ != '\r' && previous_ != '\n';
        if (in_line && end - at >= 8) {
            uint64_t word;
            std::memcpy(&word, at, 8);
            if (!has_special(word)) {
                at += 8;
                previous_ = 'x';
                continue;
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
