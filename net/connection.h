#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/exchange.h"
#include "net/fd.h"
#include "net/peer.h"
#include "net/request_id.h"
#include "net/workspace.h"

namespace net {

// Whom a connection belongs to: destroys it when the loop reaps it.
class ConnectionOwner {
public:
    virtual void erase(uint32_t slot) = 0;

protected:
    ~ConnectionOwner() = default;
};

// Connection is one accepted client (RFC 9112 section 9): it reads a request, lets an exchange
// answer it, writes, and reads the next. Owned by the server's slot table; destroyed only by the
// loop's reaping. One exchange at a time: while it runs nothing is read, so a client that
// pipelines without end is held back by TCP.
class Connection final : public Task, public Watcher, public Doomed, private Responder {
public:
    // All references must outlive the connection.
    Connection(Workspace& workspace, ConnectionOwner& owner, uint32_t slot, Fd socket,
               const Peer& peer);
    ~Connection();

    // False when the kernel refuses to watch it.
    [[nodiscard]] bool start();

    // The server is draining: an idle connection ends now, others after their response.
    void drain();

    void mark(uint32_t events) override;
    void pump() override;
    void reap() override { owner_.erase(slot_); }

    // The steps of the workspace's batches.
    void read();
    void send(const Piece& piece);

private:
    enum class State : uint8_t {
        idle,       // between requests: reads, keep-alive timer
        received,   // bytes have come that are still to be looked at
        receiving,  // a part of a request is there: reads, absolute deadline
        exchange,   // an exchange runs or its output is pending: reads nothing
        linger,     // our side is shut: discards until the client's FIN, or the timer
        doomed,
    };

    bool has_ended() const {
        return progress_ == Progress::finished || progress_ == Progress::aborted;
    }
    bool is_reading() const { return state_ == State::idle || state_ == State::receiving; }
    void run();
    // Each returns whether there may be more to do at once.
    bool receive();
    bool parse();
    bool await_more();
    bool converse();
    bool end_turn();
    bool discard();
    bool expire();

    bool screen_body();
    bool open_exchange(bool has_whole_request);
    [[gnu::cold]] bool refuse(const Refusal& refusal);
    void begin_exchange(std::string_view client_request_id);
    bool end_exchange();
    void settle();
    void release_request();
    void begin_linger();
    void leave(std::string_view outcome);
    void doom();

    Progress fill_output();
    bool transmit_unsent();
    size_t send_some(std::string_view bytes);
    void await_client();
    int queued_bytes() const;
    void log_exchange(std::string_view outcome);
    void debug(std::string_view message, std::string_view reason) const;
    TimePoint now() const { return workspace_.loop.timers().now(); }

    // Responder
    void start(const ResponseHead& head) override;
    void wake_at(TimePoint deadline) override { timer_.arm_at(deadline); }
    OutputBuffer& body() override { return workspace_.output; }

    // What each turn touches comes first, so that a stream's turn reads few cache lines.
    Workspace& workspace_;
    std::unique_ptr<Incoming> incoming_;
    std::unique_ptr<Exchange> exchange_;
    UnsentBytes unsent_;
    Timer timer_;
    Fd socket_;
    State state_ = State::idle;
    bool is_in_batch_ = false;  // waits for read() or send(), and does nothing before
    bool is_readable_ = false;
    bool is_writable_ = true;
    bool peer_closed_ = false;    // FIN came
    bool is_broken_ = false;      // RST came, or a write failed
    bool has_pipelined_ = false;  // incoming_ holds bytes that were not parsed yet

    // Of the current exchange.
    bool is_head_ = false;  // HEAD: no body is sent
    bool is_http_1_0_ = false;
    bool is_chunked_ = false;
    Progress progress_ = Progress::waiting;  // of the exchange; its output may lag behind
    bool close_after_ = false;
    bool holds_request_ = false;  // incoming_ holds the exchange's request
    uint64_t bytes_moved_ = 0;    // sent by the exchange; discarded, once it is over, by lingering
    TimePoint opened_{};
    TimePoint first_byte_{};
    RequestId request_id_;
    const char* method_name_ = "-";  // static
    uint16_t status_ = 0;

    int queued_bytes_ = 0;  // in the kernel, when the client was last seen to take some
    ConnectionOwner& owner_;
    const uint32_t slot_;
    const Peer peer_;
};

}  // namespace net
