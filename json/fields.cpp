#include "json/fields.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <system_error>
#include <utility>

#include "json/decimal.h"
#include "json/utf8.h"

namespace json {
namespace {

std::string_view name_of(Token::Kind kind) {
    switch (kind) {
        case Token::Kind::object:
            return "an object";
        case Token::Kind::array:
            return "an array";
        case Token::Kind::string:
            return "a string";
        case Token::Kind::integer:
            return "an integer";
        case Token::Kind::decimal:
            return "a decimal number";
        case Token::Kind::boolean:
            return "a boolean";
        case Token::Kind::null:
            return "null";
        case Token::Kind::wrong:
            break;
    }
    return "something else";
}

constexpr Bound integer_below = {"integer below minimum", ">= ", "integer_below_min_value"};
constexpr Bound integer_above = {"integer above maximum", "<= ", "integer_above_max_value"};
constexpr Bound decimal_below = {"decimal below minimum", ">= ", "decimal_below_min_value"};
constexpr Bound decimal_above = {"decimal above maximum", "<= ", "decimal_above_max_value"};

size_t index_of_escaped(std::span<const std::string_view> names, JsonText text) {
    std::string plain;
    text.unescape(plain);
    return static_cast<size_t>(std::find(names.begin(), names.end(), plain) - names.begin());
}

bool is_number(const Node& node) {
    return node.is(Token::Kind::integer) || node.is(Token::Kind::decimal);
}

}  // namespace

std::string Path::text() const {
    std::string text = parent_ ? parent_->text() : std::string();
    if (key_.empty()) return text + '[' + std::to_string(index_) + ']';
    if (parent_) text += '.';
    return text += key_;
}

bool FieldReader::boolean(Node& node, const Path& path, std::optional<bool>& out) {
    out.reset();
    if (node.token.is_null()) return true;
    if (!node.is(Token::Kind::boolean)) return wrong_type(node, path, "a boolean");
    out = node.token.is_true();
    return true;
}

bool FieldReader::integer(Node& node, const Path& path, Range<int64_t> range,
                          std::optional<int64_t>& out) {
    out.reset();
    if (node.token.is_null()) return true;
    if (!node.is(Token::Kind::integer)) return wrong_type(node, path, "an integer");
    std::string_view text = node.token.text;
    int64_t number = 0;
    bool fits = std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
    if (fits ? number < range.min : text[0] == '-') {
        out_of_range(node, path, integer_below, range.min);
    } else if (!fits || number > range.max) {
        out_of_range(node, path, integer_above, range.max);
    }
    out = number;
    return true;
}

bool FieldReader::decimal(Node& node, const Path& path, Range<double> range,
                          std::optional<double>& out) {
    out.reset();
    if (node.token.is_null()) return true;
    if (!is_number(node)) return wrong_type(node, path, "a decimal");
    double number = decimal_of(node.token.text);
    const auto whole = [](double bound) { return static_cast<int64_t>(bound); };
    if (number < range.min) out_of_range(node, path, decimal_below, whole(range.min));
    if (number > range.max) out_of_range(node, path, decimal_above, whole(range.max));
    out = number;
    return true;
}

bool FieldReader::string(Node& node, const Path& path, std::optional<JsonText>& out) {
    out.reset();
    return node.token.is_null() || required_string(node, path, out);
}

bool FieldReader::string(Node& node, const Path& path, JsonText& out) {
    out = JsonText();
    if (node.token.is_null()) return true;
    if (!node.token.is_string()) return wrong_type(node, path, "a string");
    out = node.token.string();
    return true;
}

bool FieldReader::required_string(Node& node, const Path& path, std::optional<JsonText>& out) {
    out.reset();
    if (!node.token.is_string()) return wrong_type(node, path, "a string");
    out = node.token.string();
    return true;
}

bool FieldReader::raw_object(Node& node, const Path& path, std::string_view& out) {
    out = {};
    if (node.token.is_null()) return true;
    if (!node.is(Token::Kind::object)) return wrong_type(node, path, "an object");
    if (!reader_.skip(node)) return false;
    out = reader_.raw(node);
    return true;
}

bool FieldReader::wrong_type(Node& node, const Path& path, std::string_view expected) {
    if (counts(node)) {
        std::string message = "Invalid type for '" + path.text() + "': expected ";
        message.append(expected).append(", but got ").append(name_of(node.token.kind));
        wrong(node, path, "invalid_type", message + " instead.");
    }
    return reader_.skip(node);
}

void FieldReader::wrong_value(const Node& node, const Path& path,
                              std::span<const std::string_view> supported) {
    if (!counts(node)) return;
    std::string plain;
    node.token.string().unescape(plain);
    wrong(node, path, "invalid_value",
          "Invalid value: '" + quotable(plain) + "'. Supported values are: " + list_of(supported) +
              ".");
}

void FieldReader::wrong(const Node& node, const Path& path, std::string_view code,
                        std::string_view message) {
    if (!counts(node)) return;
    at_ = node.token.text.data();
    error_ = {std::string(message), path.text(), code};
}

void FieldReader::missing(const Node& object, const Path& path, std::string_view key) {
    if (has_error()) return;
    std::string name = Path(path, key).text();
    wrong(object, path, "missing_required_parameter",
          "Missing required parameter: '" + name + "'.");
    error_.param = std::move(name);
}

void FieldReader::out_of_range(const Node& node, const Path& path, const Bound& bound,
                               int64_t limit) {
    if (!counts(node)) return;
    std::string message = "Invalid '" + path.text() + "': ";
    message.append(bound.name).append(" value. Expected a value ").append(bound.sign);
    message.append(std::to_string(limit)).append(", but got ");
    message.append(quotable(node.token.text));
    wrong(node, path, bound.code, message + " instead.");
}

bool FieldReader::counts(const Node& node) const {
    return at_ == nullptr || !std::less<>()(at_, node.token.text.data());
}

size_t index_among(std::span<const std::string_view> names, JsonText text) {
    size_t index = 0;
    while (index < names.size() && !is_same(names[index], text.view())) ++index;
    if (index < names.size() || !text.has_escapes()) return index;
    return index_of_escaped(names, text);
}

std::string list_of(std::span<const std::string_view> names) {
    std::string list;
    for (size_t i = 0; i < names.size(); ++i) {
        if (i > 0) list += i + 1 < names.size() ? ", " : names.size() > 2 ? ", and " : " and ";
        list.append(1, '\'').append(names[i]).append(1, '\'');
    }
    return list;
}

}  // namespace json
