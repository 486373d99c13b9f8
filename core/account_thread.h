#pragma once

#include <thread>

#include "core/account.h"
#include "core/account_keeper.h"
#include "core/credential_store.h"
#include "net/call_loop.h"
#include "net/doorbell.h"
#include "net/log.h"

namespace core {

// AccountThread is the account of a server with its keeper at work on a thread. Made before the
// workers and gone after them; started after them, so that they answer the sooner.
class AccountThread {
public:
    // References must outlive it. Throws std::system_error.
    AccountThread(const AmazonQSettings& settings, const net::UpstreamSetup& upstreams,
                  net::LogLevel level, net::LogFormat format);
    ~AccountThread();

    // Once. Until then those who want a token wait.
    void start();
    Account& account() { return account_; }

private:
    // Ends the loop, on its thread.
    class Stop final : public net::Task {
    public:
        explicit Stop(net::CallLoop& loop) : loop_(loop) {}
        void pump() override { loop_.stop(); }

    private:
        net::CallLoop& loop_;
    };

    Account account_;
    const CredentialStore store_;
    net::CallLoop loop_;
    net::Log log_;
    AccountKeeper keeper_;
    Stop stop_;
    net::Doorbell stop_bell_;
    std::thread thread_;
};

// Seconds since 1970.
int64_t unix_time();

}  // namespace core
