#include "core/echo_words.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <cstring>
#include <utility>

namespace core {

using json::JsonText;

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
[[gnu::noinline]] uint32_t spaces_in_short(std::string_view text) {
    char padded[word_bytes_max];
    std::memset(padded, ' ', word_bytes_max);
    text.copy(padded, text.size());
    return spaces_in(padded);
}

// The same for the 16 bytes from `at` on, or for the fewer that are left.
inline uint32_t spaces_at(std::string_view text, size_t at) {
    const size_t left = text.size() - at;
    if (left >= word_bytes_max) return spaces_in(text.data() + at);
    if (text.size() < word_bytes_max) return spaces_in_short(text.substr(at));
    // The last 16 bytes, without those before `at`.
    return spaces_in(text.data() + text.size() - word_bytes_max) >> (word_bytes_max - left);
}

// Where a long word is cut, which needs a closer look.
[[gnu::noinline]] size_t cut_end(std::string_view text, size_t at) {
    return at + JsonText::trusted(text.substr(at)).cut(word_bytes_max).size();
}

// Of spaces from a token's beginning on, the first behind those it begins with is its end.
constexpr uint32_t behind_word(uint32_t spaces) {
    return spaces & (spaces + 1);
}

// Where the token that begins at `at` ends if no space ends it in 16 bytes.
inline size_t long_word_end(std::string_view text, size_t at) {
    const size_t end = at + word_bytes_max;
    if (end >= text.size()) return text.size();
    // A space is never inside an escape or a sequence.
    return text[end] == ' ' ? end : cut_end(text, at);
}

// Where the token ends that begins at `at`.
inline size_t word_end(std::string_view text, size_t at) {
    const uint32_t behind = behind_word(spaces_at(text, at));
    return behind != 0 ? at + static_cast<size_t>(std::countr_zero(behind))
                       : long_word_end(text, at);
}

// How many tokens there are from `at` on.
uint32_t count_words(std::string_view text, size_t at) {
    uint32_t count = 0;
    while (at < text.size()) {
        uint32_t spaces = spaces_at(text, at);
        if (behind_word(spaces) == 0) {
            at = long_word_end(text, at);
            ++count;
        }
        // Those that end in the same 16 bytes.
        while (const uint32_t behind = behind_word(spaces)) {
            const int size = std::countr_zero(behind);
            at += static_cast<size_t>(size);
            spaces >>= size;
            ++count;
        }
    }
    return count;
}

}  // namespace

JsonText EchoWords::next() {
    const size_t begin = std::exchange(at_, word_end(text_, at_));
    return JsonText::trusted(text_.substr(begin, at_ - begin));
}

size_t EchoWords::next(std::span<JsonText> out) {
    const std::string_view text = text_;
    size_t at = at_;
    auto word = out.begin();
    for (; word != out.end() && at < text.size(); ++word) {
        const size_t begin = std::exchange(at, word_end(text, at));
        *word = JsonText::trusted({text.data() + begin, at - begin});
    }
    at_ = at;
    return static_cast<size_t>(word - out.begin());
}

JsonText EchoWords::rest(uint32_t& tokens) {
    tokens = count_words(text_, at_);
    const size_t begin = std::exchange(at_, text_.size());
    return JsonText::trusted(text_.substr(begin));
}

}  // namespace core
