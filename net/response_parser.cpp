#include "net/response_parser.h"

#include <algorithm>

namespace net {
namespace {

// Far beyond any chunk, and far from an overflow: an owner bounds a body by not consuming it.
constexpr size_t chunk_bytes_max = size_t{1} << 59;

}  // namespace

ResponseParser::ResponseParser(const UpstreamLimits& limits) : limits_(limits) {
    reset();
}

void ResponseParser::reset(Expected expected) {
    head_.reset();
    fields_.clear();
    chunks_.reset();
    refusal_ = {};
    expected_ = expected;
    state_ = State::head;
    framing_ = Framing::none;
    body_bytes_left_ = 0;
    status_ = 0;
    keeps_alive_ = has_excess_ = false;
}

ResponseParser::State ResponseParser::feed(std::string_view bytes, BodyWindow& window) {
    if (state_ == State::head) bytes = feed_head(bytes);
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
                window.append(bytes);
                bytes = {};
                break;
        }
    }
    // Nothing was asked that this could answer (RFC 9112 section 9.2).
    if (state_ == State::complete && !bytes.empty()) has_excess_ = true;
    return state_;
}

std::string_view ResponseParser::feed_head(std::string_view bytes) {
    if (head_) {
        bytes = feed_head(*head_, bytes);
        if (state_ != State::head) head_.reset();
        return bytes;
    }
    UpstreamHead head(limits_);
    bytes = feed_head(head, bytes);
    if (state_ == State::head) head_ = std::make_unique<UpstreamHead>(std::move(head));
    return bytes;
}

std::string_view ResponseParser::feed_head(UpstreamHead& head, std::string_view bytes) {
    size_t used = 0;
    switch (head.feed(bytes, used)) {
        case UpstreamHead::State::need_more:
            break;
        case UpstreamHead::State::complete:
            begin_body(head);
            break;
        case UpstreamHead::State::refused:
            refuse(head.refusal());
            break;
    }
    return bytes.substr(used);
}

void ResponseParser::begin_body(UpstreamHead& head) {
    status_ = head.status();
    fields_ = head.take_fields();
    body_bytes_left_ = head.length();
    framing_ = framing(head);
    keeps_alive_ = head.keeps_alive();
    state_ = framing_ == Framing::none ? State::complete : State::body;
}

ResponseParser::Framing ResponseParser::framing(const UpstreamHead& head) const {
    if (expected_ == Expected::tunnel || status_ == 204 || status_ == 304) return Framing::none;
    if (head.is_chunked()) return Framing::chunked;
    if (!head.has_length()) return Framing::until_end;
    return head.length() == 0 ? Framing::none : Framing::sized;
}

std::string_view ResponseParser::feed_sized(std::string_view bytes, BodyWindow& window) {
    const std::string_view data = bytes.substr(0, body_bytes_left_);
    window.append(data);
    body_bytes_left_ -= data.size();
    if (body_bytes_left_ == 0) state_ = State::complete;
    return bytes.substr(data.size());
}

std::string_view ResponseParser::feed_chunked(std::string_view bytes, BodyWindow& window) {
    ChunkedBody::State state;
    std::string_view data;
    while ((state = chunks_.next(bytes, data, chunk_bytes_max, 0, limits_)) ==
           ChunkedBody::State::data) {
        window.reserve(data.size() + bytes.size());  // at once for all pieces that may follow
        window.append(data);
    }
    if (state == ChunkedBody::State::refused) refuse(chunks_.refusal().reason);
    if (state == ChunkedBody::State::complete) state_ = State::complete;
    return bytes;
}

ResponseParser::State ResponseParser::refuse(std::string_view reason) {
    refusal_ = reason;
    state_ = State::refused;
    return state_;
}

}  // namespace net
