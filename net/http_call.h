#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/task.h"
#include "net/url.h"

namespace net {

// How long a call may wait for what. Each is absolute but the silence, which begins anew with each
// byte, and stands still while the consumer leaves the window full: a slow client must not look
// like a dead upstream.
struct CallTimeouts {
    using Milliseconds = std::chrono::milliseconds;

    Milliseconds connect{10'000};   // name, connection, proxy and TLS together
    Milliseconds head{120'000};     // from the last byte of the request: models think
    Milliseconds silence{120'000};  // in the body
    Milliseconds total{3'600'000};
};

// CallRequest is what an upstream is asked. Content-Length, Host and Connection are added to it.
// All but the timeouts is needed during start() only.
struct CallRequest {
    const Url& url;
    std::string_view method = "POST";  // neither HEAD nor CONNECT
    std::string_view path{};           // appended to the url's; may have a query
    std::string_view fields{};         // whole lines, each with CRLF
    bool has_good_fields = false;      // are_fields() was asked before; else start() asks
    std::string_view body{};
    std::string_view body_end{};             // follows it
    const CallTimeouts* timeouts = nullptr;  // the client's own when null; must outlive the call
};

// Whether they are whole lines, none of them empty or folded, without control characters. A value
// with CRLF in it is two lines: who takes a value from elsewhere looks at it first.
bool are_fields(std::string_view fields);

enum class CallError : uint8_t {
    none,
    request,          // it could not even be tried: bad fields, https in a build without TLS
    resolve,          // the name is not known
    connect,          // no address answered
    proxy,            // the proxy refused
    tls,              // no handshake, or the certificate is not good
    connect_timeout,  // all of these took too long
    head_timeout,
    silence,
    total_timeout,
    cut,        // the connection ended before the response did
    malformed,  // not HTTP/1.x, or over a limit
};

struct CallFailure {
    CallError error = CallError::none;
    std::string text;  // one line for people; names the host, never a secret
};

// HttpCall is one request to an upstream and its response, pulled by its owner, which is woken
// when there is something to pull: the head, more of the body, the end. Destroying the call ends
// it: its connection is dropped unless the response was complete.
class HttpCall {
public:
    enum class State : uint8_t {
        connecting,
        sending,
        waiting,    // for the head
        streaming,  // the head is there, the body comes
        complete,   // all of the body has come; peek() may still hold some of it
        failed,     // likewise: what came before the failure can be read
    };

    virtual ~HttpCall() = default;

    virtual State state() const = 0;
    // From streaming on; 0 before.
    virtual uint16_t status() const = 0;
    // The first field of that name, compared without case; empty when there is none. Valid until
    // drop_fields().
    virtual std::string_view field(std::string_view name) const = 0;
    // Gives back the memory of the fields, for calls that stream for long.
    virtual void drop_fields() = 0;

    // The body's next bytes, decoded, followed by InputBuffer::tail_slack readable bytes. Valid
    // until consume() or the end of the owner's pump.
    virtual std::string_view peek() const = 0;
    virtual void consume(size_t bytes) = 0;
    // The owner needs this many bytes in one peek(). False: more than is allowed.
    [[nodiscard]] virtual bool widen(size_t bytes) = 0;

    virtual const CallFailure& failure() const = 0;
};

// HttpClient makes calls. One per worker; it outlives its calls.
class HttpClient {
public:
    virtual ~HttpClient() = default;

    // Never null: what cannot be tried is a call that has failed. `wakeup` is of the owner.
    virtual std::unique_ptr<HttpCall> start(const CallRequest& request, Wakeup wakeup) = 0;
};

}  // namespace net
