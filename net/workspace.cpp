#include "net/workspace.h"

#include "net/random.h"

namespace net {
namespace {

// Spare buffers above this are freed: they have held an unusually long body.
constexpr size_t spare_bytes_max = 128 * 1024;

}  // namespace

Workspace::Workspace(EventLoop& event_loop, Handler& request_handler, const Limits& all_limits,
                     Counters& worker_counters, Log& worker_log)
    : loop(event_loop),
      handler(request_handler),
      limits(all_limits),
      counters(worker_counters),
      log(worker_log),
      output(all_limits.output_window),
      next_request_id(random_seed()) {}

std::unique_ptr<Incoming> Workspace::lend() {
    if (!spare_) return std::make_unique<Incoming>(limits);
    return std::move(spare_);
}

void Workspace::give_back(std::unique_ptr<Incoming> incoming) {
    if (incoming->buffer.capacity() > spare_bytes_max) incoming->buffer.fit();
    spare_ = std::move(incoming);
}

}  // namespace net
