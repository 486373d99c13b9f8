#include "net/response_parser.h"

#include <algorithm>

#include "net/http_text.h"

namespace net {
namespace {

// Far beyond any chunk, and far from an overflow: an owner bounds a body by not consuming it.
constexpr size_t chunk_bytes_max = size_t{1} << 59;

constexpr size_t usual_field_bytes = 512;

}  // namespace

ResponseParser::ResponseParser(const UpstreamLimits& limits) : limits_(limits) {
    reset();
}

void ResponseParser::reset(Expected expected) {
    head_ = std::make_unique<Head>();
    head_->fields.reserve(usual_field_bytes);
    llhttp_init(&head_->parser, HTTP_RESPONSE, &callbacks());
    head_->parser.data = this;
    chunks_.reset();
    refusal_ = {};
    expected_ = expected;
    state_ = State::head;
    framing_ = Framing::none;
    body_bytes_left_ = 0;
    status_ = 0;
    keeps_alive_ = has_excess_ = false;
}

ResponseParser::State ResponseParser::feed(std::span<char> bytes, BodyWindow& window) {
    while (state_ == State::head && !bytes.empty()) bytes = feed_head(bytes);
    if (state_ == State::body && !bytes.empty()) {
        switch (framing_) {
            case Framing::none:
                break;
            case Framing::sized:
                bytes = feed_sized(bytes, window);
                break;
            case Framing::chunked:
                bytes = feed_chunked(bytes, window);
                break;
            case Framing::until_end:
                window.append({bytes.data(), bytes.size()});
                bytes = {};
                break;
        }
    }
    // Nothing was asked that this could answer (RFC 9112 section 9.2).
    if (state_ == State::complete && !bytes.empty()) has_excess_ = true;
    return state_;
}

std::span<char> ResponseParser::feed_head(std::span<char> bytes) {
    llhttp_t& parser = head_->parser;
    const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
    const size_t end =
        error == HPE_OK ? bytes.size() : static_cast<size_t>(parser.error_pos - bytes.data());
    if (state_ == State::refused) return {};
    if (error != HPE_OK && error != HPE_PAUSED) {
        refuse("the head of the response is not valid HTTP/1.1");
        return {};
    }
    if (!head_->lines.feed({bytes.data(), end})) {
        refuse("a line of the response holds a control character, a bare CR or LF, or is folded");
        return {};
    }
    if (count_head_bytes(end) != 0) return {};
    if (error == HPE_PAUSED) {
        llhttp_resume(&parser);
        finish_head();
    }
    return bytes.subspan(end);
}

void ResponseParser::finish_head() {
    status_ = head_->parser.status_code;
    if (!check_version()) return;
    if (status_ >= 200) {
        if (choose_framing()) state_ = framing_ == Framing::none ? State::complete : State::body;
        return;
    }
    // RFC 9110 section 15.2: interim responses precede the one that counts. Nobody asked for 101.
    if (status_ < 100 || status_ == 101) {
        refuse("the status of the response makes no sense here");
    } else if (++head_->interim_count > limits_.interim_max) {
        refuse("too many interim responses");
    } else {
        llhttp_reset(&head_->parser);
        head_->lines.reset();
        head_->fields.clear();
    }
}

bool ResponseParser::check_version() {
    const llhttp_t& parser = head_->parser;
    if (parser.http_major == 1 && parser.http_minor <= 1) return true;
    refuse("the response is neither HTTP/1.1 nor HTTP/1.0");
    return false;
}

// RFC 9112 section 6.3, stricter where two readings would be possible.
bool ResponseParser::choose_framing() {
    uint32_t length_count = 0;
    uint32_t coding_count = 0;
    bool is_chunked = false;
    for (std::string_view rest = head_->fields; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() + 1);
        const size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        if (!is_token(name)) {
            refuse("the name of a field of the response is not a token");
            return false;
        }
        if (equals_ignoring_case(name, "content-length")) ++length_count;
        if (equals_ignoring_case(name, "transfer-encoding")) {
            ++coding_count;
            is_chunked = equals_ignoring_case(trim(line.substr(colon + 1)), "chunked");
        }
    }
    if (coding_count != 0 && length_count != 0) {
        refuse("the response has both Transfer-Encoding and Content-Length");
    } else if (length_count > 1) {
        refuse("the response repeats Content-Length");
    } else if (coding_count > 1 || (coding_count == 1 && !is_chunked)) {
        refuse("the response has a transfer coding other than chunked");
    } else if (is_chunked && head_->parser.http_minor == 0) {
        refuse("the response has Transfer-Encoding in HTTP/1.0");
    }
    if (state_ == State::refused) return false;

