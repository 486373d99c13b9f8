// However a stream of bytes is split, the parser makes the same of it: the same requests with the
// same bodies, and the same end. The first bytes choose the limits and the sizes of the pieces.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/http_text.h"
#include "parsed_stream.h"

namespace {

using test::ParsedRequest;
using test::ParsedStream;
using test::StreamParser;

void require(bool condition) {
    if (!condition) std::abort();
}

// Small enough to be reached, or the usual ones.
net::Limits limits_of(uint8_t choice) {
    net::Limits limits;
    if (choice & 1) limits.target_bytes_max = 16;
    if (choice & 2) limits.head_bytes_max = 96;
    if (choice & 4) limits.field_count_max = 4;
    if (choice & 8) limits.body_bytes_max = 24;
    if (choice & 16) limits.chunk_extension_bytes_max = 8;
    if (choice & 32) limits.blank_lines_max = 1;
    return limits;
}

// Of several things that are wrong, the pieces decide which one is seen first.
bool is_refusal(const ParsedRequest& request) {
    return request.status >= 400 && request.status < 600 && !request.reason.empty();
}

void check_request(const ParsedRequest& request, const net::Limits& limits) {
    if (request.status != 0) return require(is_refusal(request));
    require(!request.method.empty());
    require(request.fields.size() <= limits.field_count_max);
    require(request.body.size() <= limits.body_bytes_max);
    require(request.path.size() <= limits.target_bytes_max);
    size_t hosts = 0;
    for (const auto& [name, value] : request.fields) {
        require(net::is_token(name));
        require(net::trim(value) == value);
        require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
        hosts += net::equals_ignoring_case(name, "host") ? 1 : 0;
    }
    require(hosts == 1 || (hosts == 0 && request.is_http_1_0));
}

void compare(const ParsedStream& whole, const ParsedStream& split) {
    require(whole.is_incomplete == split.is_incomplete);
    require(whole.requests.size() == split.requests.size());
    for (size_t i = 0; i < whole.requests.size(); ++i) {
        if (whole.requests[i].status != 0) {
            require(is_refusal(split.requests[i]));
        } else {
            require(whole.requests[i] == split.requests[i]);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t choices = 5;
    if (size < choices) return 0;
    const net::Limits limits = limits_of(data[0]);
    const std::string_view text(reinterpret_cast<const char*>(data) + choices, size - choices);

    StreamParser in_one_go(limits);
    in_one_go.feed(text);
    const ParsedStream whole = in_one_go.result();
    for (const ParsedRequest& request : whole.requests) check_request(request, limits);

    StreamParser in_pieces(limits);
    size_t turn = 0;
    for (std::string_view rest = text; !rest.empty(); ++turn) {
        const std::string_view piece = rest.substr(0, data[1 + turn % (choices - 1)] % 32 + 1);
        in_pieces.feed(piece);
        rest.remove_prefix(piece.size());
    }
    compare(whole, in_pieces.result());
    return 0;
}
