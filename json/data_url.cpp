#include "json/data_url.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace json {
namespace {

constexpr size_t prefix_bytes_max = 256;

// A table, since images are megabytes.
constexpr std::array<bool, 256> base64_digits = [] {
    std::array<bool, 256> digits{};
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789+/")) {
        digits[static_cast<uint8_t>(c)] = true;
    }
    return digits;
}();

bool is_base64(char c) {
    return base64_digits[static_cast<uint8_t>(c)];
}

// Whether escaped text is base64 as it should be. JSON may write '/' as "\/".
bool is_in_order(std::string_view text) {
    size_t escapes = 0, digits_end = 0;
    while (digits_end < text.size()) {
        const char c = text[digits_end];
        if (c == '\\' && text.substr(digits_end + 1, 1) == "/") {
            ++escapes;
        } else if (!is_base64(c)) {
            break;
        }
        ++digits_end;
    }
    const std::string_view padding = text.substr(digits_end);
    return digits_end > 0 && (text.size() - escapes) % 4 == 0 &&
           (padding.empty() || padding == "=" || padding == "==");
}

// Writes what was meant; false when it cannot be base64.
bool put_in_order(JsonText text, std::string& out) {
    std::string plain;
    text.unescape(plain);
    while (plain.ends_with('=')) plain.pop_back();
    for (const char c : plain) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
        const char digit = c == '-' ? '+' : c == '_' ? '/' : c;
        if (!is_base64(digit)) return false;
        out += digit;
    }
    if (out.empty() || out.size() % 4 == 1) return false;
    while (out.size() % 4 != 0) out += '=';
    return true;
}

void lower(std::string& text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
}

}  // namespace

DataUrlError read_data_url(JsonText url, DataUrl& out, std::string& repaired) {
    const size_t comma = url.view().find(',');
    std::string prefix;
    url.cut(std::min(comma, prefix_bytes_max)).unescape(prefix);
    lower(prefix);
    if (!prefix.starts_with("data:")) return DataUrlError::other_scheme;
    if (comma > prefix_bytes_max || !prefix.ends_with(";base64")) return DataUrlError::malformed;
    out.media_type = prefix.substr(5, prefix.find(';') - 5);
    const JsonText data = JsonText::trusted(url.view().substr(comma + 1));
    if (is_in_order(data.view())) {
        out.base64 = data;
        return DataUrlError::none;
    }
    if (!put_in_order(data, repaired)) return DataUrlError::malformed;
    out.base64 = JsonText::trusted(repaired);
    return DataUrlError::none;
}

}  // namespace json
