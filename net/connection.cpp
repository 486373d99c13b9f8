#include "net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace net {
namespace {

constexpr size_t receive_bytes = 64 * 1024;
// An incomplete request above this keeps spare room, so that a long body is not copied at each
// read.
constexpr size_t fit_bytes_max = 16 * 1024;
// What is written is sent while it is in the first cache.
constexpr size_t unsent_bytes_max = 8 * 1024;

}  // namespace

Connection::Connection(Workspace& workspace, ConnectionOwner& owner, uint32_t slot, Fd socket,
                       const Peer& peer)
    : workspace_(workspace),
      timer_(workspace.loop.timers(), *this),
      socket_(std::move(socket)),
      owner_(owner),
      slot_(slot),
      peer_(peer) {
    set_urgent(true);
    workspace_.counters.connections_open.add();
}

Connection::~Connection() {
    workspace_.counters.connections_open.subtract();
}

bool Connection::start() {
    debug("connection accepted", {});
    timer_.arm(workspace_.limits.head_timeout);
    return workspace_.loop.watch(socket_.value(), *this);
}

void Connection::drain() {
    if (state_ != State::idle && state_ != State::received) return;
    is_readable_ = true;  // a request may have come that no event has told of yet
    workspace_.loop.ready().post(*this);
}

void Connection::mark(uint32_t events) {
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) is_readable_ = true;
    if (events & EPOLLOUT) is_writable_ = true;
    if (events & (EPOLLRDHUP | EPOLLHUP)) peer_closed_ = true;
    if (events & (EPOLLERR | EPOLLHUP)) is_broken_ = true;
    workspace_.loop.ready().post(*this);
}

void Connection::pump() {
    // Whatever happened meanwhile: its step comes first, and finds it as it was left.
    if (is_in_batch_) return workspace_.loop.ready().post(*this);
    if (is_broken_ && state_ != State::doomed) return leave("client_gone");
    const bool is_late = timer_.take_expired();
    const bool reads_first = is_late && is_reading();
    if (is_late && !reads_first && !expire()) return;
    // What came in time counts, also when its event has not been seen yet.
    if (reads_first) is_readable_ = true;
    run();
    if (reads_first && is_reading() && !timer_.is_armed() && expire()) run();
    settle();
}

// Does what can be done until something has to be waited for, or others have their turn.
void Connection::run() {
    const uint64_t received_before = workspace_.counters.bytes_received.value();
    bool more = true;
    while (more) {
        switch (state_) {
            case State::idle:
            case State::receiving:
                more = receive();
                break;
            case State::exchange:
                more = converse();
                break;
            case State::linger:
                more = discard();
                break;
            case State::received:
            case State::doomed:
                return;
        }
        // What has been received is answered first: its exchange is not to wait with all its bytes.
        if (state_ == State::exchange) continue;
        const uint64_t received = workspace_.counters.bytes_received.value() - received_before;
        if (more && received >= workspace_.limits.read_quota) {
            workspace_.loop.ready().yield(*this);
            break;
        }
    }
}

bool Connection::receive() {
    if (has_pipelined_) {
        has_pipelined_ = false;
        return parse();
    }
    if (!is_readable_) return false;
    if (workspace_.received.is_full()) workspace_.received.flush();
    if (!incoming_) incoming_ = workspace_.lend();
    // No more, however much room a long body has left: what is pipelined behind it moves with each
    // request that is taken off.
    const std::span<char> room = incoming_->buffer.writable(receive_bytes).first(receive_bytes);
    const ssize_t count = ::recv(socket_.value(), room.data(), room.size(), 0);
    if (count > 0) {
        const auto size = static_cast<size_t>(count);
        workspace_.counters.bytes_received.add(size);
        incoming_->buffer.commit(size);
        // A short read has emptied the socket; what comes later is a new edge.
        if (size < room.size() && !peer_closed_) is_readable_ = false;
        // Whose time is up is to know at once whether this is a request.
        if (state_ != State::idle || !timer_.is_armed()) return parse();
        state_ = State::received;
        is_in_batch_ = true;
        workspace_.received.add(this);
        return false;
    }
    if (count < 0 && errno == EINTR) return true;
    if (count < 0 && errno == EAGAIN) {
        is_readable_ = false;
        if (workspace_.draining && state_ == State::idle) doom();
        return false;
    }
    leave("client_gone");  // FIN between requests, or in the middle of one: nobody waits
    return false;
}

