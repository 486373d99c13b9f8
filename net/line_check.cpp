#include "net/line_check.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <numeric>

#include "net/processor.h"

namespace net {
namespace {

using Byte = unsigned char;
// Many bytes at once: the compiler makes SSE2, AVX2 or NEON of it, or plain code where there is
// none.
using Bytes16 [[gnu::vector_size(16)]] = Byte;
using Bytes32 [[gnu::vector_size(32)]] = Byte;

// Sets `wrong` if `byte` is wrong behind `previous`; for one byte or for each of many.
template <class T, class Flag>
[[gnu::always_inline]] inline void judge(const T& previous, const T& byte, Flag& wrong) {
    const auto is_folded = (previous == Byte{'\n'}) & ((byte == Byte{' '}) | (byte == Byte{'\t'}));
    const auto is_bare = (previous == Byte{'\r'}) ^ (byte == Byte{'\n'});
    // These three are below 0x20, so that the xor takes them out.
    const auto is_space = (byte == Byte{'\t'}) | (byte == Byte{'\n'}) | (byte == Byte{'\r'});
    const auto is_control = ((byte < Byte{0x20}) ^ is_space) | (byte == Byte{0x7F});
    wrong |= is_folded | is_bare | is_control;
}

bool may_follow(char previous, char byte) {
    int wrong = 0;
    judge(static_cast<Byte>(previous), static_cast<Byte>(byte), wrong);
    return wrong == 0;
}

// Whether no byte is wrong from the second on. REQUIRES: more bytes than `Bytes` has.
template <class Bytes>
[[gnu::always_inline]] inline bool are_good(std::string_view bytes) {
    const size_t last = bytes.size() - sizeof(Bytes);
    Bytes wrong{};
    for (size_t at = 1;; at += sizeof(Bytes)) {
        at = std::min(at, last);  // the last ones reach back over what was seen already
        Bytes previous, current;
        std::memcpy(&previous, &bytes[at - 1], sizeof(Bytes));
        std::memcpy(&current, &bytes[at], sizeof(Bytes));
        judge(previous, current, wrong);
        if (at == last) break;
    }
    uint64_t words[sizeof(Bytes) / sizeof(uint64_t)];
    std::memcpy(words, &wrong, sizeof words);
    return std::accumulate(std::begin(words), std::end(words), uint64_t{0}, std::bit_or()) == 0;
}

#ifdef __x86_64__

[[gnu::target("avx2")]] bool are_good_in_avx2(std::string_view bytes) {
    return are_good<Bytes32>(bytes);
}

const bool can_avx2 = has_avx2();

#endif

}  // namespace

bool LineCheck::feed(std::string_view bytes) {
    if (bytes.size() <= sizeof(Bytes16)) {
        for (const char byte : bytes) {
            if (!may_follow(previous_, byte)) return false;
            previous_ = byte;
        }
        return true;
    }
    const bool is_first_good = may_follow(previous_, bytes.front());
    previous_ = bytes.back();
#ifdef __x86_64__
    if (can_avx2 && bytes.size() > sizeof(Bytes32)) return is_first_good && are_good_in_avx2(bytes);
#endif
    return is_first_good && are_good<Bytes16>(bytes);
}

}  // namespace net
