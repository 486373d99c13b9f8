#pragma once

#include <cstdint>
#include <string_view>

#include "json/text.h"

namespace json {

// Token is the first token of a JSON value: a whole scalar, checked byte for byte, or the bracket
// that opens a container. Its views are as valid as the text it was read from.
struct Token {
    enum class Kind : uint8_t { object, array, string, integer, decimal, boolean, null, wrong };

    Kind kind = Kind::wrong;
    std::string_view text;  // the token without the white space that follows it

    bool is_null() const { return kind == Kind::null; }
    bool is_string() const { return kind == Kind::string; }
    bool is_true() const { return text == "true"; }
    JsonText string() const { return JsonText::trusted({text.data() + 1, text.size() - 2}); }
};

// What stands from `begin` up to the white space before `next`, or up to there.
// REQUIRES: it begins with something else than white space.
constexpr std::string_view trimmed(const char* begin, const char* next) {
    const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
    while (is_space(next[-1])) --next;
    return {begin, static_cast<size_t>(next - begin)};
}

// Reads the number, true, false or null at `begin`; the next token begins at `next`. RFC 8259
// sections 3 and 6.
// REQUIRES: `next` lies behind `begin`, unless a bracket, a comma or a colon stands there.
Token read_scalar(const char* begin, const char* next);

// Whether `text` is a number of RFC 8259 section 6; it is a decimal with a fraction or an exponent.
Token::Kind number_kind(std::string_view text);

}  // namespace json
