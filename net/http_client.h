#pragma once

#include "net/connection_pool.h"
#include "net/http_call.h"
#include "net/proxy.h"

namespace net {

// PooledHttpClient is the HttpClient of a worker: HTTP/1.1 over pooled connections, through the
// proxies of the settings. It must outlive its calls, and the loop must not run after it is gone.
class PooledHttpClient final : public HttpClient {
public:
    // All references must outlive the client. `tls` is null when https is not possible.
    PooledHttpClient(EventLoop& loop, const UpstreamLimits& limits, const ProxySettings& proxies,
                     const Tls* tls, ResolverSettings names = {});

    std::unique_ptr<HttpCall> start(const CallRequest& request, Wakeup wakeup) override;

    const ConnectionPool& pool() const { return pool_; }

private:
    UpstreamWorkspace workspace_;
    const ProxySettings& proxies_;
    ConnectionPool pool_;
};

}  // namespace net
