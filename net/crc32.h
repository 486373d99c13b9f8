#pragma once

#include <cstdint>
#include <string_view>

namespace net {

// CRC-32 as zlib, PNG and Amazon's event stream use it: polynomial 0xEDB88320 (reflected), start
// and final value all ones. Pass an earlier result as `crc` to go on where it ended.
[[nodiscard]] uint32_t crc32(std::string_view bytes, uint32_t crc = 0);

}  // namespace net
