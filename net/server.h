#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/connection.h"
#include "net/listener.h"

namespace net {

// Server is one worker's listener and its connections.
class Server final : public Acceptor, public ConnectionOwner, public Task {
public:
    // What a connection over the limit gets: a 503 with these field lines and this JSON.
    struct ShedAnswer {
        std::string fields;
        std::string body;
    };

    // All references must outlive the server. Throws std::system_error.
    Server(EventLoop& loop, Handler& handler, Fd socket, const Limits& limits, Counters& counters,
           Log& log, ShedAnswer shed_answer);
    ~Server();

    // Accepts no more, ends idle connections, lets the others finish, and stops the loop when the
    // last one is gone or after `timeout`.
    void drain(Milliseconds timeout);
    // Whether connections had to be cut at the drain's deadline.
    bool was_cut() const { return was_cut_; }

    bool has_room() const override;
    void accepted(Fd socket, const sockaddr_storage& peer) override;
    void shed(Fd socket) override;
    void accept_failed(int error) override;
    void erase(uint32_t slot) override;
    void pump() override;

private:
    Workspace workspace_;
    const ShedAnswer shed_answer_;
    Listener listener_;
    Timer drain_timer_;
    std::vector<std::unique_ptr<Connection>> slots_;
    std::vector<uint32_t> free_slots_;
    bool was_cut_ = false;
};

}  // namespace net
