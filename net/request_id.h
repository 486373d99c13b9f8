#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/hex.h"

namespace net {

// RequestId names one request in its response and in the log: the client's own x-request-id when
// that may stand in a header field and in a log as it is, else 16 hex digits.
class RequestId {
public:
    static constexpr size_t digits = 16;
    static constexpr size_t client_bytes_max = 128;

    // `counter` never repeats within a worker.
    void assign(uint64_t counter, std::string_view from_client);

    // `buffer` is room for the answer, which may point into it or into this id.
    std::string_view text(char (&buffer)[digits]) const {
        if (from_client_) return *from_client_;
        write_hex(number_, buffer);
        return {buffer, digits};
    }

private:
    uint64_t number_ = 0;
    std::unique_ptr<std::string> from_client_;
};

}  // namespace net
