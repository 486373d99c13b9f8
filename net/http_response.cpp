#include "net/http_response.h"

#include <cassert>
#include <charconv>
#include <cstring>
#include <ctime>

#include "net/civil_time.h"
#include "net/hex.h"
#include "net/http_text.h"

namespace net {
namespace {

char* put(char* to, std::string_view text) {
    return to + text.copy(to, text.size());
}

// The same where `text` nearly always has `usual` bytes: copying a known number of them is a few
// stores and no call.
template <size_t usual>
char* put_usual(char* to, std::string_view text) {
    return text.size() == usual ? put(to, {text.data(), usual}) : put(to, text);
}

char* put_number(char* to, int64_t number) {
    return std::to_chars(to, to + 20, number).ptr;
}

constexpr size_t chunk_size_digits = 6;

}  // namespace

void write_head(const ResponseHead& head, const MessageHead& message, OutputBuffer& out) {
    const std::string_view status = status_text(head.status);
    const size_t room = 256 + status.size() + head.content_type.size() + head.fields.size() +
                        message.request_id.size();
    char* to = out.reserve(room);
    to = put(to, "HTTP/1.1 ");
    to = status.empty() ? put(put_digits(to, head.status, 3), " ") : put_usual<6>(to, status);
    if (!head.content_type.empty()) {
        to = put_usual<16>(put(to, "\r\nContent-Type: "), head.content_type);
        if (head.content_length != ResponseHead::stream) {
            to = put_number(put(to, "\r\nContent-Length: "), head.content_length);
        } else if (message.chunked) {
            to = put(to, "\r\nTransfer-Encoding: chunked");
        }
    }
    // Each branch copies a known number of bytes.
    if (message.close) {
        to = put(to, "\r\nConnection: close\r\nDate: ");
    } else {
        to = put(to, "\r\nConnection: keep-alive\r\nDate: ");
    }
    to = put(put_usual<29>(to, message.date), "\r\nx-request-id: ");
    to = put(put_usual<16>(to, message.request_id), "\r\n");
    to = put(put(to, head.fields), "\r\n");
    out.commit_to(to);
}

size_t open_chunk(OutputBuffer& out) {
    const size_t begin = out.size();
    out.append("000000\r\n");
    return begin;
}

void close_chunk(OutputBuffer& out, size_t begin) {
    const size_t data = begin + chunk_size_digits + 2;
    if (out.size() == data) return out.truncate(begin);
    const size_t size = out.size() - data;
    assert(size < size_t{1} << (4 * chunk_size_digits));
    char digits[8];
    write_hex_half(static_cast<uint32_t>(size), digits);
    std::memcpy(out.data() + begin, digits + 8 - chunk_size_digits, chunk_size_digits);
    out.append("\r\n");
}

std::string_view DateText::at(std::chrono::steady_clock::time_point now) {
    if (now >= valid_until_) {
        timespec time{};
        ::clock_gettime(CLOCK_REALTIME, &time);
        seconds_ = time.tv_sec;
        valid_until_ = now + std::chrono::nanoseconds(1'000'000'000 - time.tv_nsec);
        const CivilTime civil = CivilTime::of(time.tv_sec);
        char* to = put(put(text_, civil.weekday_name), ", ");
        to = put(put_digits(to, civil.day, 2), " ");
        to = put(put(to, civil.month_name), " ");
        to = put(put_digits(to, civil.year, 4), " ");
        to = put(put_digits(to, civil.hour, 2), ":");
        to = put(put_digits(to, civil.minute, 2), ":");
        put(put_digits(to, civil.second, 2), " GMT");
    }
    return {text_, 29};
}

}  // namespace net
