#include "net/http_text.h"

#include <llhttp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace net {
namespace {

using Set = std::array<bool, 256>;

constexpr Set set_of(std::string_view others) {
    Set set{};
    for (int c = '0'; c <= '9'; ++c) set[static_cast<size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) set[static_cast<size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) set[static_cast<size_t>(c)] = true;
    for (char c : others) set[static_cast<unsigned char>(c)] = true;
    return set;
}

constexpr Set token_set = set_of("!#$%&'*+-.^_`|~");
constexpr Set host_name_set = set_of("-._~%!$&'()*+,;=");
constexpr Set ip_literal_set = set_of("-._~!$&'()*+,;=:");

bool is_in(const Set& set, char c) {
    return set[static_cast<unsigned char>(c)];
}

bool all_in(const Set& set, std::string_view text) {
    return std::all_of(text.begin(), text.end(), [&](char c) { return is_in(set, c); });
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr uint64_t in_each(uint64_t byte) {
    return byte * 0x0101010101010101;
}

// Whether eight bytes differ in nothing but the case of letters, which is the bit 0x20. Of a byte
// with its high bit clear, adding finds out whether it is as large as a letter.
bool equal_but_for_case(uint64_t a, uint64_t b) {
    const uint64_t differing = a ^ b;
    if ((differing & ~in_each(0x20)) != 0) return false;
    if (differing == 0) return true;
    const uint64_t lower = a | in_each(0x20);
    const uint64_t low_bits = lower & in_each(0x7F);
    const uint64_t from_a = low_bits + in_each(0x80 - 'a');
    const uint64_t above_z = low_bits + in_each(0x7F - 'z');
    const uint64_t letters = from_a & ~above_z & ~lower & in_each(0x80);
    return ((differing << 2) & ~letters) == 0;
}

uint64_t load_word(const char* at) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Less than eight bytes; each of them is in the word, in the same place for texts of the same size.
uint64_t load_short(const char* at, size_t size) {
    uint64_t word = 0;
    if (size >= 4) {
        uint32_t first, last;
        std::memcpy(&first, at, 4);
        std::memcpy(&last, at + size - 4, 4);
        word = uint64_t{first} << 32 | last;
    } else {
        while (size != 0) word = word << 8 | static_cast<unsigned char>(at[--size]);
    }
    return word;
}

}  // namespace

bool is_token(std::string_view text) {
    return !text.empty() && all_in(token_set, text);
}

bool equals_ignoring_case(const char* a, const char* b, size_t size) {
    if (size < 8) return equal_but_for_case(load_short(a, size), load_short(b, size));
    const size_t last = size - 8;
    for (size_t at = 0;; at = std::min(at + 8, last)) {
        if (!equal_but_for_case(load_word(a + at), load_word(b + at))) return false;
        if (at == last) return true;
    }
}

bool is_host(std::string_view text) {
    std::string_view port;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos || end < 3) return false;
        if (!all_in(ip_literal_set, text.substr(1, end - 1))) return false;
        port = text.substr(end + 1);
    } else {
        const auto is_in_name = [](char c) { return is_in(host_name_set, c); };
        const auto end = std::find_if_not(text.begin(), text.end(), is_in_name);
        if (end == text.begin()) return false;
        port = {end, text.end()};
    }
    if (port.empty()) return true;
    return port.front() == ':' && port.size() <= 6 &&
           std::all_of(port.begin() + 1, port.end(), is_digit);
}

bool is_version(std::string_view text) {
    return text.size() == 3 && is_digit(text[0]) && text[1] == '.' && is_digit(text[2]);
}

std::string_view path_of(std::string_view target) {
    if (!target.starts_with('/')) {
        const size_t scheme_end = target.find("://");
        if (scheme_end == std::string_view::npos) return target;
        const size_t path = target.find_first_of("/?#", scheme_end + 3);
        if (path == std::string_view::npos || target[path] != '/') return "/";
        target.remove_prefix(path);
    }
    target = target.substr(0, target.find('#'));
    return target.substr(0, target.find('?'));
}

Method method_of(int llhttp_method) {
    switch (llhttp_method) {
        case HTTP_GET:
            return Method::get;
        case HTTP_HEAD:
            return Method::head;
        case HTTP_POST:
            return Method::post;
        case HTTP_OPTIONS:
            return Method::options;
        default:
            return Method::other;
    }
}

std::string_view status_text(int status) {
    switch (status) {
        case 200:
            return "200 OK";
        case 204:
            return "204 No Content";
        case 400:
            return "400 Bad Request";
        case 401:
            return "401 Unauthorized";
        case 402:
            return "402 Payment Required";
        case 403:
            return "403 Forbidden";
        case 404:
            return "404 Not Found";
        case 405:
            return "405 Method Not Allowed";
        case 408:
            return "408 Request Timeout";
        case 409:
            return "409 Conflict";
        case 413:
            return "413 Content Too Large";
        case 414:
            return "414 URI Too Long";
        case 415:
            return "415 Unsupported Media Type";
        case 417:
            return "417 Expectation Failed";
        case 422:
            return "422 Unprocessable Content";
        case 429:
            return "429 Too Many Requests";
        case 431:
            return "431 Request Header Fields Too Large";
        case 500:
            return "500 Internal Server Error";
        case 501:
            return "501 Not Implemented";
        case 502:
            return "502 Bad Gateway";
        case 503:
            return "503 Service Unavailable";
        case 504:
            return "504 Gateway Timeout";
        case 505:
            return "505 HTTP Version Not Supported";
        default:
            return {};
    }
}

}  // namespace net
