#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "core/options.h"

namespace core {

// Option is a row of a table of options: its name, what its value is called (empty: it has none),
// and what it does.
struct Option {
    std::string_view name;
    std::string_view value;
    std::string_view help;
    void (*apply)(Options&, std::string_view);  // throws UsageError
};

// What values are read by; all throw UsageError.
[[noreturn]] void reject(std::string_view value, std::string_view wanted);
uint32_t number(std::string_view text, uint32_t least, uint32_t most);
// Seconds, with up to three decimals; above 0, or not below it.
std::chrono::milliseconds seconds(std::string_view text);
std::chrono::milliseconds seconds_or_none(std::string_view text);

}  // namespace core
