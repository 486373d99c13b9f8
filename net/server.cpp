#include "net/server.h"

#include <sys/socket.h>

#include <cstring>

namespace net {

Server::Server(EventLoop& loop, Handler& handler, Fd socket, const Limits& limits,
               Counters& counters, Log& log, ShedAnswer shed_answer)
    : workspace_(loop, handler, limits, counters, log),
      shed_answer_(std::move(shed_answer)),
      listener_(loop, *this, std::move(socket), limits),
      drain_timer_(loop.timers(), *this) {}

Server::~Server() = default;

bool Server::has_room() const {
    return slots_.size() - free_slots_.size() < workspace_.limits.connections_max;
}

void Server::accepted(Fd socket, const sockaddr_storage& peer) {
    workspace_.counters.connections_accepted.add();
    uint32_t slot;
    if (free_slots_.empty()) {
        slot = static_cast<uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        slot = free_slots_.back();
        free_slots_.pop_back();
    }
    slots_[slot] =
        std::make_unique<Connection>(workspace_, *this, slot, std::move(socket), Peer::of(peer));
    if (!slots_[slot]->start()) erase(slot);
}

// Reads what came already, so that closing does not turn into a RST that overtakes the response.
void Server::shed(Fd socket) {
    workspace_.counters.connections_shed.add();
    workspace_.log.event(LogLevel::info, "connection shed: there are too many");
    RequestId id;
    id.assign(workspace_.next_request_id++, {});
    char digits[RequestId::digits];
    ResponseHead head;
    head.status = 503;
    head.content_type = "application/json";
    head.content_length = static_cast<int64_t>(shed_answer_.body.size());
    head.fields = shed_answer_.fields;
    MessageHead message;
    message.close = true;
    message.request_id = id.text(digits);
    message.date = workspace_.date.at(workspace_.loop.timers().now());
    OutputBuffer& out = workspace_.output;
    const size_t begin = out.size();
    write_head(head, message, out);
    out.append(shed_answer_.body);
    const std::string_view answer = out.view().substr(begin);
    char ignored[4096];
    (void)::recv(socket.value(), ignored, sizeof ignored, 0);
    (void)::send(socket.value(), answer.data(), answer.size(), MSG_NOSIGNAL);
    out.truncate(begin);
    ::shutdown(socket.value(), SHUT_WR);
}

void Server::accept_failed(int error) {
    workspace_.counters.accept_errors.add();
    workspace_.log.event(LogLevel::warn, "cannot accept a connection", std::strerror(error));
}

void Server::erase(uint32_t slot) {
    slots_[slot].reset();
    free_slots_.push_back(slot);
    if (workspace_.draining && free_slots_.size() == slots_.size()) workspace_.loop.stop();
}

void Server::drain(Milliseconds timeout) {
    if (workspace_.draining) return;
    listener_.close();
    workspace_.draining = true;
    for (const std::unique_ptr<Connection>& connection : slots_) {
        if (connection) connection->drain();
    }
    if (free_slots_.size() == slots_.size()) return workspace_.loop.stop();
    drain_timer_.arm(timeout);
}

void Server::pump() {
    if (!drain_timer_.take_expired()) return;
    was_cut_ = true;
    workspace_.loop.stop();
}

}  // namespace net
