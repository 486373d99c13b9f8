#include "net/http_parser.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "net/http_text.h"

namespace net {
namespace {

// Whether a short text of an InputBuffer holds `sought`: without a call, and reading into the
// bytes behind it.
bool contains(std::string_view text, char sought) {
#ifdef __SSE2__
    const __m128i pattern = _mm_set1_epi8(sought);
    static_assert(InputBuffer::tail_slack >= sizeof pattern);
    for (size_t at = 0; at < text.size(); at += sizeof pattern) {
        const auto* from = reinterpret_cast<const __m128i*>(text.data() + at);
        const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(from), pattern);
        const auto found = static_cast<uint32_t>(_mm_movemask_epi8(equal));
        if (found != 0 && at + static_cast<size_t>(std::countr_zero(found)) < text.size())
            return true;
    }
    return false;
#else
    return text.find(sought) != std::string_view::npos;
#endif
}

}  // namespace

HttpParser::HttpParser(const Limits& limits) : limits_(limits) {
    reset();
}

void HttpParser::reset() {
    parser_ = fresh;
    parser_.data = this;
    lines_.reset();
    refusal_ = {0, {}};
    parsed_ = head_end_ = message_end_ = 0;
    target_ = {};
    name_end_ = field_count_ = 0;
    content_length_ = 0;
    body_bytes_max_ = limits_.body_bytes_max;
    chunks_.reset();
    body_bytes_ = 0;
    blank_lines_ = host_count_ = coding_count_ = 0;
    chunked_ = false;
    keep_alive_ = is_http_1_0_ = expects_continue_ = false;
}

HttpParser::State HttpParser::feed(InputBuffer& buffer) {
    if (head_end_ == 0) {
        if (!skip_blank_lines(buffer))
            return refuse(400, "too many empty lines before the request");
        const State state = feed_head(buffer);
        if (state != State::need_more || head_end_ == 0) return state;
    }
    return chunked_ ? feed_chunked_body(buffer) : feed_sized_body(buffer);
}

// RFC 9112 section 2.2: a server should ignore at least one.
bool HttpParser::skip_blank_lines(InputBuffer& buffer) {
    if (parsed_ != 0) return true;
    size_t count = 0;
    while (std::string_view(buffer.data() + count, buffer.size() - count).starts_with("\r\n")) {
        if (++blank_lines_ > limits_.blank_lines_max) return false;
        count += 2;
    }
    if (count != 0) buffer.consume(count);
    return true;
}

HttpParser::State HttpParser::feed_head(InputBuffer& buffer) {
    base_ = buffer.data();
    seen_ = {base_, buffer.size()};
    if (parsed_ == 0 && buffer.size() < 2) return State::need_more;  // maybe half an empty line
    const llhttp_errno_t error = llhttp_execute(&parser_, base_ + parsed_, buffer.size() - parsed_);
    const size_t end =
        error == HPE_OK ? buffer.size() : static_cast<size_t>(parser_.error_pos - base_);
    if (refusal_.status != 0) return State::refused;
    if (end > limits_.head_bytes_max) return refuse(431, "the request's head is too large");
    if (error != HPE_OK && error != HPE_PAUSED) return refuse_syntax(error);
    if (!lines_.feed({base_ + parsed_, end - parsed_})) {
        return refuse(400, "a line holds a control character, a bare CR or LF, or is folded");
    }
    parsed_ = end;
    if (error == HPE_OK) return State::need_more;
    head_end_ = end;
    return finish_head();
}

HttpParser::State HttpParser::finish_head() {
    const bool is_good = check_request_line() && check_fields() && check_framing();
    return is_good ? State::need_more : State::refused;
}

// Only HTTP/1.0 and HTTP/1.1: llhttp also lets HTTP/0.9, HTTP/2.0 and RTSP through.
bool HttpParser::check_request_line() {
    // Of whitespace llhttp may leave tabs and form feeds in a target; the latter are gone by now.
    if (contains(text(target_), '\t')) {
        refuse(400, "the request's target holds whitespace");
        return false;
    }
    const std::string_view head(base_, head_end_);
    const size_t version = head.find_first_not_of(' ', target_.end);
    const std::string_view rest = head.substr(std::min(version, head.size()));
    is_http_1_0_ = rest.starts_with("HTTP/1.0\r\n");
    if (is_http_1_0_ || rest.starts_with("HTTP/1.1\r\n")) return true;
    refuse_request_line(head.substr(0, head.find('\r')), HPE_INVALID_VERSION);
    return false;
}

