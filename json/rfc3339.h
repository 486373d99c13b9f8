#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace json {

// Reads a time of RFC 3339, with any offset and any fraction of a second, which is cut off:
// 2026-01-01T12:00:00.123456789+02:00. Unix seconds, or nothing when it is no such time.
std::optional<int64_t> read_time(std::string_view text);

// Appends a time in UTC: 2026-01-01T10:00:00Z.
// REQUIRES: it lies in the years 0 to 9999.
void write_time(int64_t unix_seconds, std::string& out);

}  // namespace json
