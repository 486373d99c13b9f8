#pragma once

#include <memory>
#include <span>

#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "net/upstream_limits.h"

namespace net {

// UpstreamWorkspace is what the upstream connections of one worker share. They run one at a time,
// so all of them read through one area, and hold memory only for what their owners left.
struct UpstreamWorkspace {
    // All references must outlive the workspace. `its_tls` is null when https is not possible.
    UpstreamWorkspace(EventLoop& its_loop, const UpstreamLimits& its_limits, const Tls* its_tls,
                      ResolverSettings names)
        : loop(its_loop), limits(its_limits), tls(its_tls), resolver(its_loop, std::move(names)) {}

    // Of limits.area_bytes; made at the first call. What is in it is gone with the next use.
    std::span<char> area() {
        if (!area_) area_.reset(new char[limits.area_bytes]);
        return {area_.get(), limits.area_bytes};
    }

    EventLoop& loop;
    const UpstreamLimits& limits;
    const Tls* tls;
    Resolver resolver;

private:
    std::unique_ptr<char[]> area_;
};

}  // namespace net
