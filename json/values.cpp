#include "json/values.h"

#include <algorithm>
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
    // RFC 8259 section 6: integers up to here mean the same to everybody.
    constexpr int64_t bound = int64_t{1} << 53;
    const std::string_view text = node.token.text;
    if (node.is(Token::Kind::integer)) {
        const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
        if (end.ec != std::errc()) out = text[0] == '-' ? -bound : bound;
        out = std::clamp(out, -bound, bound);
    } else if (node.is(Token::Kind::decimal)) {
        constexpr auto most = static_cast<double>(bound);
        out = static_cast<int64_t>(std::clamp(decimal_of(text), -most, most));
    }
}

void take(const Node& node, bool& out) {
    if (node.is(Token::Kind::boolean)) out = node.token.is_true();
}

}  // namespace json
