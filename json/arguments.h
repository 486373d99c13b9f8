#pragma once

#include <cstdint>

#include "json/text.h"

namespace json {

// ArgumentsCheck tells a whole tool call from one that was cut: it follows the brackets and strings
// of a JSON object that comes in pieces, split anywhere, each inside a JSON string and still
// escaped. It keeps no text. It sees what a cut leaves open, not every error a text can have.
class ArgumentsCheck {
public:
    void add(JsonText piece);

    // Nothing but white space came so far.
    bool is_empty() const { return state_ == State::before; }
    // One object came, and nothing after it.
    bool is_whole() const { return state_ == State::after; }

private:
    enum class State : uint8_t { before, outside, string, escape, after, wrong };

    void take(unsigned unit);
    void take_outside(unsigned unit);

    State state_ = State::before;
    uint32_t depth_ = 0;
};

}  // namespace json
