#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace net {

// What one message may cost in framing, whoever sent it.
struct FramingLimits {
    // First line, fields and trailers. Between Node's 16 KiB and Envoy's 60 KiB.
    size_t head_bytes_max = 32 * 1024;
    // As hyper and haproxy; counted apart from bytes, since a field costs more than its bytes.
    uint32_t field_count_max = 100;
    // Of a whole message, not of a chunk: many chunks with short extensions are an attack too.
    size_t chunk_extension_bytes_max = 16 * 1024;
};

// Every number of the server's side, with its reason. Operators change those that have an option.
struct Limits : FramingLimits {
    using Milliseconds = std::chrono::milliseconds;

    // RFC 9112 section 3 asks for 8,000 at least.
    size_t target_bytes_max = 8 * 1024;
    // RFC 9112 section 2.2 asks for one; some old clients send two.
    uint32_t blank_lines_max = 4;
    // Images come as base64 inside the JSON body.
    size_t body_bytes_max = 32 * 1024 * 1024;
    // The body of a request that is refused anyway is read up to here to keep the connection.
    size_t refused_body_bytes_max = 64 * 1024;

    // Absolute, from accept or from a request's first byte, so that dripping bytes do not help.
    Milliseconds head_timeout{10'000};
    Milliseconds body_silence_timeout{15'000};
    // Absolute as well: this long, and a second for each 64 KiB declared.
    Milliseconds body_timeout{60'000};
    // Longer than clients' pools keep sockets, so that the client closes first.
    Milliseconds keep_alive_timeout{75'000};
    // Output is pending and the client takes none of it.
    Milliseconds write_stall_timeout{30'000};
    // After the last byte to a client that may still be sending: without it the kernel answers
    // that client with RST, and it never sees why it was refused.
    Milliseconds linger_timeout{2'000};
    size_t linger_bytes_max = 1024 * 1024;

    // What one connection may write, or read, before the others of its loop have their turn. A
    // larger window saves sends; a smaller one lets new streams begin sooner beside busy ones. An
    // answer of 64 frames still fits.
    size_t output_window = 20 * 1024;
    size_t read_quota = 256 * 1024;

    // Open client connections of one worker; above it new ones get 503 and are closed.
    uint32_t connections_max = 8'000;
    // How long to wait before accept() is tried again when descriptors ran out.
    Milliseconds accept_retry_interval{100};
    int listen_backlog = 4096;
};

}  // namespace net
