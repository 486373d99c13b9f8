#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/account.h"
#include "core/credential_store.h"
#include "core/model_list.h"
#include "core/profile_query.h"
#include "core/token_refresh.h"
#include "net/doorbell.h"
#include "net/log.h"
#include "net/timer_wheel.h"

namespace core {

// AccountKeeper keeps the account up to date: it reads the login, renews it once for all who ask,
// stores what is new, and lists the models. A task of a loop that may block for files; it does
// nothing unless it is asked, so that an idle server leaves the login alone.
class AccountKeeper final : public net::Task {
public:
    struct Setup {
        Account& account;
        const AmazonQSettings& settings;
        const CredentialStore& store;
        net::EventLoop& loop;
        net::ReadyList& ready;
        net::TimerWheel& timers;
        net::HttpClient& client;
        net::Log& log;
        Account::Clock clock;  // Unix seconds
    };

    // What the setup refers to must outlive the keeper.
    explicit AccountKeeper(const Setup& setup);
    ~AccountKeeper();

    void pump() override;

    // The login that is in use.
    const Login& login() const { return login_; }
    // What keeps a login from being read; empty: nothing.
    const std::string& trouble() const { return trouble_; }

private:
    void look();
    void reload();
    void offer();
    void offer_as_it_is();
    void begin_refresh();
    void continue_refresh();
    void take_new_login();
    void put_off(const std::string& problem);
    void store_login();
    void find_profile();
    void continue_search();
    void list_models();
    void continue_listing();
    void list_models_again();

    bool is_good() const;
    bool lacks_profile() const;
    bool is_renewable() const;
    bool is_issued_since(int64_t time) const { return issued_at_ != 0 && issued_at_ >= time; }
    int64_t renewal_time() const;
    int64_t last_moment() const;
    Token token() const;
    void publish_token();
    void publish_failure(std::string message, int64_t look_again_s, uint32_t retry_after_s = 0);

    const Setup setup_;
    net::Wakeup wakeup_;
    net::Timer timer_;  // until a refresh is tried again

    Login login_;
    Login stored_;         // what the store held when it was last read or written
    std::string trouble_;  // what kept the store from being read
    bool has_looked_ = false;
    uint64_t version_ = 0;
    int64_t issued_at_ = 0;  // of the access token; 0: not by us
    std::string rejected_;   // an access token that the service does not accept
    std::string ended_;      // a refresh token that is used up

    std::optional<TokenRefresh> refresh_;
    int attempts_ = 0;
    int64_t pause_s_ = 0;  // after a refresh that failed, longer each time

    std::optional<ProfileQuery> search_;
    int64_t search_again_at_ = 0;

    std::optional<ModelQuery> query_;
    bool wants_models_ = true;
    bool is_second_query_ = false;

    net::Doorbell bell_;
};

}  // namespace core
