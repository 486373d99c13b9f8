#pragma once

#include <cstdint>
#include <string_view>

#include "json/text.h"

namespace json {

// Token is the first token of a JSON value, checked byte for byte: a whole scalar, or the bracket
// that opens a container. Its views are as valid as the text it was read from.
struct Token {
    enum class Kind : uint8_t { object, array, string, integer, decimal, boolean, null, wrong };

    Kind kind = Kind::wrong;
    std::string_view text;        // the token without the white space that follows it
    const char* fault = nullptr;  // wrong: where

    bool is_null() const { return kind == Kind::null; }
    bool is_string() const { return kind == Kind::string; }
    bool is_true() const { return text == "true"; }
    JsonText string() const { return JsonText::trusted(text.substr(1, text.size() - 2)); }
};

// Reads what simdjson takes for a token: the bytes up to the next one. RFC 8259 sections 3, 6, 7.
// REQUIRES: `raw` is not empty, and simdjson's first stage has accepted the text.
Token read_token(std::string_view raw);

// Whether `text` is a number of RFC 8259 section 6; it is a decimal with a fraction or an exponent.
Token::Kind number_kind(std::string_view text);

}  // namespace json
