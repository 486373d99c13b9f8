#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace net {

// Small files, read and written as a whole. Blocking: for start-up and for threads that may wait.

struct FileText {
    enum class State { ok, missing, failed };

    State state = State::missing;
    std::string text;
    std::string problem;  // State::failed: one line for people
};

bool is_file(const std::string& path);

// A file of more than `bytes_max` bytes is a failure, as is anything that is not a plain file.
FileText read_file(const std::string& path, size_t bytes_max);

// Puts `text` in the place of a file at once: whoever reads it sees the old text or the new one,
// also after a crash. The file is for its owner only (0600), as are folders that have to be made
// (0700). A symbolic link is followed. Returns what went wrong, or nothing.
[[nodiscard]] std::string write_private_file(const std::string& path, std::string_view text);

// Returns what went wrong, or nothing. A file that is not there is no problem.
[[nodiscard]] std::string remove_file(const std::string& path);

// Standard output is a terminal, where a line can be written over.
bool output_is_terminal();

}  // namespace net