void Connection::read() {
    is_in_batch_ = false;
    state_ = State::idle;
    if (parse()) run();
    settle();
}

bool Connection::parse() {
    switch (incoming_->parser.feed(incoming_->buffer)) {
        case HttpParser::State::need_more:
            return await_more();
        case HttpParser::State::complete:
            return open_exchange(true);
        case HttpParser::State::refused:
            return refuse(incoming_->parser.refusal());
    }
    return false;
}

bool Connection::await_more() {
    Incoming& in = *incoming_;
    if (in.buffer.empty()) return true;  // only empty lines so far
    if (state_ == State::idle) {
        state_ = State::receiving;
        opened_ = now();
        in.deadline = now() + workspace_.limits.head_timeout;
        timer_.arm_at(in.deadline);
    }
    if (!in.parser.head_complete()) return true;
    if (!in.screened) {
        in.screened = true;
        const auto seconds_declared =
            static_cast<int64_t>(in.parser.declared_bytes() / (64 * 1024));
        in.deadline =
            now() + workspace_.limits.body_timeout + std::chrono::seconds(seconds_declared);
        if (!screen_body()) return open_exchange(false);
    }
    timer_.arm_at(std::min(in.deadline, now() + workspace_.limits.body_silence_timeout));
    return true;
}

// False: the request is to be refused now, without its body.
bool Connection::screen_body() {
    HttpParser& parser = incoming_->parser;
    const Request head = parser.request(incoming_->buffer, workspace_.fields);
    if (!workspace_.handler.wants_body(head)) {
        if (parser.expects_continue()) return false;
        const size_t small = workspace_.limits.refused_body_bytes_max;
        parser.limit_body(small);
        return parser.declared_bytes() <= small;
    }
    if (parser.expects_continue() && !parser.has_body_bytes()) {
        // Nothing else is in the socket's buffer, so this fits; if not, the client goes on anyway
        // after a while (RFC 9110 section 10.1.1).
        static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
        (void)::send(socket_.value(), line.data(), line.size(), MSG_NOSIGNAL);
    }
    return true;
}

bool Connection::open_exchange(bool has_whole_request) {
    HttpParser& parser = incoming_->parser;
    const Request request = parser.request(incoming_->buffer, workspace_.fields);
    // Before all else: what it asks of an upstream is under way while the rest is done.
    exchange_ = workspace_.handler.open(request, Wakeup(workspace_.loop.ready(), *this));
    begin_exchange(request.field("x-request-id"));
    holds_request_ = true;
    is_http_1_0_ = parser.is_http_1_0();
    is_head_ = request.method == Method::head;
    close_after_ = !has_whole_request || !parser.keep_alive() || workspace_.draining;
    method_name_ = request.method_name.data();
    return true;
}

bool Connection::refuse(const Refusal& refusal) {
    begin_exchange({});
    holds_request_ = true;
    is_http_1_0_ = false;
    is_head_ = incoming_->parser.is_head();
    close_after_ = true;
    method_name_ = "-";
    workspace_.counters.requests_refused.add();
    debug("request refused", refusal.reason);
    exchange_ = workspace_.handler.refuse(refusal);
    return true;
}

void Connection::begin_exchange(std::string_view client_request_id) {
    state_ = State::exchange;
    timer_.disarm();
    opened_ = now();
    status_ = 0;
    bytes_moved_ = 0;
    is_chunked_ = false;
    progress_ = Progress::waiting;
    request_id_.assign(workspace_.next_request_id++, client_request_id);
}

bool Connection::converse() {
    if (!transmit_unsent()) return false;
    if (progress_ == Progress::finished) return end_exchange();
    OutputBuffer& out = workspace_.output;
    if (workspace_.written.is_full() || out.size() >= unsent_bytes_max) workspace_.written.flush();
    if (workspace_.written.is_empty()) out.clear();
    const size_t begin = out.size();
    progress_ = fill_output();
    if (out.size() == begin) return end_turn();
    is_in_batch_ = true;
    workspace_.written.add({this, begin, out.size()});
    return false;
}

