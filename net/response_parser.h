#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/body_window.h"
#include "net/chunked_body.h"
#include "net/upstream_head.h"
#include "net/upstream_limits.h"

namespace net {

// ResponseParser frames one response of an upstream (RFC 9112 section 6.3). It keeps no bytes but
// those of the fields; the decoded body goes into the caller's window. Owned by a connection, reset
// per call.
class ResponseParser {
public:
    enum class State : uint8_t {
        head,
        body,
        complete,
        refused,  // refusal() says why; the connection is of no more use
    };
    // What answers a CONNECT has no body.
    enum class Expected : uint8_t { response, tunnel };

    // `limits` must outlive it.
    explicit ResponseParser(const UpstreamLimits& limits);
    ResponseParser(const ResponseParser&) = delete;
    ResponseParser& operator=(const ResponseParser&) = delete;

    void reset(Expected expected = Expected::response);

    // REQUIRES: the state is head or body.
    State feed(std::string_view bytes, BodyWindow& window);
    // Whether the response is complete when the upstream ends the stream now.
    bool ends_here() const { return state_ == State::body && framing_ == Framing::until_end; }

    State state() const { return state_; }
    std::string_view refusal() const { return refusal_; }  // static

    // From State::body on.
    uint16_t status() const { return status_; }
    // Whole lines, as they came; given away. Once per response.
    std::string take_fields() { return std::move(fields_); }
    // With State::complete: whether the connection can carry another call.
    bool keeps_alive() const { return keeps_alive_ && !has_excess_; }
    // Bytes came that belong to no response.
    bool has_excess() const { return has_excess_; }

private:
    enum class Framing : uint8_t { none, sized, chunked, until_end };

    // These return what they left over.
    std::string_view feed_head(std::string_view bytes);
    std::string_view feed_head(UpstreamHead& head, std::string_view bytes);
    std::string_view feed_sized(std::string_view bytes, BodyWindow& window);
    std::string_view feed_chunked(std::string_view bytes, BodyWindow& window);
    void begin_body(UpstreamHead& head);
    Framing framing(const UpstreamHead& head) const;
    [[gnu::cold]] State refuse(std::string_view reason);

    const UpstreamLimits& limits_;
    std::unique_ptr<UpstreamHead> head_;  // of a head that comes in pieces, until it is whole
    std::string fields_;
    std::string_view refusal_;
    uint64_t body_bytes_left_ = 0;  // of a sized body
    uint16_t status_ = 0;
    Expected expected_ = Expected::response;
    State state_ = State::head;
    Framing framing_ = Framing::none;
    ChunkedBody chunks_;
    bool keeps_alive_ = false;
    bool has_excess_ = false;
};

}  // namespace net
