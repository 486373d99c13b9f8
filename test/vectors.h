#pragma once

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

// The conformance vectors of other implementations, which are kept beside this repository. Tests
// that use them are skipped where the folder is missing.
namespace test {

inline std::string vectors_folder() {
    const char* const named = std::getenv("VECTORS");
    return named != nullptr ? named : "../shared/vectors";
}

// Empty when there is no such file.
inline std::string read_vector(const std::string& name) {
    std::ifstream file(vectors_folder() + "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

inline std::string from_hex(const std::string& text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    std::string out;
    int high = -1;
    for (const char c : text) {
        if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
        if (high < 0) {
            high = digit(c);
        } else {
            out += static_cast<char>(high << 4 | digit(c));
            high = -1;
        }
    }
    return out;
}

}  // namespace test
