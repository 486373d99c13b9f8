#pragma once

#include <cstddef>
#include <cstdint>

#include "net/http_call.h"
#include "net/limits.h"

namespace net {

// Every number of the client side, with its reason. An upstream speaks over the internet: its
// bytes are bounded like those of a client.
struct UpstreamLimits : FramingLimits {
    using Milliseconds = std::chrono::milliseconds;

    // Clouds are generous with fields. curl allows 300 KiB.
    UpstreamLimits() : FramingLimits{.head_bytes_max = 64 * 1024, .field_count_max = 200} {}

    // 1xx responses before the one that counts.
    uint32_t interim_max = 8;

    // What a call holds for an owner that does not pull. Above it the socket is not read.
    size_t window_bytes = 64 * 1024;
    // How far an owner may widen its window: the largest event, its framing included.
    size_t window_bytes_max = 1024 * 1024 + 4096;
    // The area of a worker into which all its upstream connections are read.
    size_t area_bytes = 64 * 1024;

    // Idle connections per origin, kept for less than the minute after which common servers and
    // load balancers (nginx 75 s, ELB 60 s) close theirs.
    size_t idle_max = 32;
    Milliseconds idle_timeout{50'000};
    // RFC 8305 section 5: when the next address is tried beside one that does not answer.
    Milliseconds attempt_delay{250};
    size_t addresses_max = 16;

    CallTimeouts timeouts{};
};

}  // namespace net
