#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/exchange.h"
#include "net/limits.h"

namespace net {

// ChunkedBody decodes the chunked transfer coding (RFC 9112 section 7.1). Not llhttp: version 8.1
// refuses legal extensions, does not bound them, and takes a bare CR for a line's end in trailers.
// Extensions and trailers are checked and dropped.
class ChunkedBody {
public:
    enum class State : uint8_t {
        data,  // there is a piece of the body, and there may be more
        need_more,
        complete,
        refused,
    };

    // For a new message.
    void reset();

    // Takes the next piece of the body off the front of `bytes`, with the coding before it. With
    // State::data `out` is that piece, a part of `bytes`. A piece or an announced chunk longer than
    // `room` is refused; `head_bytes` count against the limit for trailers.
    State next(std::string_view& bytes, std::string_view& out, size_t room, size_t head_bytes,
               const FramingLimits& limits);

    // With State::refused.
    const Refusal& refusal() const { return refusal_; }

private:
    enum class Step : uint8_t {
        size,       // hex digits
        blanks,     // before an extension
        extension,  // up to CR
        size_lf,
        data,
        data_cr,
        data_lf,
        line,   // the first byte of a trailer line, or of the empty one
        name,   // up to the colon
        value,  // up to CR
        value_lf,
        end_lf,
        end,
    };

    State take_data(std::string_view& bytes, std::string_view& out, size_t room);
    // Takes whole lines of the coding that are there and need no closer look: their bytes, or 0.
    size_t take_whole(std::string_view bytes, size_t room);
    size_t take_whole_size(std::string_view bytes, size_t room);
    // Takes one byte of the coding itself; false: refused.
    bool take(char byte, size_t room, size_t head_bytes, const FramingLimits& limits);
    bool take_size(char byte, size_t room);
    bool take_extension(char byte, const FramingLimits& limits);
    bool take_trailer(char byte, size_t head_bytes, const FramingLimits& limits);
    bool expect(bool is_right, Step next);
    [[gnu::cold]] bool refuse(uint16_t status, std::string_view reason);

    Refusal refusal_;
    uint64_t size_ = 0;  // of the chunk; then what is left of it
    size_t extension_bytes_ = 0;
    size_t trailer_bytes_ = 0;
    uint32_t trailer_count_ = 0;
    Step step_ = Step::size;
    bool has_digit_ = false;
};

}  // namespace net
