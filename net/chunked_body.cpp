#include "net/chunked_body.h"

#include <algorithm>

#include "net/http_text.h"

namespace net {
namespace {

// What may stand in an extension or a trailer's value (RFC 9110 section 5.5).
bool is_text(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return (code >= 0x20 && code != 0x7F) || byte == '\t';
}

bool has_line_end(std::string_view bytes, size_t at) {
    return bytes.size() >= at + 2 && bytes[at] == '\r' && bytes[at + 1] == '\n';
}

}  // namespace

void ChunkedBody::reset() {
    *this = ChunkedBody();
}

ChunkedBody::State ChunkedBody::next(std::string_view& bytes, std::string_view& out, size_t room,
                                     size_t head_bytes, const FramingLimits& limits) {
    while (!bytes.empty() && step_ != Step::end) {
        if (step_ == Step::data) return take_data(bytes, out, room);
        const size_t taken = take_whole(bytes, room);
        if (taken == 0 && !take(bytes.front(), room, head_bytes, limits)) return State::refused;
        bytes.remove_prefix(std::max<size_t>(taken, 1));
    }
    return step_ == Step::end ? State::complete : State::need_more;
}

ChunkedBody::State ChunkedBody::take_data(std::string_view& bytes, std::string_view& out,
                                          size_t room) {
    out = bytes.substr(0, size_);
    // The room may have become less than was announced.
    if (out.size() > room) {
        refuse(413, "the body is too large");
        return State::refused;
    }
    bytes.remove_prefix(out.size());
    size_ -= out.size();
    if (size_ == 0) step_ = Step::data_cr;
    return State::data;
}

// What is between two chunks is nearly always there at once, and a size without extension.
size_t ChunkedBody::take_whole(std::string_view bytes, size_t room) {
    size_t at = 0;
    if (step_ == Step::data_cr) {
        if (!has_line_end(bytes, 0)) return 0;
        step_ = Step::size;
        at = 2;
    }
    return step_ == Step::size && !has_digit_ ? at + take_whole_size(bytes.substr(at), room) : at;
}

size_t ChunkedBody::take_whole_size(std::string_view bytes, size_t room) {
    uint64_t size = 0;
    size_t digits = 0;
    for (; digits < bytes.size() && size <= room; ++digits) {
        const int digit = hex_value(bytes[digits]);
        if (digit < 0) break;
        size = size * 16 + static_cast<unsigned>(digit);
    }
    if (digits == 0 || size > room || !has_line_end(bytes, digits)) return 0;
    size_ = size;
    step_ = size == 0 ? Step::line : Step::data;
    return digits + 2;
}

bool ChunkedBody::take(char byte, size_t room, size_t head_bytes, const FramingLimits& limits) {
    switch (step_) {
        case Step::size:
            return take_size(byte, room);
        case Step::blanks:
        case Step::extension:
            return take_extension(byte, limits);
        case Step::size_lf:
            has_digit_ = false;
            return expect(byte == '\n', size_ == 0 ? Step::line : Step::data);
        case Step::data_cr:
            return expect(byte == '\r', Step::data_lf);
        case Step::data_lf:
            return expect(byte == '\n', Step::size);
        case Step::value_lf:
            return expect(byte == '\n', Step::line);
        case Step::end_lf:
            return expect(byte == '\n', Step::end);
        case Step::line:
        case Step::name:
        case Step::value:
            return take_trailer(byte, head_bytes, limits);
        case Step::data:
        case Step::end:
            break;
    }
    return false;
}

bool ChunkedBody::take_size(char byte, size_t room) {
    const int digit = hex_value(byte);
    if (digit < 0) {
        const bool is_blank = byte == ' ' || byte == '\t';
        const bool is_end = byte == '\r' || byte == ';' || is_blank;
        const Step next = is_blank ? Step::blanks : Step::extension;
        return expect(is_end && has_digit_, byte == '\r' ? Step::size_lf : next);
    }
    if (!has_digit_) size_ = 0;
    has_digit_ = true;
    size_ = size_ * 16 + static_cast<unsigned>(digit);
    // Before the next digit could overflow it: no limit is near 2^60.
    if (size_ > room) return refuse(413, "the body is too large");
    return true;
}

bool ChunkedBody::take_extension(char byte, const FramingLimits& limits) {
    if (++extension_bytes_ > limits.chunk_extension_bytes_max) {
        return refuse(413, "the chunk extensions are too large");
    }
    if (step_ == Step::blanks) {
        const bool is_blank = byte == ' ' || byte == '\t';
        return expect(is_blank || byte == ';', is_blank ? Step::blanks : Step::extension);
    }
    if (byte == '\r') return expect(true, Step::size_lf);
    return expect(is_text(byte), Step::extension);
}

bool ChunkedBody::take_trailer(char byte, size_t head_bytes, const FramingLimits& limits) {
    if (head_bytes + ++trailer_bytes_ > limits.head_bytes_max) {
        return refuse(431, "the trailers are too large");
    }
    if (step_ == Step::value) {
        if (byte == '\r') return expect(true, Step::value_lf);
        return expect(is_text(byte), Step::value);
    }
    if (step_ == Step::line) {
        if (byte == '\r') return expect(true, Step::end_lf);
        if (++trailer_count_ > limits.field_count_max) {
            return refuse(431, "there are too many trailers");
        }
        return expect(is_token({&byte, 1}), Step::name);
    }
    return expect(byte == ':' || is_token({&byte, 1}), byte == ':' ? Step::value : Step::name);
}

bool ChunkedBody::expect(bool is_right, Step next) {
    if (!is_right) return refuse(400, "the chunked coding is not valid");
    step_ = next;
    return true;
}

bool ChunkedBody::refuse(uint16_t status, std::string_view reason) {
    refusal_ = {status, reason};
    return false;
}

}  // namespace net
