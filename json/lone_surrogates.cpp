#include "json/lone_surrogates.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace json {
namespace {

constexpr size_t escape_bytes = 6;  // of \uXXXX
constexpr size_t block_bytes = 1024;

// Whether a "\u" begins in a block of text, which one byte more follows. Compilers make vector
// instructions of this: code has a backslash in each line, but hardly ever one of these.
bool has_unicode_escape(const char* block) {
    uint8_t least = 0xFF;
    for (size_t i = 0; i < block_bytes; ++i) {
        least = std::min(least, static_cast<uint8_t>((block[i] ^ '\\') | (block[i + 1] ^ 'u')));
    }
    return least == 0;
}

// Of \uD800 to \uDFFF at `at` the second digit in lower case, which is below c in the first half of
// a surrogate pair; 0: no such escape stands there.
char surrogate_digit(const char* at) {
    const bool is_surrogate =
        at[0] == '\\' && at[1] == 'u' && (at[2] | 0x20) == 'd' && at[3] >= '8';
    return is_surrogate ? static_cast<char>(at[3] | 0x20) : '\0';
}

// Whether the backslash at `at` begins an escape: an even number of others is before it.
bool begins_escape(std::string_view json, size_t at) {
    size_t begin = at;
    while (begin > 0 && json[begin - 1] == '\\') --begin;
    return (at - begin) % 2 == 0;
}

// Replaces what begins before `end`, and returns where to go on, there or behind it.
size_t replace_before(size_t end, size_t at, std::string& json) {
    for (; (at = json.find('\\', at)) < end; ++at) {
        const char digit = surrogate_digit(json.c_str() + at);
        if (digit == '\0' || !begins_escape(json, at)) continue;
        const bool is_pair =
            digit < 'c' && surrogate_digit(json.c_str() + at + escape_bytes) >= 'c';
        if (!is_pair) json.replace(at, escape_bytes, "\\ufffd");
        at += (is_pair ? 2 * escape_bytes : escape_bytes) - 1;
    }
    return std::clamp(at, end, json.size());
}

}  // namespace

void replace_lone_surrogates(std::string& json, size_t from) {
    size_t at = std::min(json.find('\\', from), json.size());
    while (json.size() - at > block_bytes) {
        const size_t end = at + block_bytes;
        at = has_unicode_escape(json.data() + at) ? replace_before(end, at, json) : end;
    }
    replace_before(json.size(), at, json);
}

}  // namespace json
