#pragma once

#include <llhttp.h>

#include <array>
#include <cstdint>
#include <vector>

#include "net/buffer.h"
#include "net/chunked_body.h"
#include "net/exchange.h"
#include "net/limits.h"
#include "net/line_check.h"

namespace net {

// HttpParser frames one request at a time out of an input buffer: llhttp for the head, and the
// rules that llhttp leaves to its callers (RFC 9112; see the .cpp). It owns no bytes and stores
// offsets, so that the buffer may move while a request is incomplete. Chunked bodies are joined in
// place.
class HttpParser {
public:
    enum class State : uint8_t { need_more, complete, refused };

    explicit HttpParser(const Limits& limits);
    HttpParser(const HttpParser&) = delete;
    HttpParser& operator=(const HttpParser&) = delete;

    // For a new request at the buffer's first byte.
    void reset();
    // Whether nothing was fed since, not even an empty line.
    bool is_new() const { return parsed_ == 0 && blank_lines_ == 0; }

    // Parses what is new in the buffer. When more is needed the buffer holds only what is to be
    // kept: the head and the body so far. REQUIRES: the last state was need_more.
    State feed(InputBuffer& buffer);

    // Where the next request begins in the buffer; with State::complete.
    size_t message_end() const { return message_end_; }
    // Why, with State::refused. The framing is in doubt: the connection must close.
    const Refusal& refusal() const { return refusal_; }

    // Whether the fields are known; from here on request(), expects_continue() and so on hold.
    bool head_complete() const { return head_end_ != 0; }
    // Offsets turned into views, valid while the buffer stays put. `fields` is the caller's storage
    // for the request's fields.
    Request request(InputBuffer& buffer, std::vector<Field>& fields);

    // Whether it is a HEAD request, as far as that is known.
    bool is_head() const { return target_.end != 0 && parser_.method == HTTP_HEAD; }
    bool keep_alive() const { return keep_alive_; }
    bool is_http_1_0() const { return is_http_1_0_; }
    bool expects_continue() const { return expects_continue_; }
    bool has_body_bytes() const { return body_bytes_ != 0; }
    // Content-Length, or 0 when the length is not known before the end.
    uint64_t declared_bytes() const { return chunked_ ? 0 : content_length_; }
    bool is_chunked() const { return chunked_; }
    // From now on a longer body is refused.
    void limit_body(size_t bytes) { body_bytes_max_ = bytes; }

private:
    struct Range {
        uint32_t begin = 0;
        uint32_t end = 0;
    };
    struct FieldRange {
        Range name;
        Range value;
    };

    State feed_head(InputBuffer& buffer);
    State feed_sized_body(InputBuffer& buffer);
    State feed_chunked_body(InputBuffer& buffer);
    size_t body_room() const;
    bool skip_blank_lines(InputBuffer& buffer);
    bool make_room_for_field();
    State finish_head();
    bool check_request_line();
    bool check_fields();
    bool check_host(std::string_view value);
    bool check_coding(std::string_view value);
    bool check_expectation(std::string_view value);
    bool check_framing();
    [[gnu::cold]] State refuse(uint16_t status, std::string_view reason);
    [[gnu::cold]] State refuse_syntax(llhttp_errno_t error);
    [[gnu::cold]] State refuse_request_line(std::string_view line, llhttp_errno_t error);

    std::string_view text(Range range) const {
        return {base_ + range.begin, range.end - range.begin};
    }
    Range range_of(std::string_view part) const {
        const auto begin = static_cast<uint32_t>(part.data() - base_);
        return {begin, begin + static_cast<uint32_t>(part.size())};
    }

    static HttpParser& of(llhttp_t* parser) { return *static_cast<HttpParser*>(parser->data); }
    // Callbacks answer 0 to go on, -1 after refuse(), HPE_PAUSED to stop at a border.
    static const llhttp_settings_t callbacks;
    static const llhttp_t fresh;  // what parser_ is before a request
    static int on_target(llhttp_t* parser, const char* at, size_t size);
    static int on_field_name(llhttp_t* parser, const char* at, size_t size);

    const Limits& limits_;
    llhttp_t parser_;
    LineCheck lines_;
    ChunkedBody chunks_;
    Refusal refusal_;

    // Offsets are from the request's first byte.
    char* base_ = nullptr;   // that byte, during feed()
    std::string_view seen_;  // all there is, during feed()
    size_t parsed_ = 0;
    size_t head_end_ = 0;  // 0: not reached
    size_t message_end_ = 0;
    Range target_;
    uint32_t name_end_ = 0;  // of the last field so far
    uint32_t field_count_ = 0;
    std::vector<FieldRange> field_ranges_;  // as many as field_count_, and spare ones

    uint64_t content_length_ = 0;
    size_t body_bytes_max_ = 0;
    size_t body_bytes_ = 0;  // received, joined
    uint32_t blank_lines_ = 0;
    uint32_t host_count_ = 0;
    uint32_t coding_count_ = 0;
    bool chunked_ = false;
    bool keep_alive_ = false;
    bool is_http_1_0_ = false;
    bool expects_continue_ = false;
};

}  // namespace net
