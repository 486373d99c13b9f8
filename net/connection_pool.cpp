#include "net/connection_pool.h"

namespace net {

Origin& ConnectionPool::origin(const Url& url, const Proxy* proxy) {
    for (const std::unique_ptr<Origin>& known : origins_) {
        if (known->url.is_https == url.is_https && known->url.host == url.host &&
            known->url.port == url.port && known->proxy == proxy) {
            return *known;
        }
    }
    Origin& made = *origins_.emplace_back(std::make_unique<Origin>(url, proxy));
    if (url.is_https) made.session = workspace_.tls->make_session();
    return made;
}

void ConnectionPool::carry(UpstreamCall& call, Origin& origin) {
    if (origin.idle.empty()) return open(origin).carry(call);
    UpstreamConnection& connection = *origin.idle.back();
    origin.idle.pop_back();
    connection.carry(call);
}

void ConnectionPool::carry_again(UpstreamCall& call, Origin& origin) {
    open(origin).carry(call);
}

UpstreamConnection& ConnectionPool::open(Origin& origin) {
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const uint32_t slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = std::make_unique<UpstreamConnection>(workspace_, *this, origin, slot);
    return *slots_[slot];
}

void ConnectionPool::keep(UpstreamConnection& connection) {
    std::vector<UpstreamConnection*>& idle = connection.origin().idle;
    if (idle.size() >= workspace_.limits.idle_max) idle.front()->retire();
    idle.push_back(&connection);
}

void ConnectionPool::forget(UpstreamConnection& connection) {
    std::erase(connection.origin().idle, &connection);
}

void ConnectionPool::erase(uint32_t slot) {
    slots_[slot].reset();
    free_slots_.push_back(slot);
}

}  // namespace net
