#pragma once

#include <memory>
#include <vector>

#include "net/upstream_connection.h"

namespace net {

// ConnectionPool owns the upstream connections of one worker and gives calls to them: to the idle
// one that was used last, since that is the least likely to have been closed, else to a new one.
class ConnectionPool final : public UpstreamOwner {
public:
    // The workspace must outlive the pool; calls must be gone before it, and the loop must not run
    // after it.
    explicit ConnectionPool(UpstreamWorkspace& workspace) : workspace_(workspace) {}

    // The one origin for this place. Valid as long as the pool.
    Origin& origin(const Url& url, const Proxy* proxy);

    void carry(UpstreamCall& call, Origin& origin);

    size_t idle_count(const Origin& origin) const { return origin.idle.size(); }
    size_t open_count() const { return slots_.size() - free_slots_.size(); }

    void keep(UpstreamConnection& connection) override;
    void forget(UpstreamConnection& connection) override;
    void carry_again(UpstreamCall& call, Origin& origin) override;
    void erase(uint32_t slot) override;

private:
    UpstreamConnection& open(Origin& origin);

    UpstreamWorkspace& workspace_;
    std::vector<std::unique_ptr<Origin>> origins_;
    std::vector<std::unique_ptr<UpstreamConnection>> slots_;
    std::vector<uint32_t> free_slots_;
};

}  // namespace net
