#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace net {

enum class Io : uint8_t {
    ok,      // something was done; there may be more
    again,   // not now: the task is posted when it is worth another try
    closed,  // the peer has ended the stream in order
    failed,  // broken; failure() says how
};

// Stream is a transport under a connection: TCP, or TLS over another stream. Its readiness is
// remembered below it, so calling it when nothing is there costs no system call.
class Stream {
public:
    virtual ~Stream() = default;

    // What must precede the first byte. Called until it is not `again`.
    virtual Io open() = 0;

    virtual Io read(std::span<char> room, size_t& bytes) = 0;
    virtual Io write(std::string_view bytes, size_t& taken) = 0;

    // After Io::failed: what happened, in a few words.
    virtual std::string failure() const = 0;
};

}  // namespace net
