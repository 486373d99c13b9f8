#include "json/utf8.h"

#include <array>

namespace json {

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

size_t find_bad_utf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        CodePoint point = first_code_point(text.substr(at));
        bool surrogate = point.value >= 0xD800 && point.value < 0xE000;
        if (point.length == 0 || surrogate) return at;
        at += point.length;
    }
    return std::string_view::npos;
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

}  // namespace json
