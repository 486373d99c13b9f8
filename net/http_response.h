#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "net/buffer.h"
#include "net/exchange.h"

namespace net {

// What the connection adds to an exchange's response head.
struct MessageHead {
    bool close = false;    // Connection: close, else keep-alive
    bool chunked = false;  // for a stream to an HTTP/1.1 client
    std::string_view request_id;
    std::string_view date;  // an IMF-fixdate
};

// Appends a status line and all fields (RFC 9112 section 4), up to the empty line.
void write_head(const ResponseHead& head, const MessageHead& message, OutputBuffer& out);

// Frames what is appended to a buffer as one chunk (RFC 9112 section 7.1): open_chunk() leaves room
// for a size of fixed width (leading zeros are legal) and returns where the chunk begins;
// close_chunk() fills it in, or drops the frame again when nothing was appended.
constexpr std::string_view last_chunk = "0\r\n\r\n";
size_t open_chunk(OutputBuffer& out);
void close_chunk(OutputBuffer& out, size_t begin);

// DateText is the current time as an IMF-fixdate (RFC 9110 section 5.6.7), made once a second.
class DateText {
public:
    // Valid until the next call.
    std::string_view at(std::chrono::steady_clock::time_point now);
    // Unix seconds of the last call.
    int64_t unix_seconds() const { return seconds_; }

private:
    char text_[29] = {};
    int64_t seconds_ = 0;
    std::chrono::steady_clock::time_point valid_until_{};
};

}  // namespace net
