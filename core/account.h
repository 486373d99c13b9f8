#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/model_list.h"
#include "core/model_source.h"
#include "core/token_source.h"
#include "net/doorbell.h"
#include "net/task.h"

namespace core {

class AccountView;

// Account is what all threads know about the login: the token, or why there is none, and the
// models. Workers read it through their views; one AccountKeeper, on a thread of its own, writes
// it. It holds its mutex for copies only.
class Account {
public:
    using Clock = int64_t (*)();  // Unix seconds

    explicit Account(Clock clock) : clock_(clock) {}

    // What workers have asked for since the keeper looked last.
    struct Wishes {
        bool token = false;
        bool models = false;
        uint64_t rejected = 0;  // the version of a token that the service does not accept
    };

    // When a token is good, in Unix seconds.
    struct Lifetime {
        int64_t issued_at = 0;   // 0: long ago
        int64_t renew_at = 0;    // from here on the keeper is asked for another one beside it
        int64_t good_until = 0;  // from here on everybody waits for that
    };

    // For the keeper. Its bell is rung when there are wishes; null when it goes.
    void attach(const net::Doorbell* keeper);
    Wishes take_wishes();
    // Handed out from now on.
    void publish(Token token, const Lifetime& life);
    // There is no token. The keeper is asked again from `look_again_at` on.
    void publish(Failure failure, int64_t look_again_at);
    void publish(ModelList models);

private:
    friend class AccountView;
    using State = TokenSource::State;

    void add(AccountView& view);
    void remove(AccountView& view);
    State take(Token& out, Failure& failure);
    void reject(uint64_t version);
    std::shared_ptr<const ModelList> models();
    bool has_models();

    void ask_keeper() const;
    void look_again();
    void wake_views() const;

    const Clock clock_;
    std::mutex mutex_;  // guards all below
    const net::Doorbell* keeper_ = nullptr;
    std::vector<AccountView*> views_;
    Wishes wishes_;

    State state_ = State::refreshing;
    Token token_;
    Lifetime life_;
    Failure failure_;
    int64_t look_again_at_ = 0;

    std::shared_ptr<const ModelList> models_;  // null until the first list, or the word that none
                                               // can be had
    int64_t list_again_at_ = 0;
};

// AccountView is a worker's part of the account: it wakes those who wait on its thread.
class AccountView final : public TokenSource, public ModelSource, private net::Task {
public:
    // Both must outlive the view. Throws std::system_error.
    AccountView(Account& account, net::EventLoop& loop);
    ~AccountView() override;

    State take(Waiter& waiter, Token& out, Failure& failure) override;
    // A token that has just been issued is not renewed: then the fault is elsewhere, and take()
    // goes on handing it out.
    void reject(uint64_t version) override { account_.reject(version); }

    bool awaits_models(Waiter& waiter) override;
    const ModelList& models() override;

private:
    friend class Account;

    void pump() override { waiting_.pump_all(); }

    Account& account_;
    net::ReadyList waiting_;
    std::shared_ptr<const ModelList> models_;
    net::Doorbell bell_;
};

}  // namespace core
