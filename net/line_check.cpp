#include "net/line_check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace net {
namespace {

using Byte = unsigned char;
// Sixteen bytes at once: the compiler makes SSE2 or NEON of it, or plain code where there is none.
using Bytes [[gnu::vector_size(16)]] = Byte;

// Whether `byte` is wrong behind `previous`; for one byte or for each of sixteen.
template <class T>
auto is_wrong(T previous, T byte) {
    const auto is_folded = (previous == Byte{'\n'}) & ((byte == Byte{' '}) | (byte == Byte{'\t'}));
    const auto is_bare = (previous == Byte{'\r'}) ^ (byte == Byte{'\n'});
    // These three are below 0x20, so that the xor takes them out.
    const auto is_space = (byte == Byte{'\t'}) | (byte == Byte{'\n'}) | (byte == Byte{'\r'});
    const auto is_control = ((byte < Byte{0x20}) ^ is_space) | (byte == Byte{0x7F});
    return is_folded | is_bare | is_control;
}

Bytes load(const char* at) {
    Bytes bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

// Whether no byte is wrong from the second on. REQUIRES: more than sixteen bytes.
bool are_good(std::string_view bytes) {
    const size_t last = bytes.size() - sizeof(Bytes);
    Bytes wrong{};
    for (size_t at = 1;; at += sizeof(Bytes)) {
        at = std::min(at, last);  // the last sixteen reach back over what was seen already
        wrong |= is_wrong(load(&bytes[at - 1]), load(&bytes[at]));
        if (at == last) break;
    }
    uint64_t halves[2];
    std::memcpy(halves, &wrong, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

}  // namespace

bool LineCheck::feed(std::string_view bytes) {
    const auto is_wrong_here = [this](char byte) {
        return is_wrong(static_cast<Byte>(previous_), static_cast<Byte>(byte)) != 0;
    };
    if (bytes.size() > sizeof(Bytes)) {
        const bool is_good = !is_wrong_here(bytes.front()) && are_good(bytes);
        previous_ = bytes.back();
        return is_good;
    }
    for (const char byte : bytes) {
        if (is_wrong_here(byte)) return false;
        previous_ = byte;
    }
    return true;
}

}  // namespace net
