#include "net/http_client.h"

#include <algorithm>

#include "net/line_check.h"

namespace net {
namespace {

// Whole lines and nothing that could begin another: a token read from a file must not become a
// second field.
bool are_fields(std::string_view fields) {
    LineCheck check;
    if (fields.empty()) return true;
    return check.feed(fields) && check.at_line_start() &&
           fields.find("\r\n\r\n") == std::string_view::npos && !fields.starts_with("\r\n");
}

bool is_target(std::string_view target) {
    return std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

PooledHttpClient::PooledHttpClient(EventLoop& loop, const UpstreamLimits& limits,
                                   const ProxySettings& proxies, const Tls* tls,
                                   ResolverSettings names)
    : workspace_(loop, limits, tls, std::move(names)), proxies_(proxies), pool_(workspace_) {}

std::unique_ptr<HttpCall> PooledHttpClient::start(CallRequest request, Wakeup wakeup) {
    const UpstreamLimits& limits = workspace_.limits;
    const CallTimeouts& timeouts = request.timeouts ? *request.timeouts : limits.timeouts;
    auto call =
        std::make_unique<UpstreamCall>(limits, timeouts, workspace_.loop.timers().now(), wakeup);
    if (!are_fields(request.fields) || !is_target(request.path)) {
        call->fail({CallError::request, "the request to " + request.url.host +
                                            " holds a character that HTTP does not allow"});
    } else if (request.url.is_https && !workspace_.tls) {
        call->fail({CallError::request, "https is not possible: " + request.url.host_and_port() +
                                            " was asked for by a program without TLS"});
    } else {
        const Proxy* proxy = proxies_.proxy_for(request.url);
        call->set_wire(write(request, proxy));
        pool_.carry(*call, pool_.origin(request.url, proxy));
    }
    return call;
}

// RFC 9112 section 3.2: a proxy for http is given the whole URL.
UpstreamCall::Wire PooledHttpClient::write(CallRequest& request, const Proxy* proxy) const {
    const bool names_all = proxy && !request.url.is_https;
    const std::string authority = request.url.authority();
    const bool has_path = !request.url.path.empty() || request.path.starts_with('/');
    const size_t joined =
        request.body.size() <= workspace_.limits.joined_bytes_max ? request.body.size() : 0;
    UpstreamCall::Wire wire;
    std::string& head = wire.head;
    head.reserve(256 + request.fields.size() + 2 * authority.size() + request.path.size() +
                 request.url.path.size() + joined);
    head.append(request.method).append(" ");
    if (names_all) head.append("http://").append(authority);
    head.append(request.url.path).append(has_path ? "" : "/").append(request.path);
    head.append(" HTTP/1.1\r\nHost: ").append(authority).append("\r\n");
    if (names_all) head.append(proxy->authorization);
    head.append(request.fields);
    if (!request.body.empty() || request.method != "GET") {
        head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    }
    head.append("\r\n");
    if (joined != 0) {
        head.append(request.body);
    } else {
        wire.body = std::move(request.body);
    }
    return wire;
}

}  // namespace net
