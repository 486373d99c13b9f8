#include "json/text.h"

#include <algorithm>
#include <array>

#include "json/swar.h"
#include "json/utf8.h"

namespace json {
namespace {

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

// The byte that a short escape stands for, by its letter; 0 if there is none with this letter.
constexpr auto short_escapes = [] {
    std::array<char, 256> bytes = {};
    bytes['"'] = '"';
    bytes['\\'] = '\\';
    bytes['/'] = '/';
    bytes['b'] = '\b';
    bytes['f'] = '\f';
    bytes['n'] = '\n';
    bytes['r'] = '\r';
    bytes['t'] = '\t';
    return bytes;
}();

constexpr char short_unescape(char letter) {
    return short_escapes[static_cast<uint8_t>(letter)];
}

// The length of the escape at `at`, where a backslash stands, or 0 if it is none.
size_t escape_length(std::string_view text, size_t at) {
    if (at + 1 < text.size() && short_unescape(text[at + 1]) != 0) return 2;
    return unicode_escape(text, at) >= 0 ? 6 : 0;
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

// Where the next byte stands that is a backslash or that a string must not hold, or the end.
size_t find_special(std::string_view text, size_t at) {
    for (; at + 8 <= text.size(); at += 8) {
        uint64_t word = load<uint64_t>(text.data() + at);
        if ((has_control(word) | has_byte(word, '"') | has_byte(word, '\\')) != 0) break;
    }
    while (at < text.size()) {
        auto byte = static_cast<uint8_t>(text[at]);
        if (byte < 0x20 || byte == '"' || byte == '\\') break;
        ++at;
    }
    return at;
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

size_t find_bad_escape(std::string_view inside) {
    size_t end = 0;  // of the last escape
    const auto is_good = [&](size_t at) {
        if (at < end) return true;
        const size_t length = escape_length(inside, at);
        end = at + length;
        return length > 0;
    };
    size_t at = 0;
    // In steps that do not depend on what is found, since code has an escape each dozen bytes.
    for (; at + 8 <= inside.size(); at += 8) {
        uint64_t found = equal_bytes(load_in_order(inside.data() + at), '\\');
        for (; found != 0; found &= found - 1) {
            const size_t backslash = at + first_high(found);
            if (!is_good(backslash)) return backslash;
        }
    }
    for (; at < inside.size(); ++at) {
        if (inside[at] == '\\' && !is_good(at)) return at;
    }
    return std::string_view::npos;
}

bool check(std::string_view inside, JsonText& out) {
    size_t at = 0;
    while ((at = find_special(inside, at)) < inside.size()) {
        size_t length = inside[at] == '\\' ? escape_length(inside, at) : 0;
        if (length == 0) return false;
        at += length;
    }
    out = JsonText::trusted(inside);
    return true;
}

bool is_plain_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

std::string quotable(std::string_view plain) {
    constexpr size_t bytes_max = 100;
    std::string quoted;
    while (!plain.empty()) {
        const CodePoint point = first_code_point(plain);
        const size_t length = point.length == 0 ? 1 : point.length;
        if (quoted.size() + length > bytes_max) return quoted + "...";
        const bool is_bad =
            point.length == 0 || is_high_surrogate(point.value) || is_low_surrogate(point.value);
        if (is_bad) {
            quoted += "\xEF\xBF\xBD";
        } else if (point.value < 0x20 || point.value == 0x7F) {
            quoted += '?';
        } else {
            quoted += plain.substr(0, length);
        }
        plain.remove_prefix(length);
    }
    return quoted;
}

}  // namespace json
