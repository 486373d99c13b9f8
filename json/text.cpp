#include "json/text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace json {
namespace {

constexpr uint64_t low_bits = 0x0101010101010101;
constexpr uint64_t high_bits = 0x8080808080808080;

template <class Word>
Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

template <class Word>
void store(char* to, Word word) {
    std::memcpy(to, &word, sizeof word);
}

// Not zero if one of the eight bytes is zero. May flag further bytes above a zero one.
constexpr uint64_t zero_byte(uint64_t word) {
    return (word - low_bits) & ~word & high_bits;
}

constexpr uint64_t has_byte(uint64_t word, uint8_t byte) {
    return zero_byte(word ^ (low_bits * byte));
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

// The bytes at which a line separator may begin: U+007F, C2 of U+0085, E2 of U+2028 and U+2029.
constexpr bool may_separate(uint8_t byte) {
    return byte == 0x7F || byte == 0xC2 || byte == 0xE2;
}

constexpr uint64_t may_separate(uint64_t word) {
    return has_byte(word, 0x7F) | has_byte(word, 0xC2) | has_byte(word, 0xE2);
}

constexpr bool is_continuation(char byte) {
    return (byte & 0xC0) == 0x80;
}

// 0 to 15, or -1.
constexpr int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

// The value of "\uXXXX" at `at`, or -1 if no such escape stands there.
int32_t unicode_escape(std::string_view text, size_t at) {
    if (text.size() < at + 6 || text[at] != '\\' || text[at + 1] != 'u') return -1;
    int32_t value = 0;
    for (size_t i = at + 2; i < at + 6; ++i) {
        int digit = hex_value(text[i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

constexpr bool is_high_surrogate(int32_t value) {
    return value >= 0xD800 && value < 0xDC00;
}
constexpr bool is_low_surrogate(int32_t value) {
    return value >= 0xDC00 && value < 0xE000;
}

// The length of the UTF-8 sequence that `first` leads.
constexpr size_t sequence_length(uint8_t first) {
    if (first < 0xC0) return 1;
    if (first < 0xE0) return 2;
    return first < 0xF0 ? 3 : 4;
}

// The length of the unit at `at` in checked text: an escape, a pair of surrogate escapes, or one
// UTF-8 sequence.
size_t unit_length(std::string_view text, size_t at) {
    if (text[at] != '\\') return sequence_length(static_cast<uint8_t>(text[at]));
    if (text[at + 1] != 'u') return 2;
    bool pair = is_high_surrogate(unicode_escape(text, at)) &&
                is_low_surrogate(unicode_escape(text, at + 6));
    return pair ? 12 : 6;
}

// Where the last whole unit of the first `bytes_max` bytes ends.
size_t cut_forward(std::string_view text, size_t bytes_max) {
    size_t end = 0;
    while (end < bytes_max) {
        if (end + 8 <= bytes_max) {
            uint64_t word = load<uint64_t>(text.data() + end);
            if (((word & high_bits) | has_byte(word, '\\')) == 0) {
                end += 8;
                continue;
            }
        }
        size_t unit = unit_length(text, end);
        if (end + unit > bytes_max) break;
        end += unit;
    }
    return end;
}

// The text's first code point: its length and its value. A length of 0 means that the first byte
// is not UTF-8. The three-byte form of a lone surrogate counts as a code point.
struct CodePoint {
    size_t length = 0;
    int32_t value = 0;
};

CodePoint first_code_point(std::string_view text) {
    auto first = static_cast<uint8_t>(text[0]);
    if (first < 0x80) return {1, first};
    if (first < 0xC2 || first > 0xF4) return {};
    size_t length = sequence_length(first);
    if (text.size() < length) return {};
    int32_t value = first & (0x7F >> length);
    for (size_t i = 1; i < length; ++i) {
        if (!is_continuation(text[i])) return {};
        value = value << 6 | (text[i] & 0x3F);
    }
    constexpr std::array<int32_t, 5> shortest = {0, 0, 0x80, 0x800, 0x10000};
    if (value < shortest[length] || value > 0x10FFFF) return {};
    return {length, value};
}

void append_utf8(int32_t value, std::string& out) {
    auto put = [&out](int32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (value < 0x80) {
        put(value);
    } else if (value < 0x800) {
        put(0xC0 | value >> 6);
        put(0x80 | (value & 0x3F));
    } else if (value < 0x10000) {
        put(0xE0 | value >> 12);
        put(0x80 | (value >> 6 & 0x3F));
        put(0x80 | (value & 0x3F));
    } else {
        put(0xF0 | value >> 18);
        put(0x80 | (value >> 12 & 0x3F));
        put(0x80 | (value >> 6 & 0x3F));
        put(0x80 | (value & 0x3F));
    }
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

// The byte a short escape stands for, or 0 if there is none with this letter.
constexpr char short_unescape(char letter) {
    switch (letter) {
        case '"':
        case '\\':
        case '/':
            return letter;
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return 0;
    }
}

// The length of the escape at `at`, where a backslash stands, or 0 if it is none.
size_t escape_length(std::string_view text, size_t at) {
    if (at + 1 < text.size() && short_unescape(text[at + 1]) != 0) return 2;
    return unicode_escape(text, at) >= 0 ? 6 : 0;
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
    Word first = load<Word>(from);
    Word last = load<Word>(from + size - sizeof(Word));
    if (has_special(first) != 0 || has_special(last) != 0) return false;
    store(to, first);
    store(to + size - sizeof(Word), last);
    return true;
}

}  // namespace

JsonText JsonText::cut(size_t bytes_max) const {
    if (inside_.size() <= bytes_max) return *this;
    constexpr size_t unit_bytes_max = 12;
    size_t end = bytes_max;
    while (end > 0 && is_continuation(inside_[end])) --end;
    // Only an escape that begins just before the border can straddle it. Whether a backslash there
    // begins one cannot be seen from behind.
    size_t window = end < unit_bytes_max ? end : unit_bytes_max;
    if (inside_.substr(end - window, window).find('\\') != std::string_view::npos) {
        end = cut_forward(inside_, bytes_max);
    }
    if (end == 0) end = unit_length(inside_, 0);
    return JsonText(inside_.substr(0, end));
}

void JsonText::unescape(std::string& out) const {
    size_t at = 0;
    while (at < inside_.size()) {
        size_t backslash = inside_.find('\\', at);
        out.append(inside_, at, backslash - at);
        if (backslash == std::string_view::npos) return;
        at = backslash + unit_length(inside_, backslash);
        if (inside_[backslash + 1] != 'u') {
            out.push_back(short_unescape(inside_[backslash + 1]));
            continue;
        }
        int32_t value = unicode_escape(inside_, backslash);
        if (at - backslash == 12) {
            int32_t low = unicode_escape(inside_, backslash + 6);
            value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
        }
        append_utf8(value, out);
    }
}

bool has_backslash(std::string_view text) {
    constexpr size_t long_size = 64;  // from here on a call of memchr pays
    const char* from = text.data();
    const size_t size = text.size();
    if (size >= long_size) return std::memchr(from, '\\', size) != nullptr;
    if (size < 8) {
        for (char byte : text) {
            if (byte == '\\') return true;
        }
        return false;
    }
    uint64_t found = has_byte(load<uint64_t>(from + size - 8), '\\');
    for (size_t at = 0; at + 8 < size; at += 8) found |= has_byte(load<uint64_t>(from + at), '\\');
    return found != 0;
}

size_t find_bad_escape(std::string_view inside) {
    if (!has_backslash(inside)) return std::string_view::npos;
    for (size_t at = 0; at < inside.size();) {
        if (at + 8 <= inside.size() && has_byte(load<uint64_t>(inside.data() + at), '\\') == 0) {
            at += 8;
            continue;
        }
        size_t length = inside[at] == '\\' ? escape_length(inside, at) : 1;
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

bool check(std::string_view inside, JsonText& out) {
    for (size_t at = 0; at < inside.size();) {
        if (at + 8 <= inside.size()) {
            uint64_t word = load<uint64_t>(inside.data() + at);
            if ((has_control(word) | has_byte(word, '"') | has_byte(word, '\\')) == 0) {
                at += 8;
                continue;
            }
        }
        auto byte = static_cast<uint8_t>(inside[at]);
        if (byte < 0x20 || byte == '"') return false;
        size_t length = byte == '\\' ? escape_length(inside, at) : 1;
        if (length == 0) return false;
        at += length;
    }
    out = JsonText::trusted(inside);
    return true;
}

size_t find_bad_utf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        CodePoint point = first_code_point(text.substr(at));
        bool surrogate = point.value >= 0xD800 && point.value < 0xE000;
        if (point.length == 0 || surrogate) return at;
        at += point.length;
    }
    return std::string_view::npos;
}

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
    const char* end = from + size;
    if (size < 4) return copy_with_care(to, from, end);
    if (size < 8) {
        if (copy_two<uint32_t>(to, from, size)) return to + size;
        return copy_with_care(to, from, end);
    }
    size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        uint64_t word = load<uint64_t>(from + at);
        if (has_special(word) != 0) return copy_with_care(to + at, from + at, end);
        store(to + at, word);
    }
    if (at == size) return to + size;
    // The rest, together with bytes already copied, is one more word.
    uint64_t word = load<uint64_t>(from + size - 8);
    if (has_special(word) != 0) return copy_with_care(to + at, from + at, end);
    store(to + size - 8, word);
    return to + size;
}

void append_line_safe(JsonText text, std::string& out) {
    const size_t before = out.size();
    out.resize(before + line_safe_bytes_max(text.size()) + 8);
    const char* end = copy_line_safe(out.data() + before, text);
    out.resize(static_cast<size_t>(end - out.data()));
}

}  // namespace json