// Also finds the values, for all that read them later: from the colon to the line's end.
bool HttpParser::check_fields() {
    const size_t last_line_end = head_end_ - 2;
    for (uint32_t i = 0; i < field_count_; ++i) {
        FieldRange& field = field_ranges_[i];
        const std::string_view name = text(field.name);
        // Of what is no token, llhttp lets only spaces and the empty name through.
        if (name.empty() || contains(name, ' ')) {
            refuse(400, "a field's name is not a token");
            return false;
        }
        const bool is_last = i + 1 == field_count_;
        const size_t line_end = is_last ? last_line_end : field_ranges_[i + 1].name.begin;
        field.value = {field.name.end + 1, static_cast<uint32_t>(line_end) - 2};
        const std::string_view value = trim(text(field.value));
        field.value = range_of(value);
        if (equals_ignoring_case(name, "host") && !check_host(value)) return false;
        if (equals_ignoring_case(name, "transfer-encoding") && !check_coding(value)) return false;
        if (equals_ignoring_case(name, "expect") && !check_expectation(value)) return false;
    }
    return true;
}

bool HttpParser::check_host(std::string_view value) {
    ++host_count_;
    const bool is_good = is_host(value);
    if (!is_good) refuse(400, "the Host field is not valid");
    return is_good;
}

bool HttpParser::check_coding(std::string_view value) {
    ++coding_count_;
    chunked_ = equals_ignoring_case(value, "chunked");
    if (!chunked_) refuse(501, "only the transfer coding chunked is supported");
    return chunked_;
}

bool HttpParser::check_expectation(std::string_view value) {
    if (is_http_1_0_) return true;
    expects_continue_ = equals_ignoring_case(value, "100-continue");
    if (!expects_continue_) refuse(417, "only the expectation 100-continue is supported");
    return expects_continue_;
}

bool HttpParser::check_framing() {
    content_length_ = parser_.content_length;
    keep_alive_ = llhttp_should_keep_alive(&parser_) != 0;
    State state = State::need_more;
    if (host_count_ > 1 || (host_count_ == 0 && !is_http_1_0_)) {
        state = refuse(400, "a request needs exactly one Host field");
    } else if (coding_count_ > 1) {
        state = refuse(400, "Transfer-Encoding is repeated");
    } else if (chunked_ && is_http_1_0_) {
        state = refuse(400, "Transfer-Encoding needs HTTP version 1.1");
    } else if (!chunked_ && content_length_ > body_bytes_max_) {
        state = refuse(413, "the request's body is too large");
    }
    return state == State::need_more;
}

HttpParser::State HttpParser::feed_sized_body(InputBuffer& buffer) {
    const size_t available = buffer.size() - head_end_;
    body_bytes_ = static_cast<size_t>(std::min<uint64_t>(available, content_length_));
    if (body_bytes_ > body_bytes_max_) return refuse(413, "the request's body is too large");
    parsed_ = head_end_ + body_bytes_;
    if (body_bytes_ < content_length_) return State::need_more;
    message_end_ = parsed_;
    return State::complete;
}

// None where the limit has come down below what is there.
size_t HttpParser::body_room() const {
    return body_bytes_max_ - std::min(body_bytes_, body_bytes_max_);
}

// Moves the chunks' data together behind the head.
HttpParser::State HttpParser::feed_chunked_body(InputBuffer& buffer) {
    char* const body = buffer.data() + head_end_;
    std::string_view left(buffer.data() + parsed_, buffer.size() - parsed_);
    ChunkedBody::State state;
    std::string_view data;
    while ((state = chunks_.next(left, data, body_room(), head_end_, limits_)) ==
           ChunkedBody::State::data) {
        std::memmove(body + body_bytes_, data.data(), data.size());
        body_bytes_ += data.size();
    }
    if (state == ChunkedBody::State::refused) {
        return refuse(chunks_.refusal().status, chunks_.refusal().reason);
    }
    if (state == ChunkedBody::State::complete) {
        message_end_ = parsed_ = buffer.size() - left.size();
        return State::complete;
    }
    // The coding's own bytes are used up; only the joined body is kept.
    parsed_ = head_end_ + body_bytes_;
    buffer.truncate(parsed_);
    return State::need_more;
}

