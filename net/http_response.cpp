#include "net/http_response.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <ctime>

#include "net/civil_time.h"
#include "net/http_text.h"

namespace net {
namespace {

char* put(char* to, std::string_view text) {
    return std::copy(text.begin(), text.end(), to);
}

char* put_number(char* to, int64_t number) {
    return std::to_chars(to, to + 20, number).ptr;
}

constexpr size_t chunk_size_digits = 6;

}  // namespace

void write_head(const ResponseHead& head, const MessageHead& message, OutputBuffer& out) {
    const std::string_view reason = reason_phrase(head.status);
    const size_t room = 256 + reason.size() + head.content_type.size() + head.fields.size() +
                        message.request_id.size();
    char* to = out.reserve(room);
    to = put(to, "HTTP/1.1 ");
    to = put_number(to, head.status);
    *to++ = ' ';
    to = put(to, reason);
    if (!head.content_type.empty()) {
        to = put(to, "\r\nContent-Type: ");
        to = put(to, head.content_type);
        if (head.content_length != ResponseHead::stream) {
            to = put(to, "\r\nContent-Length: ");
            to = put_number(to, head.content_length);
        } else if (message.chunked) {
            to = put(to, "\r\nTransfer-Encoding: chunked");
        }
    }
    to = put(to, message.close ? "\r\nConnection: close" : "\r\nConnection: keep-alive");
    to = put(to, "\r\nDate: ");
    to = put(to, message.date);
    to = put(to, "\r\nx-request-id: ");
    to = put(to, message.request_id);
    to = put(to, "\r\n");
    to = put(to, head.fields);
    to = put(to, "\r\n");
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
    size_t size = out.size() - data;
    assert(size < size_t{1} << (4 * chunk_size_digits));
    for (size_t i = chunk_size_digits; i > 0; --i, size >>= 4) {
        out.data()[begin + i - 1] = "0123456789abcdef"[size & 15];
    }
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
