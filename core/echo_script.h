#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace core {

// EchoScript is how the echo backend behaves: set for the whole server by options, and for one
// request by its x-echo field, a list such as `delay=100; interval=20; tokens=50`.
struct EchoScript {
    using Milliseconds = std::chrono::milliseconds;

    Milliseconds delay{0};                // delay=MS: before the first token
    Milliseconds interval{0};             // interval=MS: between tokens
    std::optional<uint32_t> tokens;       // tokens=N: the text is N tokens, the message repeated
    bool reasoning = false;               // reasoning: the message comes as reasoning text first
    std::string tool;                     // tool=NAME: a call of that tool answers a user message
    uint16_t error = 0;                   // error=STATUS: fails before the first byte
    std::optional<uint32_t> error_after;  // error-after=N: fails after N tokens
    std::optional<uint32_t> stall_after;  // stall-after=N: falls silent after N tokens

    static constexpr uint32_t tokens_max = 1'000'000;

    // Changes what the list names. False when something in it is unknown or out of range;
    // `problem` then says what.
    [[nodiscard]] bool apply(std::string_view list, std::string& problem);
    [[nodiscard]] bool apply(std::string_view key, std::string_view value, std::string& problem);
};

}  // namespace core
