#pragma once

#include <memory>
#include <optional>

#include "net/connect_race.h"
#include "net/origin.h"
#include "net/proxy_tunnel.h"
#include "net/upstream_workspace.h"

namespace net {

// Dialer makes a stream to an origin: its name or that of the proxy, the race for an address, the
// tunnel, TLS. Owned by the connection that wants the stream, which is the task.
class Dialer {
public:
    // All must outlive it. The task is posted when advance() is worth a call.
    Dialer(UpstreamWorkspace& workspace, Task& task, Origin& origin);

    Io advance();  // again, ok or failed

    std::unique_ptr<Stream> take() { return std::move(stream_); }  // after ok
    CallFailure take_failure() { return std::move(failure_); }     // after failed
    // What it was waiting for, when it takes too long.
    std::string_view step_name() const;

private:
    enum class Step : uint8_t { name, race, tunnel, tls, done };

    const Url& next_hop() const { return origin_.proxy ? origin_.proxy->url : origin_.url; }
    Io resolve();
    Io connect();
    Io tunnel();
    Io secure();
    void enter_tls();
    Io fail(CallError error, std::string text);

    UpstreamWorkspace& workspace_;
    Task& task_;
    Origin& origin_;
    Step step_ = Step::name;
    std::optional<Resolver::Query> query_;
    std::optional<ConnectRace> race_;
    std::unique_ptr<ProxyTunnel> tunnel_;
    std::unique_ptr<Stream> stream_;
    CallFailure failure_;
};

}  // namespace net
