#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace core {

// EchoCourse is the part of a script that a generation follows and keeps a copy of.
struct EchoCourse {
    using Milliseconds = std::chrono::duration<uint32_t, std::milli>;
    static constexpr uint32_t never = std::numeric_limits<uint32_t>::max();

    Milliseconds delay{0};         // delay=MS: before the first token
    Milliseconds interval{0};      // interval=MS: between tokens
    uint32_t tokens = never;       // tokens=N: the text is N tokens, the message repeated
    uint32_t error_after = never;  // error-after=N: fails after N tokens
    uint32_t stall_after = never;  // stall-after=N: falls silent after N tokens
    uint16_t error = 0;            // error=STATUS: fails before the first byte
    bool reasoning = false;        // reasoning: the message comes as reasoning text first
};

// EchoScript is how the echo backend behaves: set for the whole server by options, and for one
// request by its x-echo field, a list such as `delay=100; interval=20; tokens=50`.
struct EchoScript : EchoCourse {
    std::string tool;  // tool=NAME: a call of that tool answers a user message

    static constexpr uint32_t tokens_max = 1'000'000;

    // Changes what the list names. False when something in it is unknown or out of range;
    // `problem` then says what.
    [[nodiscard]] bool apply(std::string_view list, std::string& problem);
    [[nodiscard]] bool apply(std::string_view key, std::string_view value, std::string& problem);
};

}  // namespace core
