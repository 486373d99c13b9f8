#include "json/values.h"

#include <charconv>

#include "json/decimal.h"

namespace json {

std::string_view PaddedCopy::of(std::string_view text) {
    bytes_.assign(text);
    bytes_.resize(text.size() + Reader::padding_bytes, ' ');
    return std::string_view(bytes_).substr(0, text.size());
}

void take(const Node& node, std::string& out) {
    if (!node.token.is_string()) return;
    out.clear();
    node.token.string().unescape(out);
}

void take(const Node& node, int64_t& out) {
    const std::string_view text = node.token.text;
    if (node.is(Token::Kind::integer)) {
        const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
        if (end.ec == std::errc()) return;
        out = text[0] == '-' ? INT64_MIN : INT64_MAX;
        return;
    }
    constexpr double bound = 9.2e18;
    if (!node.is(Token::Kind::decimal)) return;
    const double value = decimal_of(text);
    if (value >= bound) {
        out = INT64_MAX;
    } else if (value <= -bound) {
        out = INT64_MIN;
    } else {
        out = static_cast<int64_t>(value);
    }
}

void take(const Node& node, bool& out) {
    if (node.is(Token::Kind::boolean)) out = node.token.is_true();
}

}  // namespace json
