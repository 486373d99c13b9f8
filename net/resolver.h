#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "net/event_loop.h"
#include "net/resolver_channel.h"

namespace net {

struct NameLookup;

// Resolver finds the addresses of names without blocking. Answers are kept for as long as they
// say, a minute at most. One per worker; queries must be gone before it.
class Resolver {
public:
    explicit Resolver(EventLoop& loop, ResolverSettings settings = {});
    ~Resolver();

    // Query is one question; whoever asks owns it. Literals, localhost and what is in the cache or
    // in /etc/hosts are answered at once, others post the task. Destroying it is cancelling it.
    class Query {
    public:
        // `host` in lower case, without brackets. Resolver and task must outlive the query.
        Query(Resolver& resolver, Task& task, const std::string& host);
        Query(const Query&) = delete;
        Query& operator=(const Query&) = delete;
        ~Query();

        bool is_pending() const { return lookup_ != nullptr; }
        // In the order in which they should be tried; none: failure() says why.
        const std::vector<Address>& addresses() const { return addresses_; }
        std::string_view failure() const { return failure_; }  // static

    private:
        friend class Resolver;
        void take(const NameLookup& lookup);

        Task& task_;
        std::vector<Address> addresses_;
        std::string_view failure_;
        NameLookup* lookup_ = nullptr;
    };

private:
    friend struct NameLookup;

    NameLookup& look_up(const std::string& host);
    void forget_old();
    void complete(NameLookup& lookup);

    EventLoop& loop_;
    const ResolverSettings settings_;
    std::vector<std::unique_ptr<NameLookup>> lookups_;  // pending ones and the cache
    std::unique_ptr<ResolverChannel> channel_;          // from the first lookup on
};

}  // namespace net
