#include "net/workspace.h"

#include "net/connection.h"
#include "net/random.h"

namespace net {
namespace {

// Spare buffers above this are freed: they have held an unusually long body.
constexpr size_t spare_bytes_max = 128 * 1024;
// As many as a batch of readers takes.
constexpr size_t spares_max = group_max;

}  // namespace

Workspace::Workspace(EventLoop& event_loop, Handler& request_handler, const Limits& all_limits,
                     Counters& worker_counters, Log& worker_log)
    : loop(event_loop),
      handler(request_handler),
      limits(all_limits),
      counters(worker_counters),
      log(worker_log),
      output(all_limits.output_window),
      received(event_loop.ready(), [](Connection* const& reader) { reader->read(); }),
      written(event_loop.ready(), [](const Piece& piece) { piece.connection->send(piece); }),
      next_request_id(random_seed()) {}

std::unique_ptr<Incoming> Workspace::lend() {
    if (spare_.empty()) return std::make_unique<Incoming>(limits);
    std::unique_ptr<Incoming> last = std::move(spare_.back());
    spare_.pop_back();
    return last;
}

void Workspace::give_back(std::unique_ptr<Incoming> incoming) {
    if (spare_.size() == spares_max) return;
    if (incoming->buffer.capacity() > spare_bytes_max) incoming->buffer.fit();
    spare_.push_back(std::move(incoming));
}

}  // namespace net
