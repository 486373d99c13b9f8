#include "json/token.h"

namespace json {
namespace {

constexpr bool is_space(char byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

constexpr bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

std::string_view trim_end(std::string_view text) {
    size_t size = text.size();
    while (size > 0 && is_space(text[size - 1])) --size;
    return text.substr(0, size);
}

size_t skip_digits(std::string_view text, size_t at) {
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

Token literal(std::string_view text, std::string_view expected, Token::Kind kind) {
    if (text == expected) return {kind, text};
    return {Token::Kind::wrong, text, text.data()};
}

Token string(std::string_view raw) {
    std::string_view text = trim_end(raw);
    if (text.size() < 2 || text.back() != '"') return {Token::Kind::wrong, text, text.data()};
    size_t bad = find_bad_escape(text.substr(1, text.size() - 2));
    if (bad == std::string_view::npos) return {Token::Kind::string, text};
    return {Token::Kind::wrong, text, text.data() + 1 + bad};
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

Token read_token(std::string_view raw) {
    switch (raw[0]) {
        case '{':
            return {Token::Kind::object, raw.substr(0, 1)};
        case '[':
            return {Token::Kind::array, raw.substr(0, 1)};
        case '"':
            return string(raw);
        case 't':
            return literal(trim_end(raw), "true", Token::Kind::boolean);
        case 'f':
            return literal(trim_end(raw), "false", Token::Kind::boolean);
        case 'n':
            return literal(trim_end(raw), "null", Token::Kind::null);
        default:
            break;
    }
    if (raw[0] != '-' && !is_digit(raw[0])) return {Token::Kind::wrong, raw, raw.data()};
    std::string_view text = trim_end(raw);
    return {number_kind(text), text, text.data()};
}

}  // namespace json
