#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/crc32.h"

namespace bench {

inline void append_big_endian(uint64_t value, size_t bytes, std::string& out) {
    while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xFF);
}

inline void append_header(std::string_view name, std::string_view value, std::string& out) {
    constexpr char string_type = 7;
    append_big_endian(name.size(), 1, out);
    out.append(name) += string_type;
    append_big_endian(value.size(), 2, out);
    out.append(value);
}

// A frame of application/vnd.amazon.eventstream, as the service sends its events.
inline std::string event_frame(std::string_view type, std::string_view payload) {
    std::string headers;
    append_header(":event-type", type, headers);
    append_header(":content-type", "application/json", headers);
    append_header(":message-type", "event", headers);
    std::string out;
    append_big_endian(16 + headers.size() + payload.size(), 4, out);
    append_big_endian(headers.size(), 4, out);
    append_big_endian(net::crc32(out), 4, out);
    out.append(headers).append(payload);
    append_big_endian(net::crc32(out), 4, out);
    return out;
}

}  // namespace bench
