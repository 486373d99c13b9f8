#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

namespace net {

struct CommandOutput {
    bool is_whole = false;  // the program was there and closed its output in time
    std::string text;       // what it wrote to standard output
};

// Runs a program, found by PATH, with these arguments and no shell, and reads what it writes. It
// gets no input, and its errors go nowhere. Blocks for `limit` at most; then it is killed, as when
// it writes more than `bytes_max`.
CommandOutput run_command(std::span<const std::string> arguments, std::chrono::milliseconds limit,
                          size_t bytes_max);

}  // namespace net