    keeps_alive_ = llhttp_should_keep_alive(&head_->parser) != 0;
    body_bytes_left_ = head_->parser.content_length;
    if (expected_ == Expected::tunnel || status_ == 204 || status_ == 304) {
        framing_ = Framing::none;
    } else if (is_chunked) {
        framing_ = Framing::chunked;
    } else if (length_count == 1) {
        framing_ = body_bytes_left_ == 0 ? Framing::none : Framing::sized;
    } else {
        framing_ = Framing::until_end;
    }
    return true;
}

std::span<char> ResponseParser::feed_sized(std::span<char> bytes, BodyWindow& window) {
    const auto size = static_cast<size_t>(std::min<uint64_t>(bytes.size(), body_bytes_left_));
    window.append({bytes.data(), size});
    body_bytes_left_ -= size;
    if (body_bytes_left_ == 0) state_ = State::complete;
    return bytes.subspan(size);
}

std::span<char> ResponseParser::feed_chunked(std::span<char> bytes, BodyWindow& window) {
    size_t used = 0;
    size_t joined = 0;
    const ChunkedBody::State state =
        chunks_.feed(bytes.data(), used, bytes.size(), joined, chunk_bytes_max, 0, limits_);
    window.append({bytes.data(), joined});
    if (state == ChunkedBody::State::refused) refuse(chunks_.refusal().reason);
    if (state == ChunkedBody::State::complete) state_ = State::complete;
    return bytes.subspan(used);
}

ResponseParser::State ResponseParser::refuse(std::string_view reason) {
    refusal_ = reason;
    state_ = State::refused;
    return state_;
}

int ResponseParser::count_head_bytes(size_t bytes) {
    head_->bytes += bytes;
    if (head_->bytes <= limits_.head_bytes_max) return 0;
    refuse("the head of the response is too large");
    return -1;
}

std::string ResponseParser::take_fields() {
    std::string fields = std::move(head_->fields);
    head_.reset();
    return fields;
}

std::string_view ResponseParser::find_field(std::string_view fields, std::string_view name) {
    while (!fields.empty()) {
        const std::string_view line = fields.substr(0, fields.find('\n'));
        fields.remove_prefix(line.size() + 1);
        const size_t colon = line.find(':');
        if (equals_ignoring_case(line.substr(0, colon), name)) return trim(line.substr(colon + 1));
    }
    return {};
}

const llhttp_settings_t& ResponseParser::callbacks() {
    static const llhttp_settings_t settings = [] {
        llhttp_settings_t made;
        llhttp_settings_init(&made);
        made.on_header_field = on_field_name;
        made.on_header_field_complete = on_field_name_end;
        made.on_header_value = on_field_value;
        made.on_header_value_complete = on_field_end;
        made.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
        return made;
    }();
    return settings;
}

int ResponseParser::on_field_name(llhttp_t* parser, const char* at, size_t size) {
    ResponseParser& self = of(parser);
    self.head_->fields.append(at, size);
    if (self.head_->fields.size() <= self.limits_.head_bytes_max) return 0;
    self.refuse("the head of the response is too large");
    return -1;
}

int ResponseParser::on_field_name_end(llhttp_t* parser) {
    ResponseParser& self = of(parser);
    self.head_->fields.push_back(':');
    if (++self.head_->field_count <= self.limits_.field_count_max) return 0;
    self.refuse("the response has too many fields");
    return -1;
}

int ResponseParser::on_field_value(llhttp_t* parser, const char* at, size_t size) {
    return on_field_name(parser, at, size);
}

int ResponseParser::on_field_end(llhttp_t* parser) {
    of(parser).head_->fields.push_back('\n');
    return 0;
}

}  // namespace net
