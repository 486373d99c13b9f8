#pragma once

#include <cstddef>
#include <string_view>

#include "net/exchange.h"

// Small questions about HTTP's text (RFC 9110, RFC 9112).

namespace net {

bool is_token(std::string_view text);  // RFC 9110 5.6.2, not empty

// ASCII letters only. Here, since most comparisons end at the sizes.
bool equals_ignoring_case(const char* a, const char* b, size_t size);
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && equals_ignoring_case(a.data(), b.data(), a.size());
}

// Without the spaces and tabs around it. Here, since there are rarely any.
inline std::string_view trim(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// uri-host [ ":" port ], not empty (RFC 9110 section 7.2).
bool is_host(std::string_view text);

// The value of a hex digit, or -1.
inline int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    const int lower = digit | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// DIGIT "." DIGIT
bool is_version(std::string_view text);

// The path of a target in origin-form or absolute-form, without query and fragment; the other
// forms as they are.
std::string_view path_of(std::string_view target);

Method method_of(int llhttp_method);

// A status code and its reason phrase, as in "200 OK"; empty for one we never send.
std::string_view status_text(int status);

}  // namespace net
