#include "json/token.h"

namespace json {
namespace {

constexpr bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

size_t skip_digits(std::string_view text, size_t at) {
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

Token literal(std::string_view text, std::string_view expected, Token::Kind kind) {
    return {text == expected ? kind : Token::Kind::wrong, text};
}

}  // namespace

Token::Kind number_kind(std::string_view text) {
    auto has = [&text](size_t at, char byte) { return at < text.size() && text[at] == byte; };
    size_t at = has(0, '-') ? 1 : 0;
    size_t digits_end = has(at, '0') ? at + 1 : skip_digits(text, at);
    if (digits_end == at) return Token::Kind::wrong;
    at = digits_end;
    if (at == text.size()) return Token::Kind::integer;
    if (has(at, '.')) {
        digits_end = skip_digits(text, at + 1);
        if (digits_end == at + 1) return Token::Kind::wrong;
        at = digits_end;
    }
    if (has(at, 'e') || has(at, 'E')) {
        size_t sign = has(at + 1, '+') || has(at + 1, '-') ? 1 : 0;
        digits_end = skip_digits(text, at + 1 + sign);
        if (digits_end == at + 1 + sign) return Token::Kind::wrong;
        at = digits_end;
    }
    return at == text.size() ? Token::Kind::decimal : Token::Kind::wrong;
}

Token read_scalar(const char* begin, const char* next) {
    switch (*begin) {
        case 't':
            return literal(trimmed(begin, next), "true", Token::Kind::boolean);
        case 'f':
            return literal(trimmed(begin, next), "false", Token::Kind::boolean);
        case 'n':
            return literal(trimmed(begin, next), "null", Token::Kind::null);
        default:
            break;
    }
    if (*begin != '-' && !is_digit(*begin)) return {Token::Kind::wrong, {begin, 1}};
    std::string_view text = trimmed(begin, next);
    return {number_kind(text), text};
}

}  // namespace json
