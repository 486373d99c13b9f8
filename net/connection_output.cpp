// What a connection sends: responses to its client, and lines to the log.

#include "net/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace net {

// Lets the exchange write into the shared buffer, and frames what it wrote.
Progress Connection::fill_output() {
    OutputBuffer& out = workspace_.output;
    out.open(workspace_.limits.output_window);
    workspace_.body_begin = is_chunked_ ? open_chunk(out) : out.size();
    const Progress progress = exchange_->pump(*this);
    if (is_head_) {
        out.truncate(workspace_.body_begin);
        if (status_ != 0) return Progress::finished;  // whatever else it would write
    } else if (is_chunked_) {
        close_chunk(out, workspace_.body_begin);
        if (progress == Progress::finished) out.append(last_chunk);
    }
    // Without room it has stopped early, and goes on as soon as the client has taken that.
    return progress == Progress::waiting && !out.has_room() ? Progress::more : progress;
}

void Connection::start(const ResponseHead& head) {
    OutputBuffer& out = workspace_.output;
    const bool is_stream = head.content_length == ResponseHead::stream;
    is_chunked_ = is_stream && !is_http_1_0_;
    close_after_ = close_after_ || workspace_.draining || (is_stream && is_http_1_0_);
    status_ = head.status;
    char id[RequestId::digits];
    MessageHead message;
    message.close = close_after_;
    message.chunked = is_chunked_;
    message.request_id = request_id_.text(id);
    message.date = workspace_.date.at(now());
    write_head(head, message, out);
    workspace_.body_begin = out.size();
    if (is_chunked_) open_chunk(out);
}

void Connection::send(const Piece& piece) {
    is_in_batch_ = false;
    const std::string_view bytes =
        workspace_.output.view().substr(piece.begin, piece.end - piece.begin);
    if (bytes_moved_ == 0) first_byte_ = now();
    set_urgent(false);
    const size_t sent = send_some(bytes);
    if (sent < bytes.size() && !is_broken_) unsent_.keep(bytes.substr(sent));
    // The next request may be there already: it has its turn when those of others have had theirs.
    if (end_turn() && (has_pipelined_ || is_readable_)) workspace_.loop.ready().yield(*this);
}

// True when nothing is left to send.
bool Connection::transmit_unsent() {
    if (unsent_.empty()) return true;
    if (!is_writable_) return false;
    unsent_.consume(send_some(unsent_.view()));
    if (is_broken_) leave("client_gone");
    if (!unsent_.empty()) return false;
    timer_.disarm();
    return true;
}

// Sends what the kernel takes. A failure other than a full buffer breaks the connection.
size_t Connection::send_some(std::string_view bytes) {
    const ssize_t count = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) return send_some(bytes);
    if (count < 0 && errno != EAGAIN) is_broken_ = true;
    const auto sent = static_cast<size_t>(std::max<ssize_t>(count, 0));
    workspace_.counters.bytes_sent.add(sent);
    bytes_moved_ += sent;
    is_writable_ = sent == bytes.size();
    if (!is_writable_) await_client();
    return sent;
}

// Begins to watch whether the client takes what the kernel holds for it.
void Connection::await_client() {
    queued_bytes_ = queued_bytes();
    timer_.arm(workspace_.limits.write_stall_timeout);
}

// Sent, but not acknowledged. A steady slow reader makes it fall long before there is room for
// more, which is when the next event comes.
int Connection::queued_bytes() const {
    int bytes = 0;
    (void)::ioctl(socket_.value(), SIOCOUTQ, &bytes);
    return bytes;
}

void Connection::log_exchange(std::string_view outcome) {
    const std::string_view fault = exchange_ ? exchange_->fault() : std::string_view();
    const LogLevel level = fault.empty() ? LogLevel::info : LogLevel::warn;
    if (!workspace_.log.wants(level)) return;
    RequestRecord record;
    record.fault = fault;
    char id[RequestId::digits];
    const std::string peer = peer_.text();
    record.id = request_id_.text(id);
    record.peer = peer;
    record.method = method_name_;
    record.path = exchange_ ? exchange_->path() : "-";
    record.outcome = outcome;
    record.status = status_;
    record.bytes = bytes_moved_;
    if (bytes_moved_ != 0) record.first_byte = first_byte_ - opened_;
    record.duration = now() - opened_;
    workspace_.log.request(level, record);
}

void Connection::debug(std::string_view message, std::string_view reason) const {
    if (!workspace_.log.wants(LogLevel::debug)) return;
    const std::string detail =
        reason.empty() ? peer_.text() : peer_.text() + ": " + std::string(reason);
    workspace_.log.event(LogLevel::debug, message, detail);
}

}  // namespace net
