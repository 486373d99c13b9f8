#include "net/upstream_head.h"

#include <utility>

#include "net/http_text.h"

namespace net {
namespace {

const llhttp_settings_t& callbacks() {
    static const llhttp_settings_t settings = [] {
        llhttp_settings_t made;
        llhttp_settings_init(&made);
        made.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
        return made;
    }();
    return settings;
}

// The lines of the fields. REQUIRES: whole lines that end in CRLF.
std::string_view fields_of(std::string_view head) {
    head.remove_prefix(head.find_first_not_of("\r\n"));  // blank lines may come before it
    head.remove_prefix(head.find('\n') + 1);             // the status line
    head.remove_suffix(2);                               // the empty line
    return head;
}

// Without the line's end.
std::string_view text_of(std::string_view line) {
    return line.substr(0, line.size() - 2);
}

}  // namespace

UpstreamHead::UpstreamHead(const UpstreamLimits& limits) : limits_(limits) {
    llhttp_init(&parser_, HTTP_RESPONSE, &callbacks());
}

UpstreamHead::State UpstreamHead::feed(std::string_view bytes, size_t& used) {
    State state = State::need_more;
    for (used = 0; state == State::need_more && used < bytes.size();) {
        size_t taken = 0;
        state = feed_one(bytes.substr(used), taken);
        used += taken;
    }
    return state;
}

UpstreamHead::State UpstreamHead::feed_one(std::string_view bytes, size_t& used) {
    const llhttp_errno_t error = llhttp_execute(&parser_, bytes.data(), bytes.size());
    const bool is_whole = error == HPE_PAUSED;
    if (error != HPE_OK && !is_whole) {
        return refuse("the head of the response is not valid HTTP/1.1");
    }
    if (is_whole) bytes = bytes.substr(0, static_cast<size_t>(parser_.error_pos - bytes.data()));
    used = bytes.size();
    if (!lines_.feed(bytes)) {
        return refuse(
            "a line of the response holds a control character, a bare CR or LF, or is folded");
    }
    bytes_ += bytes.size();
    if (bytes_ > limits_.head_bytes_max) return refuse("the head of the response is too large");
    if (!is_whole) {
        begun_ += bytes;
        return State::need_more;
    }
    if (begun_.empty()) return finish(bytes);
    return finish(std::exchange(begun_, {}).append(bytes));
}

UpstreamHead::State UpstreamHead::finish(std::string_view head) {
    if (parser_.http_major != 1 || parser_.http_minor > 1) {
        return refuse("the response is neither HTTP/1.1 nor HTTP/1.0");
    }
    const std::string_view fields = fields_of(head);
    if (!take_fields_of(fields)) return State::refused;
    if (parser_.status_code < 200) return skip_interim();
    if (!has_one_framing()) return State::refused;
    fields_ = std::string(fields);
    return State::complete;
}

// RFC 9110 section 15.2: interim responses precede the one that counts. Nobody asked for 101.
UpstreamHead::State UpstreamHead::skip_interim() {
    if (parser_.status_code < 100 || parser_.status_code == 101) {
        return refuse("the status of the response makes no sense here");
    }
    if (++interim_count_ > limits_.interim_max) return refuse("too many interim responses");
    llhttp_resume(&parser_);
    llhttp_reset(&parser_);
    lines_.reset();
    length_count_ = coding_count_ = 0;
    is_chunked_ = false;
    return State::need_more;
}

bool UpstreamHead::take_fields_of(std::string_view fields) {
    while (!fields.empty()) {
        const std::string_view line = fields.substr(0, fields.find('\n') + 1);
        if (!take_field(text_of(line))) return false;
        fields.remove_prefix(line.size());
    }
    return true;
}

bool UpstreamHead::take_field(std::string_view line) {
    const size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    // Of what is no token, llhttp lets only spaces and the empty name through.
    if (name.empty() || name.find(' ') != std::string_view::npos) {
        refuse("the name of a field of the response is not a token");
    } else if (++field_count_ > limits_.field_count_max) {
        refuse("the response has too many fields");
    } else if (equals_ignoring_case(name, "content-length")) {
        ++length_count_;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        ++coding_count_;
        is_chunked_ = equals_ignoring_case(trim(line.substr(colon + 1)), "chunked");
    }
    return refusal_.empty();
}

// RFC 9112 section 6.3, stricter where two readings would be possible.
bool UpstreamHead::has_one_framing() {
    if (coding_count_ != 0 && length_count_ != 0) {
        refuse("the response has both Transfer-Encoding and Content-Length");
    } else if (length_count_ > 1) {
        refuse("the response repeats Content-Length");
    } else if (coding_count_ > 1 || (coding_count_ == 1 && !is_chunked_)) {
        refuse("the response has a transfer coding other than chunked");
    } else if (is_chunked_ && parser_.http_minor == 0) {
        refuse("the response has Transfer-Encoding in HTTP/1.0");
    }
    return refusal_.empty();
}

UpstreamHead::State UpstreamHead::refuse(std::string_view reason) {
    refusal_ = reason;
    return State::refused;
}

std::string_view UpstreamHead::find_field(std::string_view fields, std::string_view name) {
    while (!fields.empty()) {
        const std::string_view line = fields.substr(0, fields.find('\n') + 1);
        // Names have no colon, so that a colon there ends one of the same length.
        if (line.size() > name.size() && line[name.size()] == ':' &&
            equals_ignoring_case(line.substr(0, name.size()), name)) {
            return trim(text_of(line).substr(name.size() + 1));
        }
        fields.remove_prefix(line.size());
    }
    return {};
}

}  // namespace net
