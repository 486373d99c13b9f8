#include "json/reader.h"

#include <cstring>

namespace json {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view unfinished = "it does not end where its object ends";

// The first backslash between two places, or the second of them.
const char* find_backslash(const char* from, const char* end) {
    const void* found = std::memchr(from, '\\', static_cast<size_t>(end - from));
    return found ? static_cast<const char*>(found) : end;
}

// Where the string ends that begins with the quote at `begin`; the next token begins at `next`.
// Null if it does not end with a quote. That it is one string and no more is stage one's work: it
// leaves only white space between a string and the next token.
inline const char* string_end(const char* begin, const char* next) {
    if (next[-1] != '"') [[unlikely]]
        next = trimmed(begin, next).end();
    return next - begin >= 2 && next[-1] == '"' ? next : nullptr;
}

}  // namespace

bool Reader::begin(std::string_view text) {
    whole_ = text;
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    StageOne::Fault fault;
    if (!tokens_.run(text, fault)) return fail(fault.what, fault.at);
    text_ = text.data();
    backslash_ = find_backslash(text_, text_ + text.size());
    next_ = tokens_.begin();
    depth_ = 1;
    if (text_[*next_++] != '{') return fail("it is not an object", nullptr);
    if (text_[tokens_.end()[-1]] != '}') return fail(unfinished, nullptr);
    return true;
}

bool Reader::end(bool is_good) {
    if (is_good && next_ != tokens_.end()) {
        is_good = fail("unexpected text after the object", text_ + *next_);
    }
    tokens_.tidy();
    return is_good;
}

bool Reader::skip(const Node& node) {
    if (node.is(Token::Kind::object)) {
        return fields(node, [this](std::string_view, const Node& field) { return skip(field); });
    }
    if (node.is(Token::Kind::array)) {
        return elements(node, [this](size_t, const Node& element) { return skip(element); });
    }
    return true;
}

std::string_view Reader::raw(const Node& container) const {
    const char* const begin = container.token.text.data();
    const char* const close = text_ + next_[-1];
    return {begin, static_cast<size_t>(close + 1 - begin)};
}

// Goes past the comma between two items, or past the bracket behind the last.
inline Reader::Step Reader::next_item(char open, char close) {
    const char found = text_[*next_];
    if (found == close) {
        ++next_;
        --depth_;
        return Step::end;
    }
    if (text_[next_[-1]] == open) return Step::item;
    if (found != ',') return Step::wrong;
    ++next_;
    return Step::item;
}

// The value that begins at the next token.
inline Reader::Step Reader::load(Token& token) {
    const char* const begin = text_ + next_[0];
    switch (*begin) {
        case '{':
            token = {Token::Kind::object, {begin, 1}};
            ++next_;
            return Step::item;
        case '[':
            token = {Token::Kind::array, {begin, 1}};
            ++next_;
            return Step::item;
        case '"':
            break;
        default:
            return load_scalar(token);
    }
    const char* const end = string_end(begin, text_ + next_[1]);
    if (!end) return wrong_step(next_);
    ++next_;
    token = {Token::Kind::string, {begin, end}};
    return end > backslash_ ? check_string(token) : Step::item;
}

Reader::Step Reader::next_element(Node& element) {
    const Step step = next_item('[', ']');
    if (step == Step::end) return step;
    return step == Step::item ? load(element.token) : wrong_step(next_);
}

Reader::Step Reader::next_field(Field& field) {
    const Step step = next_item('{', '}');
    if (step == Step::end) return step;
    if (step == Step::wrong) return wrong_step(next_);
    const char* const begin = text_ + next_[0];
    const char* const colon = text_ + next_[1];
    if (*begin != '"') return wrong_step(next_);
    if (*colon != ':') return wrong_step(next_ + 1);
    const char* const end = string_end(begin, colon);
    if (!end) return wrong_step(next_);
    next_ += 2;
    field.key = {begin + 1, end - 1};
    return end > backslash_ ? unescape_key(field) : load(field.value.token);
}

Reader::Step Reader::unescape_key(Field& field) {
    if (!check_escapes(field.key)) return Step::wrong;
    field.unescaped.clear();
    JsonText::trusted(field.key).unescape(field.unescaped);
    field.key = field.unescaped;
    return load(field.value.token);
}

Reader::Step Reader::load_scalar(Token& token) {
    token = read_scalar(text_ + next_[0], text_ + next_[1]);
    if (token.kind == Token::Kind::wrong) return wrong_step(next_);
    ++next_;
    return Step::item;
}

Reader::Step Reader::check_string(const Token& token) {
    return check_escapes(token.string().view()) ? Step::item : Step::wrong;
}

// Only for strings that may have a backslash: most have none.
bool Reader::check_escapes(std::string_view inside) {
    const size_t bad = find_bad_escape(inside);
    if (bad != std::string_view::npos) return fail("wrong escape", inside.data() + bad);
    backslash_ = find_backslash(inside.data() + inside.size(), whole_.data() + whole_.size());
    return true;
}

Reader::Step Reader::wrong_step(const uint32_t* token) {
    wrong_token(token);
    return Step::wrong;
}

bool Reader::wrong_token(const uint32_t* token) {
    if (token == tokens_.end()) return fail(unfinished, nullptr);
    return fail("unexpected text", text_ + *token);
}

bool Reader::too_deep() {
    return fail("it is nested deeper than " + std::to_string(depth_max_) + " levels", nullptr);
}

bool Reader::fail(std::string_view what, const char* at) {
    fault_ = what;
    if (at) fault_ += " at byte " + std::to_string(at - whole_.data());
    return false;
}

}  // namespace json
