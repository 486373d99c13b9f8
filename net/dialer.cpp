#include "net/dialer.h"

namespace net {

Dialer::Dialer(UpstreamWorkspace& workspace, Task& task, Origin& origin)
    : workspace_(workspace), task_(task), origin_(origin) {}

Io Dialer::advance() {
    Io io = Io::ok;
    while (io == Io::ok && step_ != Step::done) {
        switch (step_) {
            case Step::name:
                io = resolve();
                break;
            case Step::race:
                io = connect();
                break;
            case Step::tunnel:
                io = tunnel();
                break;
            case Step::tls:
                io = secure();
                break;
            case Step::done:
                break;
        }
    }
    return io;
}

std::string_view Dialer::step_name() const {
    switch (step_) {
        case Step::name:
            return "its name was not resolved";
        case Step::race:
            return "no address answered";
        case Step::tunnel:
            return "the proxy did not answer";
        case Step::tls:
        case Step::done:
            break;
    }
    return "the TLS handshake did not end";
}

Io Dialer::resolve() {
    if (!query_) query_.emplace(workspace_.resolver, task_, next_hop().host);
    if (query_->is_pending()) return Io::again;
    if (query_->addresses().empty()) {
        return fail(CallError::resolve, "the name " + next_hop().host +
                                            " was not resolved: " + std::string(query_->failure()));
    }
    std::vector<Address> addresses = query_->addresses();
    for (Address& address : addresses) address = address.with_port(next_hop().port);
    query_.reset();
    race_.emplace(workspace_.loop, task_, workspace_.limits, std::move(addresses));
    step_ = Step::race;
    return Io::ok;
}

Io Dialer::connect() {
    const Io io = race_->advance();
    if (io == Io::again) return io;
    if (io != Io::ok) {
        return fail(CallError::connect,
                    "no connection to " + next_hop().host_and_port() + ": " + race_->failure());
    }
    stream_ = race_->take();
    race_.reset();
    if (!origin_.url.is_https) {
        step_ = Step::done;
    } else if (origin_.proxy) {
        tunnel_ = std::make_unique<ProxyTunnel>(workspace_.limits, origin_);
        step_ = Step::tunnel;
    } else {
        enter_tls();
    }
    return Io::ok;
}

Io Dialer::tunnel() {
    const Io io = tunnel_->advance(*stream_);
    if (io == Io::again) return io;
    if (io != Io::ok) return fail(CallError::proxy, tunnel_->failure());
    tunnel_.reset();
    enter_tls();
    return Io::ok;
}

void Dialer::enter_tls() {
    stream_ = workspace_.tls->wrap(std::move(stream_), origin_.url.host, *origin_.session);
    step_ = Step::tls;
}

Io Dialer::secure() {
    const Io io = stream_->open();
    if (io == Io::again) return io;
    if (io != Io::ok) return fail(CallError::tls, stream_->failure());
    step_ = Step::done;
    return Io::ok;
}

Io Dialer::fail(CallError error, std::string text) {
    failure_ = {error, std::move(text)};
    return Io::failed;
}

}  // namespace net
