#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace json {

// JsonText is a slice of the inside of a JSON string, still escaped and known to be valid
// (RFC 8259 section 7), so that it can be spliced into another JSON string as it stands. It does
// not own its bytes; it is valid as long as the text it was taken from stays put. A lone surrogate
// escape is valid text: it is passed on as the escape it is.
class JsonText {
public:
    constexpr JsonText() = default;

    // For text that needs no check: literals, and what escape() produced.
    static constexpr JsonText trusted(std::string_view inside) { return JsonText(inside); }

    constexpr std::string_view view() const { return inside_; }
    constexpr size_t size() const { return inside_.size(); }
    constexpr bool empty() const { return inside_.empty(); }
    constexpr bool has_escapes() const { return inside_.find('\\') != std::string_view::npos; }

    // The longest prefix of at most `bytes_max` bytes that splits no escape, no surrogate pair and
    // no UTF-8 sequence; the first unit alone when even that is longer. Empty only for empty text.
    JsonText cut(size_t bytes_max) const;

    // What follows a prefix that cut() returned.
    constexpr JsonText after(JsonText prefix) const {
        return JsonText(inside_.substr(prefix.size()));
    }

    // Appends the text in UTF-8. A lone surrogate becomes its three-byte form (WTF-8), which
    // escape() turns back into the escape it was.
    void unescape(std::string& out) const;

private:
    explicit constexpr JsonText(std::string_view inside) : inside_(inside) {}

    std::string_view inside_;
};

// Checks the escapes of a string's inside and that no quote and no control character stands in it.
// REQUIRES: `inside` is valid UTF-8 (simdjson's first stage has seen to that).
[[nodiscard]] bool check(std::string_view inside, JsonText& out);

// Where the first wrong escape of a string's inside begins, or npos. What check() adds to
// simdjson's first stage, which sees quotes and control characters but never looks into an escape.
size_t find_bad_escape(std::string_view inside);

// Appends `text` as the inside of a JSON string. Besides what JSON demands it escapes U+007F,
// U+0085, U+2028 and U+2029, at which some clients break lines. Bytes that are not UTF-8 become
// U+FFFD, lone surrogates in WTF-8 their escapes: the output is always valid.
void escape(std::string_view text, std::string& out);

// Whether it is printable ASCII without quote and backslash: in JSON, and in a line, as it is.
bool is_plain_ascii(std::string_view text);

// Text from outside made fit to be quoted in a message: valid UTF-8, not longer than a line or two,
// without control characters.
std::string quotable(std::string_view plain);

// The most bytes copy_line_safe() writes for `bytes` bytes of text.
constexpr size_t line_safe_bytes_max(size_t bytes) {
    return bytes * 6;
}

// Copies checked text and escapes the line separators named above; returns the end of the copy.
// May write up to 7 bytes past that end, inside line_safe_bytes_max(size) + 8 bytes of room.
char* copy_line_safe(char* to, JsonText text);
void append_line_safe(JsonText text, std::string& out);

}  // namespace json
