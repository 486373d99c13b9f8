#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/token_source.h"

namespace test {

// FakeTokenSource is in the state that the test gives it.
class FakeTokenSource final : public core::TokenSource {
public:
    State take(Waiter& waiter, core::Token& out, core::Failure& why) override {
        ++asked;
        if (state == State::refreshing) waiters_.post(waiter);
        if (state == State::unavailable) why = failure;
        if (state == State::ready) out = token;
        return state;
    }

    void reject(uint64_t version) override {
        rejected.push_back(version);
        if (version == token.version) {
            token.access_token = "token-" + std::to_string(++token.version);
        }
        state = after_reject;
    }

    // The refresh has ended: everybody who waits is woken.
    void finish(State now) {
        state = now;
        waiters_.pump_all();
    }
    bool has_waiters() const { return !waiters_.empty(); }

    State state = State::ready;
    State after_reject = State::ready;
    core::Token token{"token-1", "", 1};
    core::Failure failure;
    int asked = 0;
    std::vector<uint64_t> rejected;

private:
    net::ReadyList waiters_;
};

}  // namespace test
