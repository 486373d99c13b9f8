#include "net/proxy_tunnel.h"

namespace net {

ProxyTunnel::ProxyTunnel(const UpstreamLimits& limits, const Origin& origin)
    : proxy_name_(origin.proxy->url.host_and_port()), parser_(limits) {
    const std::string target = origin.url.host_and_port();
    request_ = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" +
               origin.proxy->authorization + "\r\n";
    parser_.reset(ResponseParser::Expected::tunnel);
}

Io ProxyTunnel::advance(Stream& proxy) {
    while (sent_ < request_.size()) {
        size_t taken = 0;
        const Io io = proxy.write(std::string_view(request_).substr(sent_), taken);
        if (io == Io::again) break;
        if (io != Io::ok) {
            failure_ = "the proxy " + proxy_name_ + " broke off: " + proxy.failure();
            return Io::failed;
        }
        sent_ += taken;
    }
    // Nothing may follow the head before we have spoken, so what is read is the head alone.
    char bytes[1024];
    size_t size = 0;
    while (parser_.state() == ResponseParser::State::head) {
        const Io io = proxy.read(bytes, size);
        if (io == Io::again) return Io::again;
        if (io != Io::ok) {
            failure_ = "the proxy " + proxy_name_ + " closed the connection without an answer";
            return Io::failed;
        }
        parser_.feed({bytes, size}, no_body_);
    }
    return judge();
}

Io ProxyTunnel::judge() {
    if (parser_.state() == ResponseParser::State::refused) {
        failure_ = "the proxy " + proxy_name_ + ": " + std::string(parser_.refusal());
        return Io::failed;
    }
    const uint16_t status = parser_.status();
    if (status / 100 != 2) {
        failure_ = "the proxy " + proxy_name_ + " refused the connection with status " +
                   std::to_string(status);
        if (status == 407) failure_ += " (it wants a user and a password)";
        return Io::failed;
    }
    if (parser_.has_excess()) {
        failure_ = "the proxy " + proxy_name_ + " sent more than an answer";
        return Io::failed;
    }
    return Io::ok;
}

}  // namespace net
