#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <cstring>

#include "json/swar.h"
#include "json/text.h"
#include "json/utf8.h"

// The writing half of text.h: plain text to escaped, and escaped text to events.
namespace json {
namespace {

// The bytes at which a line separator may begin: U+007F, C2 of U+0085, E2 of U+2028 and U+2029.
constexpr bool may_separate(uint8_t byte) {
    return byte == 0x7F || byte == 0xC2 || byte == 0xE2;
}

constexpr uint64_t may_separate(uint64_t word) {
    return has_byte(word, 0x7F) | has_byte(word, 0xC2) | has_byte(word, 0xE2);
}

constexpr char hex_digit(int32_t value) {
    return "0123456789abcdef"[value & 15];
}

char* write_escape(char* to, int32_t value) {
    *to++ = '\\';
    *to++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) *to++ = hex_digit(value >> shift);
    return to;
}

void append_escape(int32_t value, std::string& out) {
    char escape[6];
    write_escape(escape, value);
    out.append(escape, sizeof escape);
}

// The letter of the short escape of `byte`, or 0.
constexpr char short_escape(char byte) {
    switch (byte) {
        case '"':
        case '\\':
            return byte;
        case '\b':
            return 'b';
        case '\f':
            return 'f';
        case '\n':
            return 'n';
        case '\r':
            return 'r';
        case '\t':
            return 't';
        default:
            return 0;
    }
}

// Control characters, line separators, and lone surrogates, which UTF-8 cannot express.
constexpr bool must_escape(int32_t value) {
    return value < 0x20 || value == 0x7F || value == 0x85 || value == 0x2028 || value == 0x2029 ||
           is_high_surrogate(value) || is_low_surrogate(value);
}

// How many bytes at the beginning are ASCII that needs no escape.
size_t plain_size(std::string_view text) {
    size_t at = 0;
    while (at + 8 <= text.size()) {
        uint64_t word = load<uint64_t>(text.data() + at);
        uint64_t special = has_special(word) | has_control(word);
        if ((special | has_byte(word, '"') | has_byte(word, '\\')) != 0) break;
        at += 8;
    }
    while (at < text.size()) {
        auto byte = static_cast<uint8_t>(text[at]);
        if (byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\') break;
        ++at;
    }
    return at;
}

// The line separator that begins at `at` and its length in bytes, or a length of 0.
CodePoint line_separator(const char* at, const char* end) {
    auto byte = [at](int i) { return static_cast<uint8_t>(at[i]); };
    if (byte(0) == 0x7F) return {1, 0x7F};
    if (byte(0) == 0xC2 && end - at >= 2 && byte(1) == 0x85) return {2, 0x85};
    if (byte(0) == 0xE2 && end - at >= 3 && byte(1) == 0x80 && (byte(2) & 0xFE) == 0xA8) {
        return {3, 0x2000 | (byte(2) & 0x3F)};
    }
    return {};
}

// Copies text that is not plain ASCII.
char* copy_with_care(char* to, const char* from, const char* end) {
    while (from < end) {
        if (end - from >= 8) {
            uint64_t word = load<uint64_t>(from);
            if (may_separate(word) == 0) {
                store(to, word);
                to += 8;
                from += 8;
                continue;
            }
        }
        if (may_separate(static_cast<uint8_t>(*from))) {
            CodePoint separator = line_separator(from, end);
            if (separator.length > 0) {
                to = write_escape(to, separator.value);
                from += separator.length;
                continue;
            }
        }
        *to++ = *from++;
    }
    return to;
}

// Copies `size` bytes, at least one word and at most two, as two words that may overlap. False if
// a byte is not plain ASCII.
template <class Word>
bool copy_two(char* to, const char* from, size_t size) {
    const Word first = load<Word>(from);
    const Word last = load<Word>(from + size - sizeof(Word));
    store(to, first);
    store(to + size - sizeof(Word), last);
    return (has_special(first) | has_special(last)) == 0;
}

// The same for any size below 8.
bool copy_tiny(char* to, const char* from, size_t size) {
    if (size >= 4) return copy_two<uint32_t>(to, from, size);
    if (size >= 2) return copy_two<uint16_t>(to, from, size);
    return size == 0 || copy_two<uint8_t>(to, from, size);
}

constexpr size_t block_bytes = 16;

// Whether none of the bytes of a word, or of a block, needs a closer look.
inline bool is_plain_word(const char* from) {
    return has_special(load<uint64_t>(from)) == 0;
}

inline bool is_plain_block(const char* from) {
#ifdef __SSE2__
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i deletes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F));
    return _mm_movemask_epi8(_mm_or_si128(bytes, deletes)) == 0;
#else
    return is_plain_word(from) && is_plain_word(from + 8);
#endif
}

// The same for a text of any size. Its rest is looked at together with bytes before it.
bool is_plain(std::string_view text) {
    const char* const from = text.data();
    const char* const end = from + text.size();
    if (text.size() < 8) {
        return std::none_of(from, end,
                            [](char c) { return has_special(static_cast<uint8_t>(c)) != 0; });
    }
    if (text.size() < block_bytes) return is_plain_word(from) && is_plain_word(end - 8);
    for (size_t at = 0; at + block_bytes < text.size(); at += block_bytes) {
        if (!is_plain_block(from + at)) return false;
    }
    return is_plain_block(end - block_bytes);
}

void append_with_care(JsonText text, std::string& out) {
    constexpr size_t piece_bytes = 512;
    char copy[line_safe_bytes_max(piece_bytes) + 8];
    while (!text.empty()) {
        const JsonText piece = text.cut(piece_bytes);
        out.append(copy, copy_line_safe(copy, piece));
        text = text.after(piece);
    }
}

// Copies text of more than a block.
char* copy_long(char* to, const char* from, size_t size) {
    const char* const end = from + size;
    size_t at = 0;
    for (; at + block_bytes < size; at += block_bytes) {
        if (!is_plain_block(from + at)) return copy_with_care(to + at, from + at, end);
        std::memcpy(to + at, from + at, block_bytes);
    }
    // The rest, together with bytes already copied, is one more block.
    const size_t last = size - block_bytes;
    if (!is_plain_block(from + last)) return copy_with_care(to + at, from + at, end);
    std::memcpy(to + last, from + last, block_bytes);
    return to + size;
}

}  // namespace

void escape(std::string_view text, std::string& out) {
    while (!text.empty()) {
        size_t plain = plain_size(text);
        out.append(text, 0, plain);
        text.remove_prefix(plain);
        if (text.empty()) return;
        CodePoint point = first_code_point(text);
        if (point.length == 0) {
            append_utf8(0xFFFD, out);
            point.length = 1;
        } else if (char letter = point.length == 1 ? short_escape(text[0]) : '\0'; letter != 0) {
            out.push_back('\\');
            out.push_back(letter);
        } else if (must_escape(point.value)) {
            append_escape(point.value, out);
        } else {
            out.append(text, 0, point.length);
        }
        text.remove_prefix(point.length);
    }
}

char* copy_line_safe(char* to, JsonText text) {
    const char* from = text.view().data();
    const size_t size = text.size();
    if (size > block_bytes) return copy_long(to, from, size);
    const bool is_plain =
        size >= 8 ? copy_two<uint64_t>(to, from, size) : copy_tiny(to, from, size);
    return is_plain ? to + size : copy_with_care(to, from, from + size);
}

void append_line_safe(JsonText text, std::string& out) {
    if (!is_plain(text.view())) return append_with_care(text, out);
    out += text.view();
}

}  // namespace json
