#pragma once

#include <optional>
#include <string>

#include "net/exchange.h"

namespace test {

// FakeResponder gives an exchange as much room a turn as the test wants, and keeps what it writes.
class FakeResponder final : public net::Responder {
public:
    struct Head {
        uint16_t status;
        std::string content_type, fields;
        int64_t content_length;
    };

    void start(const net::ResponseHead& given) override {
        if (head) ++complaints;
        head = {given.status, std::string(given.content_type), std::string(given.fields),
                given.content_length};
    }
    void wake_at(net::TimePoint deadline) override {
        if (wakes_at) ++complaints;
        wakes_at = deadline;
    }
    net::OutputBuffer& body() override { return buffer_; }

    // Pumps once, with room until `limit` bytes are written.
    net::Progress pump(net::Exchange& exchange, size_t limit = 1 << 30) {
        buffer_.clear();
        buffer_.open(limit);
        wakes_at.reset();
        const net::Progress progress = exchange.pump(*this);
        turn = buffer_.view();
        if (!turn.empty() && !head) ++complaints;
        all += turn;
        return progress;
    }

    std::optional<Head> head;
    std::optional<net::TimePoint> wakes_at;  // said in the last turn
    std::string turn;                        // written in the last turn
    std::string all;
    int complaints = 0;  // calls that the contract does not allow

private:
    net::OutputBuffer buffer_{4096};
};

}  // namespace test
