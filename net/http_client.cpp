#include "net/http_client.h"

#include <algorithm>

#include "net/line_check.h"

namespace net {
namespace {

bool is_target(std::string_view target) {
    return std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

bool are_fields(std::string_view fields) {
    LineCheck check;
    if (fields.empty()) return true;
    return check.feed(fields) && check.at_line_start() &&
           fields.find("\r\n\r\n") == std::string_view::npos && !fields.starts_with("\r\n");
}

PooledHttpClient::PooledHttpClient(EventLoop& loop, const UpstreamLimits& limits,
                                   const ProxySettings& proxies, const Tls* tls,
                                   ResolverSettings names)
    : workspace_(loop, limits, tls, std::move(names)), proxies_(proxies), pool_(workspace_) {}

std::unique_ptr<HttpCall> PooledHttpClient::start(const CallRequest& request, Wakeup wakeup) {
    const UpstreamLimits& limits = workspace_.limits;
    const CallTimeouts& timeouts = request.timeouts ? *request.timeouts : limits.timeouts;
    auto call =
        std::make_unique<UpstreamCall>(limits, timeouts, workspace_.loop.timers().now(), wakeup);
    const bool has_good_fields = request.has_good_fields || are_fields(request.fields);
    if (!has_good_fields || !is_target(request.path)) {
        call->fail({CallError::request, "the request to " + request.url.host +
                                            " holds a character that HTTP does not allow"});
    } else if (request.url.is_https && !workspace_.tls) {
        call->fail({CallError::request, "https is not possible: " + request.url.host_and_port() +
                                            " was asked for by a program without TLS"});
    } else {
        Origin& origin = pool_.origin(request.url, proxies_.proxy_for(request.url));
        call->set_request(UpstreamRequest(request, origin));
        pool_.carry(*call, origin);
    }
    return call;
}

}  // namespace net
