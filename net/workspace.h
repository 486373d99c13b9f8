#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/batch.h"
#include "net/buffer.h"
#include "net/counters.h"
#include "net/event_loop.h"
#include "net/exchange.h"
#include "net/http_parser.h"
#include "net/http_response.h"
#include "net/limits.h"
#include "net/log.h"

namespace net {

class Connection;

// What a connection owns only while it receives a request. Streams that wait own none.
struct Incoming {
    explicit Incoming(const Limits& limits) : parser(limits) {}

    HttpParser parser;
    InputBuffer buffer;
    TimePoint deadline{};   // for the head, then for the body
    bool screened = false;  // the handler was asked whether it wants the body
};

// What a connection has written into the output buffer, from one offset to the other.
struct Piece {
    Connection* connection = nullptr;
    size_t begin = 0;
    size_t end = 0;
};

// Workspace is what the connections of one worker share: they run one at a time, so one build
// area and a few parsing buffers serve all that do not wait in the middle of something.
struct Workspace {
    // All references must outlive it. Throws std::system_error.
    Workspace(EventLoop& event_loop, Handler& request_handler, const Limits& all_limits,
              Counters& worker_counters, Log& worker_log);

    // Lends parsing buffers, made anew when other connections keep the spare ones.
    std::unique_ptr<Incoming> lend();
    void give_back(std::unique_ptr<Incoming> incoming);

    EventLoop& loop;
    Handler& handler;
    const Limits& limits;
    Counters& counters;
    Log& log;
    OutputBuffer output;
    Batch<Connection*> received;  // have received what may be a request, and are to read it
    Batch<Piece> written;         // are to send what they have written
    size_t body_begin = 0;        // in it: where this turn's body begins
    std::vector<Field> fields;    // of the request being opened
    DateText date;
    uint64_t next_request_id;
    bool draining = false;

private:
    std::vector<std::unique_ptr<Incoming>> spare_;
};

}  // namespace net
