#include "json/arguments.h"

#include <algorithm>
#include <charconv>

namespace json {
namespace {

constexpr bool is_space(unsigned unit) {
    return unit == ' ' || unit == '\n' || unit == '\r' || unit == '\t';
}

// What the escape after a backslash stands for; `at` moves to its last byte.
unsigned read_escape(std::string_view inside, size_t& at) {
    switch (inside[at]) {
        case 'n':
        case 'r':
        case 't':
            return ' ';  // all white space is alike here
        case 'u': {
            unsigned unit = 0;
            std::from_chars(inside.data() + at + 1, inside.data() + at + 5, unit, 16);
            at += 4;
            return unit;
        }
        default:
            return static_cast<uint8_t>(inside[at]);
    }
}

}  // namespace

void ArgumentsCheck::add(JsonText piece) {
    const std::string_view inside = piece.view();
    for (size_t at = 0; at < inside.size(); ++at) {
        // The quote that ends a string is escaped, like every backslash in it.
        if (state_ == State::string) at = std::min(inside.find('\\', at), inside.size() - 1);
        if (inside[at] == '\\') {
            take(read_escape(inside, ++at));
        } else {
            take(static_cast<uint8_t>(inside[at]));
        }
    }
}

void ArgumentsCheck::take(unsigned unit) {
    switch (state_) {
        case State::string:
            if (unit == '\\') state_ = State::escape;
            if (unit == '"') state_ = State::outside;
            return;
        case State::escape:
            state_ = State::string;
            return;
        case State::before:
        case State::after:
            if (is_space(unit)) return;
            if (state_ == State::before && unit == '{') {
                state_ = State::outside;
                depth_ = 1;
            } else {
                state_ = State::wrong;
            }
            return;
        case State::outside:
            take_outside(unit);
            return;
        case State::wrong:
            return;
    }
}

void ArgumentsCheck::take_outside(unsigned unit) {
    if (unit == '"') {
        state_ = State::string;
    } else if (unit == '{' || unit == '[') {
        ++depth_;
    } else if (unit == '}' || unit == ']') {
        if (--depth_ == 0) state_ = State::after;
    }
}

}  // namespace json
