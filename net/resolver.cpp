#include "net/resolver.h"

#include <algorithm>

#include "net/url.h"

namespace net {
namespace {

constexpr Milliseconds lifetime_min{1'000};
constexpr Milliseconds lifetime_max{60'000};
constexpr size_t lookups_max = 64;

}  // namespace

// One name that is being looked up, or was a short while ago.
struct NameLookup final : public NameAnswer {
    NameLookup(Resolver& its_resolver, std::string its_host)
        : resolver(its_resolver), host(std::move(its_host)) {}

    void answered(std::vector<Address> found, Milliseconds lifetime,
                  std::string_view why_not) override {
        addresses = std::move(found);
        failure = why_not;
        is_pending = false;
        expires = resolver.loop_.timers().now();
        // Failures are not kept: the next call should find what was repaired.
        if (!addresses.empty()) expires += std::clamp(lifetime, lifetime_min, lifetime_max);
        resolver.complete(*this);
    }

    Resolver& resolver;
    const std::string host;
    std::vector<Address> addresses;
    std::string_view failure;
    TimePoint expires{};
    bool is_pending = true;
    std::vector<Resolver::Query*> askers;
};

Resolver::Resolver(EventLoop& loop, ResolverSettings settings)
    : loop_(loop), settings_(std::move(settings)) {}

Resolver::~Resolver() = default;

Resolver::Query::Query(Resolver& resolver, Task& task, const std::string& host) : task_(task) {
    Address address;
    if (Address::parse(host, address)) {
        addresses_.push_back(address);
    } else if (is_localhost(host)) {
        // Servers for developers listen on either, the older ones on IPv4 only.
        for (const char* literal : {"127.0.0.1", "::1"}) {
            if (Address::parse(literal, address)) addresses_.push_back(address);
        }
    } else {
        NameLookup& lookup = resolver.look_up(host);
        if (lookup.is_pending) {
            lookup.askers.push_back(this);
            lookup_ = &lookup;
        } else {
            take(lookup);
        }
    }
}

Resolver::Query::~Query() {
    if (lookup_) std::erase(lookup_->askers, this);
}

void Resolver::Query::take(const NameLookup& lookup) {
    addresses_ = lookup.addresses;
    failure_ = lookup.failure;
    lookup_ = nullptr;
}

NameLookup& Resolver::look_up(const std::string& host) {
    forget_old();
    for (const auto& lookup : lookups_) {
        if (lookup->host == host) return *lookup;
    }
    if (!channel_) channel_ = std::make_unique<ResolverChannel>(loop_, settings_);
    NameLookup& lookup = *lookups_.emplace_back(std::make_unique<NameLookup>(*this, host));
    channel_->look_up(host, lookup);
    return lookup;
}

void Resolver::forget_old() {
    const TimePoint now = loop_.timers().now();
    const bool is_full = lookups_.size() >= lookups_max;
    std::erase_if(lookups_, [&](const auto& lookup) {
        return !lookup->is_pending && (is_full || lookup->expires <= now);
    });
    const bool is_busy = std::any_of(lookups_.begin(), lookups_.end(),
                                     [](const auto& lookup) { return lookup->is_pending; });
    // The machine may have moved to another network.
    if (channel_ && !is_busy && channel_->is_outdated()) channel_.reset();
}

void Resolver::complete(NameLookup& lookup) {
    for (Query* asker : lookup.askers) {
        asker->take(lookup);
        loop_.ready().post(asker->task_);
    }
    lookup.askers.clear();
}

}  // namespace net
