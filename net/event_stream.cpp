#include "net/event_stream.h"

#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "net/crc32.h"

namespace net {
namespace {

constexpr size_t crc_bytes = 4;

// REQUIRES: four bytes.
uint32_t load_big_endian(std::string_view bytes) {
    uint32_t value;
    std::memcpy(&value, bytes.data(), sizeof value);
    if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap32(value);
    return value;
}

enum ValueType : uint8_t {
    type_true,
    type_false,
    type_int8,
    type_int16,
    type_int32,
    type_int64,
    type_bytes,
    type_string,
    type_timestamp,
    type_uuid,
};

// The sizes of the values above; bytes and strings begin with a length of two bytes.
constexpr std::array<size_t, 10> value_sizes = {0, 0, 1, 2, 4, 8, 2, 2, 8, 16};

struct Header {
    std::string_view name;
    uint8_t type = 0;
    std::string_view value;
};

// HeaderReader takes headers off the front of a frame's header block.
class HeaderReader {
public:
    explicit HeaderReader(std::string_view block) : left_(block) {}

    bool at_end() const { return left_.empty(); }
    size_t bytes_left() const { return left_.size(); }

    // False: the header is cut off, of an unknown type or too long. REQUIRES: not at_end().
    bool next(Header& out) {
        const char* const begin = left_.data();
        const size_t name_bytes = static_cast<uint8_t>(*begin);
        if (name_bytes == 0 || left_.size() < name_bytes + 2) return false;
        out.name = {begin + 1, name_bytes};
        out.type = static_cast<uint8_t>(begin[1 + name_bytes]);
        left_.remove_prefix(name_bytes + 2);
        if (out.type >= value_sizes.size() || !take(value_sizes[out.type], out.value)) return false;
        if (out.type != type_bytes && out.type != type_string) return true;
        const size_t size = static_cast<size_t>(static_cast<uint8_t>(out.value[0])) << 8 |
                            static_cast<uint8_t>(out.value[1]);
        return size <= EventStreamParser::value_bytes_max && take(size, out.value);
    }

private:
    bool take(size_t size, std::string_view& out) {
        if (size > left_.size()) return false;
        out = {left_.data(), size};
        left_.remove_prefix(size);
        return true;
    }

    std::string_view left_;
};

// Whether one of the headers that begin at `places` in the block has this name.
bool has_name(std::string_view block, std::span<const uint32_t> places, std::string_view name) {
    for (const uint32_t place : places) {
        if (block.substr(place + 1, static_cast<uint8_t>(block[place])) == name) return true;
    }
    return false;
}

std::string_view* field(Frame& frame, std::string_view name) {
    if (name == ":event-type") return &frame.event_type;
    if (name == ":content-type") return &frame.content_type;
    if (name == ":message-type") return &frame.message_type;
    if (name == ":exception-type") return &frame.exception_type;
    if (name == ":error-code") return &frame.error_code;
    if (name == ":error-message") return &frame.error_message;
    return nullptr;
}

// What an event usually has, in this order; only its type differs.
constexpr std::string_view before_type("\x0B:event-type\x07\x00", 14);
constexpr std::string_view behind_type(
    "\x0D:content-type\x07\x00\x10"
    "application/json\x0D:message-type\x07\x00\x05"
    "event",
    55);

constexpr size_t content_type_at = 17;  // in what is behind
constexpr std::string_view content_type = behind_type.substr(content_type_at, 16);
constexpr std::string_view message_type = behind_type.substr(behind_type.size() - 5);
static_assert(before_type.ends_with('\0') && behind_type.starts_with("\x0D:content-type"));
static_assert(content_type == "application/json" && message_type == "event");

bool has_at(std::string_view text, size_t at, std::string_view sought) {
    return std::memcmp(text.data() + at, sought.data(), sought.size()) == 0;
}

// False: it may be good, but is not one of those.
bool read_usual_headers(std::string_view headers, Frame& out) {
    constexpr size_t type_at = before_type.size() + 1;
    if (headers.size() < type_at + behind_type.size()) return false;
    const size_t behind = headers.size() - behind_type.size();
    const size_t size = static_cast<uint8_t>(headers[before_type.size()]);
    if (type_at + size != behind || !has_at(headers, 0, before_type) ||
        !has_at(headers, behind, behind_type)) {
        return false;
    }
    out.event_type = headers.substr(type_at, size);
    out.content_type = headers.substr(behind + content_type_at, content_type.size());
    out.message_type = headers.substr(headers.size() - message_type.size());
    return true;
}

}  // namespace

EventStreamParser::Status EventStreamParser::next(std::string_view window, Frame& out) {
    if (!error_.empty()) return Status::broken;
    if (total_ == 0) {
        if (window.size() < prelude_bytes) return Status::need_more;
        if (!read_prelude(window)) return Status::broken;
    }
    if (window.size() < total_) return Status::need_more;
    const std::string_view frame = window.substr(0, total_);
    const std::string_view checked = frame.substr(0, total_ - crc_bytes);
    if (crc32(checked) != load_big_endian(frame.substr(checked.size()))) {
        return broken("the CRC of a frame is wrong");
    }
    out = Frame{};
    const std::string_view headers = checked.substr(prelude_bytes, headers_);
    if (!read_usual_headers(headers, out) && !read_headers(headers, out)) return Status::broken;
    out.payload = checked.substr(prelude_bytes + headers_);
    out.size = total_;
    total_ = 0;
    return Status::frame;
}

EventStreamParser::Status EventStreamParser::broken(std::string_view why) {
    error_ = why;
    return Status::broken;
}

bool EventStreamParser::read_prelude(std::string_view window) {
    if (crc32(window.substr(0, 8)) != load_big_endian(window.substr(8))) {
        broken("the CRC of a frame's lengths is wrong");
        return false;
    }
    const size_t total = load_big_endian(window);
    headers_ = load_big_endian(window.substr(4));
    if (total < frame_bytes_min || total > bytes_max_) {
        broken("a frame is too short or too long");
        return false;
    }
    if (headers_ > headers_bytes_max || headers_ > total - frame_bytes_min) {
        broken("the headers of a frame are too long");
        return false;
    }
    total_ = total;
    return true;
}

bool EventStreamParser::read_headers(std::string_view headers, Frame& out) {
    uint32_t others[headers_max];  // where headers that are left out begin
    size_t other_count = 0;
    size_t count = 0;
    Header header;
    for (HeaderReader reader(headers); !reader.at_end(); ++count) {
        const size_t place = headers.size() - reader.bytes_left();
        if (count == headers_max || !reader.next(header)) {
            broken("a header of a frame is malformed");
            return false;
        }
        std::string_view* const known = field(out, header.name);
        if (known != nullptr ? known->data() != nullptr
                             : has_name(headers, {others, other_count}, header.name)) {
            broken("a header of a frame comes twice");
            return false;
        }
        if (known == nullptr) {
            others[other_count++] = static_cast<uint32_t>(place);
            continue;
        }
        if (header.type != type_string) {
            broken("a header of a frame is not a string");
            return false;
        }
        *known = header.value;
    }
    return true;
}

}  // namespace net
