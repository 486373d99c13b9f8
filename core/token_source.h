#pragma once

#include <cstdint>
#include <string>

#include "core/failure.h"
#include "core/waiter.h"

namespace core {

// Token is what a call to Amazon Q is authorized with. Secret: never to be logged.
struct Token {
    std::string access_token;
    std::string profile_arn;  // empty: not to be sent
    uint64_t version = 0;     // grows with every change; 0: there is none
};

// TokenSource is a worker's view of the account that all workers share. It never blocks.
class TokenSource {
public:
    enum class State : uint8_t {
        ready,        // `out` is filled, unless it is the newest already
        refreshing,   // a refresh is running: ask again when woken
        unavailable,  // `failure` says why: nobody is logged in, or the login has ended
    };

    using Waiter = core::Waiter;

    virtual ~TokenSource() = default;

    // With State::refreshing `waiter` is woken once, unless it is destroyed before.
    virtual State take(Waiter& waiter, Token& out, Failure& failure) = 0;

    // The service did not accept the token of this version: it is refreshed, if nobody did so yet.
    virtual void reject(uint64_t version) = 0;
};

}  // namespace core
