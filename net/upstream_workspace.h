#pragma once

#include <memory>

#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "net/upstream_limits.h"

namespace net {

// UpstreamWorkspace is what the upstream connections of one worker share. They run one at a time,
// so all of them are read into one area, and hold memory only for what their owners left.
struct UpstreamWorkspace {
    // All references must outlive the workspace. `its_tls` is null when https is not possible.
    UpstreamWorkspace(EventLoop& its_loop, const UpstreamLimits& its_limits, const Tls* its_tls,
                      ResolverSettings names)
        : loop(its_loop), limits(its_limits), tls(its_tls), resolver(its_loop, std::move(names)) {}

    // Of limits.read_bytes; made at the first call.
    char* read_area() {
        if (!area_) area_.reset(new char[limits.read_bytes]);
        return area_.get();
    }

    EventLoop& loop;
    const UpstreamLimits& limits;
    const Tls* tls;
    Resolver resolver;

private:
    std::unique_ptr<char[]> area_;
};

}  // namespace net
