#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace net {

// Frame is one message of application/vnd.amazon.eventstream: the headers that Smithy's event
// streams give a meaning, and the payload. A header that is absent is empty; others are checked
// and left out. All views lie in the window given to next() and live as long as those bytes.
// The texts of headers are not checked to be UTF-8.
struct Frame {
    std::string_view message_type;    // ":message-type": event, exception or error
    std::string_view event_type;      // ":event-type"
    std::string_view exception_type;  // ":exception-type"
    std::string_view error_code;      // ":error-code"
    std::string_view error_message;   // ":error-message"
    std::string_view content_type;    // ":content-type"
    std::string_view payload;
    size_t size = 0;  // bytes of the window that this frame takes
};

// EventStreamParser finds the frames in a byte stream, one per call:
//
//   total length 4 | headers length 4 | CRC of these 4 | headers | payload | CRC of all before 4
//
// with big-endian integers. The lengths are used only after their CRC was checked, the rest only
// after the frame's. It keeps no bytes: the caller shows a contiguous window that begins at the
// first unconsumed byte, and after a frame consumes `size` bytes. While the answer is need_more
// the window may move in memory but must keep its bytes and grow at its end; the work done for a
// frame does not depend on how many calls that takes.
//
// The bytes that are left when the stream ends are a cut frame: then the stream is broken, too.
class EventStreamParser {
public:
    enum class Status : uint8_t { frame, need_more, broken };

    static constexpr size_t frame_bytes_min = 16;
    // What Amazon's own implementations allow (aws-c-event-stream).
    static constexpr size_t frame_bytes_max = 24u << 20;
    static constexpr size_t headers_bytes_max = 128u << 10;
    static constexpr size_t value_bytes_max = 32'767;
    // The service sends three; a bound keeps the search for duplicates cheap.
    static constexpr size_t headers_max = 32;

    explicit EventStreamParser(size_t bytes_max = frame_bytes_max) : bytes_max_(bytes_max) {}

    // `out` is filled only for Status::frame. A broken stream stays broken: its frames cannot be
    // found again.
    [[nodiscard]] Status next(std::string_view window, Frame& out);

    // How large the window must become for the next frame. 12 until its lengths are known.
    [[nodiscard]] size_t bytes_wanted() const { return total_ != 0 ? total_ : prelude_bytes; }

    // Why the stream is broken; a literal, empty before.
    [[nodiscard]] std::string_view error() const { return error_; }

private:
    static constexpr size_t prelude_bytes = 12;

    Status broken(std::string_view why);
    bool read_prelude(std::string_view window);
    bool read_headers(std::string_view headers, Frame& out);

    size_t bytes_max_;
    size_t total_ = 0;  // of the frame at the window's begin; 0: its prelude was not checked yet
    size_t headers_ = 0;
    std::string_view error_;
};

}  // namespace net