Request HttpParser::request(InputBuffer& buffer, std::vector<Field>& fields) {
    base_ = buffer.data();
    fields.resize(field_count_);
    for (uint32_t i = 0; i < field_count_; ++i) {
        fields[i] = {text(field_ranges_[i].name), text(field_ranges_[i].value)};
    }
    Request request;
    request.method = method_of(parser_.method);
    request.method_name = llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
    request.path = path_of(text(target_));
    request.body = {base_ + head_end_, body_bytes_};
    request.fields = fields;
    return request;
}

HttpParser::State HttpParser::refuse(uint16_t status, std::string_view reason) {
    refusal_ = {status, reason};
    return State::refused;
}

HttpParser::State HttpParser::refuse_syntax(llhttp_errno_t error) {
    switch (static_cast<int>(error)) {
        case HPE_INVALID_METHOD:
        case HPE_INVALID_VERSION:
        case HPE_INVALID_CONSTANT:
        case HPE_PAUSED_H2_UPGRADE:
            return refuse_request_line(seen_.substr(0, seen_.find_first_of("\r\n")), error);
        case HPE_INVALID_CONTENT_LENGTH:
            return refuse(400, "Content-Length is not a valid length");
        case HPE_UNEXPECTED_CONTENT_LENGTH:
            return refuse(400, "Content-Length is repeated, or stands beside Transfer-Encoding");
        case HPE_INVALID_TRANSFER_ENCODING:
            return refuse(400, "Transfer-Encoding is not valid");
        default:
            return refuse(400, "this is not a valid HTTP request");
    }
}

// What of a request line is wrong: RFC 9112 section 3 wants 501 for a method we do not know,
// RFC 9110 section 15.6.6 505 for another version.
HttpParser::State HttpParser::refuse_request_line(std::string_view line, llhttp_errno_t error) {
    if (!is_token(line.substr(0, line.find(' ')))) {
        return refuse(400, "this is not a valid HTTP request");
    }
    const size_t mark = line.rfind(" HTTP/");
    const std::string_view version = line.substr(std::min(mark, line.size()));
    const bool has_version = is_version(version.substr(std::min<size_t>(6, version.size())));
    const bool is_our_version = version == " HTTP/1.1" || version == " HTTP/1.0";
    if (has_version && !is_our_version) {
        return refuse(505, "only the HTTP versions 1.0 and 1.1 are supported");
    }
    if (error == HPE_INVALID_METHOD) return refuse(501, "the method is not known");
    return refuse(400, "the request line is not valid");
}

const llhttp_settings_t HttpParser::callbacks = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = on_target;
    made.on_header_field = on_field_name;
    made.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
    return made;
}();

const llhttp_t HttpParser::fresh = [] {
    llhttp_t made;
    llhttp_init(&made, HTTP_REQUEST, &callbacks);
    return made;
}();

// What is split comes in pieces, the next where the last one ended.
int HttpParser::on_target(llhttp_t* parser, const char* at, size_t size) {
    HttpParser& self = of(parser);
    const Range part = self.range_of({at, size});
    if (self.target_.end == 0) self.target_.begin = part.begin;
    self.target_.end = part.end;
    if (part.end - self.target_.begin <= self.limits_.target_bytes_max) return 0;
    self.refuse(414, "the request's target is too long");
    return -1;
}

int HttpParser::on_field_name(llhttp_t* parser, const char* at, size_t size) {
    HttpParser& self = of(parser);
    const Range part = self.range_of({at, size});
    if (part.begin == self.name_end_) {
        self.field_ranges_[self.field_count_ - 1].name.end = part.end;
    } else {
        const bool is_full = self.field_count_ == self.field_ranges_.size();
        if (is_full && !self.make_room_for_field()) return -1;
        self.field_ranges_[self.field_count_++].name = part;
    }
    self.name_end_ = part.end;
    return 0;
}

bool HttpParser::make_room_for_field() {
    if (field_count_ == limits_.field_count_max) {
        refuse(431, "the request has too many fields");
        return false;
    }
    field_ranges_.resize(std::min(2 * field_count_ + 8, limits_.field_count_max));
    return true;
}

}  // namespace net
