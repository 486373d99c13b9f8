#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

// Makes frames of application/vnd.amazon.eventstream for tests. The CRC is the slow, obvious one,
// so that it shares nothing with the code under test.
namespace test {

inline uint32_t slow_crc32(std::string_view bytes) {
    uint32_t crc = 0xFFFFFFFF;
    for (const char c : bytes) {
        crc ^= static_cast<uint8_t>(c);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

inline std::string big_endian(uint64_t value, size_t bytes) {
    std::string out;
    while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xFF);
    return out;
}

inline std::string string_header(std::string_view name, std::string_view value) {
    return big_endian(name.size(), 1) + std::string(name) + '\7' + big_endian(value.size(), 2) +
           std::string(value);
}

inline std::string frame_of(std::string_view headers, std::string_view payload) {
    std::string out = big_endian(16 + headers.size() + payload.size(), 4);
    out += big_endian(headers.size(), 4);
    out += big_endian(slow_crc32(out), 4);
    out.append(headers).append(payload);
    return out + big_endian(slow_crc32(out), 4);
}

using Headers = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline std::string frame_with(Headers headers, std::string_view payload) {
    std::string block;
    for (const auto& [name, value] : headers) block += string_header(name, value);
    return frame_of(block, payload);
}

inline std::string event_frame(std::string_view type, std::string_view payload) {
    return frame_with(
        {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}},
        payload);
}

}  // namespace test