// What the exchange has written is with the kernel, or in `unsent_`.
bool Connection::end_turn() {
    if (is_broken_ || progress_ == Progress::aborted) {
        leave(is_broken_ ? "client_gone" : "aborted");
        return false;
    }
    if (!unsent_.empty()) return false;
    if (progress_ == Progress::finished) return end_exchange();
    if (progress_ == Progress::more) {
        workspace_.loop.ready().yield(*this);  // the others of this loop have their turn first
    } else if (peer_closed_) {
        leave("client_gone");  // what must wait is not worth it: nobody may be there any more
    }
    return false;
}

bool Connection::end_exchange() {
    log_exchange(exchange_->fault().empty() ? status_ < 400 ? "ok" : "refused" : "failed");
    exchange_.reset();
    if (holds_request_) release_request();
    if (close_after_ || workspace_.draining) {
        begin_linger();
    } else {
        state_ = State::idle;
        set_urgent(true);
        timer_.arm(workspace_.limits.keep_alive_timeout);
    }
    return true;
}

// At the end of a turn: what waits must not sit on the buffers that all share.
void Connection::settle() {
    if (state_ == State::received) return;
    if (state_ == State::exchange && holds_request_) {
        if (!has_ended()) exchange_->set_aside();
        release_request();
    }
    if (!incoming_) return;
    // A parser that has skipped empty lines remembers them for this client alone.
    if (incoming_->buffer.empty() && incoming_->parser.is_new()) {
        workspace_.give_back(std::move(incoming_));
    } else if (incoming_->buffer.size() <= fit_bytes_max) {
        incoming_->buffer.fit();
    }
}

// The exchange needs its request no more. What was pipelined behind it stays.
void Connection::release_request() {
    holds_request_ = false;
    Incoming& in = *incoming_;
    if (close_after_) {
        in.buffer.truncate(0);
    } else {
        in.buffer.consume(in.parser.message_end());
    }
    in.parser.reset();
    in.screened = false;
    has_pipelined_ = !in.buffer.empty();
    if (has_pipelined_) return;
    workspace_.give_back(std::move(incoming_));
}

void Connection::begin_linger() {
    incoming_.reset();
    has_pipelined_ = false;
    bytes_moved_ = 0;
    state_ = State::linger;
    timer_.arm(workspace_.limits.linger_timeout);
    ::shutdown(socket_.value(), SHUT_WR);
}

bool Connection::discard() {
    if (!is_readable_) return false;
    char bytes[16 * 1024];
    const ssize_t count = ::recv(socket_.value(), bytes, sizeof bytes, 0);
    if (count < 0 && errno == EINTR) return true;
    if (count < 0 && errno == EAGAIN) {
        is_readable_ = false;
        return false;
    }
    bytes_moved_ += static_cast<uint64_t>(std::max<ssize_t>(count, 0));
    if (count <= 0 || bytes_moved_ > workspace_.limits.linger_bytes_max) doom();
    return true;
}

// The timer of the state has run out. Returns whether the connection lives on.
bool Connection::expire() {
    Counters& counters = workspace_.counters;
    switch (state_) {
        case State::idle:
            counters.idle_timeouts.add();
            doom();
            return false;
        case State::receiving: {
            const bool in_head = !incoming_->parser.head_complete();
            (in_head ? counters.head_timeouts : counters.body_timeouts).add();
            return refuse({408, in_head ? "the request's head took too long"
                                        : "the request's body took too long"});
        }
        case State::exchange:
            if (unsent_.empty()) return true;  // the exchange asked for it
            if (queued_bytes() < queued_bytes_) {
                await_client();
                return true;
            }
            counters.write_stalls.add();
            leave("write_stall");
            return false;
        case State::linger:
            doom();
            return false;
        case State::received:
            return true;
        case State::doomed:
            break;
    }
    return false;
}

// Ends the connection in the middle of whatever it does.
void Connection::leave(std::string_view outcome) {
    const bool is_gone = outcome == "client_gone";
    if (state_ == State::exchange) {
        if (is_gone) workspace_.counters.clients_gone.add();
        log_exchange(outcome);
    } else if (state_ == State::receiving) {
        workspace_.counters.requests_cut.add();
        begin_exchange({});
        method_name_ = "-";
        log_exchange(outcome);
    }
    doom();
}

void Connection::doom() {
    debug("connection closed", {});
    state_ = State::doomed;
    timer_.disarm();
    exchange_.reset();
    incoming_.reset();
    workspace_.loop.doom(*this);
}

}  // namespace net
