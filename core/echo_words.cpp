#include "core/echo_words.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>

namespace core {
namespace {

constexpr size_t word_bytes_max = 16;

// One bit for each of the 16 bytes at `from` that is a space, the lowest for the first.
uint32_t spaces_in(const char* from) {
#ifdef __SSE2__
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' '))));
#else
    uint32_t spaces = 0;
    for (uint32_t i = 0; i < word_bytes_max; ++i) spaces |= uint32_t{from[i] == ' '} << i;
    return spaces;
#endif
}

// The same for a text that is shorter; behind it stand spaces.
uint32_t spaces_in_short(std::string_view text) {
    char padded[word_bytes_max];
    std::memset(padded, ' ', word_bytes_max);
    text.copy(padded, text.size());
    return spaces_in(padded);
}

}  // namespace

json::JsonText first_word(json::JsonText text) {
    const std::string_view all = text.view();
    const bool is_short = all.size() < word_bytes_max;
    const uint32_t spaces = is_short ? spaces_in_short(all) : spaces_in(all.data());
    const uint32_t behind = spaces & (spaces + 1);  // without those the text begins with
    const size_t end = behind != 0 ? static_cast<size_t>(std::countr_zero(behind)) : word_bytes_max;
    if (end >= all.size()) return text;
    // A space is never inside an escape or a sequence; only a long word needs a closer look.
    return all[end] == ' ' ? json::JsonText::trusted(all.substr(0, end)) : text.cut(end);
}

uint32_t count_words(json::JsonText text) {
    uint32_t count = 0;
    for (; !text.empty(); ++count) text = text.after(first_word(text));
    return count;
}

}  // namespace core
