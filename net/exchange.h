#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/buffer.h"
#include "net/task.h"
#include "net/timer_wheel.h"

namespace net {

enum class Method : uint8_t { get, head, post, options, other };

struct Field {
    std::string_view name;
    std::string_view value;  // without the whitespace around it
};

// Request is a parsed request (RFC 9112). Views into the input buffer: valid until the exchange
// that was opened with it is told to set aside what it still needs.
struct Request {
    Method method = Method::other;
    std::string_view method_name;
    std::string_view path;  // of the target, without query; still percent-encoded
    std::string_view body;  // followed by InputBuffer::tail_slack readable bytes
    std::span<const Field> fields;

    // The value of the first field of that name, compared without case; empty when there is none.
    std::string_view field(std::string_view name) const;
    bool has_field(std::string_view name) const;
};

// Refusal is why a connection was refused before a request could be handed on.
struct Refusal {
    uint16_t status = 400;
    std::string_view reason;  // static; for the client and for the log
};

// ResponseHead is what an exchange says about its response. The connection adds what belongs to
// the message and not to its meaning: Date, framing, Connection, x-request-id.
struct ResponseHead {
    static constexpr int64_t stream = -1;

    uint16_t status = 200;
    std::string_view content_type;  // empty: no content at all (204)
    int64_t content_length = 0;     // bytes, or `stream`
    std::string_view fields;        // whole lines, each with CRLF; nothing unchecked in them
};

enum class Progress : uint8_t {
    waiting,   // until woken, or until there is room again
    more,      // there is more to do at once, but others are to have their turn first
    finished,  // the response is complete
    aborted,   // it cannot be completed: cut the connection, so that nobody takes it for whole
};

// Responder is an exchange's view of its response. The connection implements it.
class Responder {
public:
    // Once, before the first byte of the body.
    virtual void start(const ResponseHead& head) = 0;

    // The exchange, when it waits after this pump, wants to be pumped again at `deadline` even if
    // nothing wakes it. Once per pump; the time is on the loop's clock.
    virtual void wake_at(TimePoint deadline) = 0;

    // Where the body goes. Producers stop when it has no more room and are pumped again when the
    // client has taken what was written. What one pump appends leaves in one chunk and one send.
    virtual OutputBuffer& body() = 0;

protected:
    ~Responder() = default;
};

// Exchange is one request and its response. Its connection owns it; destroying it is cancelling
// it.
class Exchange {
public:
    virtual ~Exchange() = default;

    // Writes what there is to write. Called again after its wakeup, or when there is room again.
    virtual Progress pump(Responder& out) = 0;

    // The request's bytes are about to go: keep what is still needed. Called at most once, after
    // a pump that did not finish.
    virtual void set_aside() {}

    // For the log; valid as long as the exchange. fault(): why it failed; empty: it did not.
    virtual std::string_view path() const = 0;
    virtual std::string_view fault() const { return {}; }
};

// Handler makes exchanges out of requests. One per worker; it outlives all connections.
class Handler {
public:
    // Asked when a head is complete and its body is not. False: open() will refuse the request
    // whatever the body says, so that there is no need to receive it.
    virtual bool wants_body(const Request& head) = 0;

    virtual std::unique_ptr<Exchange> open(const Request& request, Wakeup wakeup) = 0;

    // The response to something that is not a request.
    virtual std::unique_ptr<Exchange> refuse(const Refusal& refusal) = 0;

protected:
    ~Handler() = default;
};

}  // namespace net
