#include "core/account_keeper.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace core {
namespace {

constexpr int64_t never = std::numeric_limits<int64_t>::max();

// A token is renewed this long before its end, and not used for the last of it, so that calls do
// not lose it on the way.
constexpr int64_t early_s = 300;
constexpr int64_t last_moment_s = 60;

// A token near its end that could not be renewed is looked after this often.
constexpr int64_t recheck_s = 10;

// A profile that was not found is looked for again when this has passed.
constexpr int64_t search_interval_s = 300;

// A login that appears is found this soon.
constexpr int64_t look_interval_s = 1;

// How a refresh that fails in passing is repeated while requests wait for it, and then.
constexpr int attempts_max = 3;
constexpr net::Milliseconds first_delay{500};
constexpr int64_t pause_min_s = 2;
constexpr int64_t pause_max_s = 60;

constexpr std::string_view advice = "run: amazon-q-server login";

bool is_same(const Login& a, const Login& b) {
    return a.source == b.source && a.place == b.place &&
           a.credentials.access_token == b.credentials.access_token &&
           a.credentials.refresh_token == b.credentials.refresh_token &&
           a.credentials.profile_arn == b.credentials.profile_arn;
}

}  // namespace

AccountKeeper::AccountKeeper(const Setup& setup)
    : setup_(setup),
      wakeup_(setup.ready, *this),
      timer_(setup.timers, *this),
      bell_(setup.loop, *this) {
    setup_.account.attach(&bell_);
    wakeup_.wake();
}

AccountKeeper::~AccountKeeper() {
    setup_.account.attach(nullptr);
}

void AccountKeeper::pump() {
    const Account::Wishes wishes = setup_.account.take_wishes();
    if (!has_looked_) {
        reload();
        offer_as_it_is();
    }
    if (wishes.rejected != 0 && wishes.rejected == version_) {
        rejected_ = login_.credentials.access_token;
    }
    wants_models_ |= wishes.models && !query_;
    const bool needs_token = wishes.models && !is_good();
    if (refresh_) {
        continue_refresh();
    } else if (timer_.take_expired()) {
        begin_refresh();
    } else if (!timer_.is_armed() && (wishes.token || wishes.rejected != 0 || needs_token)) {
        look();
    }
    if (search_) continue_search();
    if (query_) continue_listing();
    list_models();
}

// Another process may have renewed or replaced the login: the store is asked before AWS is.
void AccountKeeper::look() {
    attempts_ = 0;
    reload();
    offer();
}

void AccountKeeper::reload() {
    has_looked_ = true;
    std::string trouble;
    Login found = setup_.store.load(trouble);
    if (trouble != trouble_ && !trouble.empty()) {
        setup_.log.event(net::LogLevel::warn, "a login cannot be read", trouble);
    }
    trouble_ = std::move(trouble);
    const bool is_lost = found.source == Login::Source::none && login_.is_foreign() && is_good();
    if (is_lost || is_same(found, stored_)) return;
    stored_ = found;
    login_ = std::move(found);
    issued_at_ = 0;
    pause_s_ = 0;
    search_.reset();
    search_again_at_ = 0;
    wants_models_ = true;
    if (login_.source == Login::Source::none) return;
    ++version_;
    setup_.log.event(net::LogLevel::info, "using the login of", login_.place);
}

// At the start nobody has asked yet: a token that has ended may wait for the first request.
void AccountKeeper::offer_as_it_is() {
    if (is_good()) return publish_token();
    if (is_renewable()) return setup_.account.publish(token(), Account::Lifetime());
    offer();
}

// Hands out the token if it is good, and renews it if it will not be for long.
void AccountKeeper::offer() {
    if (login_.source == Login::Source::none) {
        return publish_failure("There is no login for Amazon Q; " + std::string(advice),
                               look_interval_s);
    }
    if (is_good()) publish_token();
    const bool is_due = !is_good() || setup_.clock() >= renewal_time();
    if (is_due && is_renewable()) return begin_refresh();
    if (is_good()) return;
    const bool is_other_programs = login_.is_foreign() && !setup_.settings.rotate_foreign_login;
    publish_failure(is_other_programs ? "The login that another program keeps has ended; renew it "
                                        "there, or " +
                                            std::string(advice)
                                      : "The login for Amazon Q has ended; " + std::string(advice),
                    look_interval_s);
}

void AccountKeeper::begin_refresh() {
    if (login_.is_foreign()) {
        setup_.log.event(net::LogLevel::warn,
                         "renewing another program's login, which may end it there", login_.place);
    }
    ++attempts_;
    refresh_.emplace(setup_.settings, setup_.client, wakeup_, login_.credentials);
    continue_refresh();
}

void AccountKeeper::continue_refresh() {
    const TokenRefresh::Outcome outcome = refresh_->poll(setup_.clock());
    if (outcome == TokenRefresh::Outcome::running) return;
    const std::string problem = refresh_->problem();
    if (outcome == TokenRefresh::Outcome::done) {
        login_.credentials = refresh_->login();
        refresh_.reset();
        return take_new_login();
    }
    refresh_.reset();
    if (outcome == TokenRefresh::Outcome::later) return put_off(problem);
    ended_ = login_.credentials.refresh_token;
    setup_.log.event(net::LogLevel::warn, "the login was not renewed", problem);
    // Whoever used the refresh token up may have left a new one.
    look();
}

void AccountKeeper::take_new_login() {
    issued_at_ = setup_.clock();
    pause_s_ = 0;
    rejected_.clear();
    ++version_;
    setup_.log.event(net::LogLevel::info, "the login was renewed", login_.place);
    store_login();
    publish_token();
}

// What the environment said stays in memory. Another program's login becomes ours with its first
// new token.
void AccountKeeper::store_login() {
    if (login_.source == Login::Source::environment) return;
    const std::string problem = setup_.store.save(login_.credentials);
    if (!problem.empty()) {
        return setup_.log.event(net::LogLevel::error, "the login was not stored", problem);
    }
    login_.source = Login::Source::file;
    login_.place = setup_.store.file();
    stored_ = login_;
}

void AccountKeeper::put_off(const std::string& problem) {
    setup_.log.event(net::LogLevel::warn, "the login was not renewed", problem);
    if (!is_good() && attempts_ < attempts_max) {
        return timer_.arm(first_delay * (1 << (attempts_ - 1)));
    }
    pause_s_ = std::clamp(pause_s_ * 2, pause_min_s, pause_max_s);
    if (is_good()) return publish_token();
    publish_failure(problem, pause_s_, static_cast<uint32_t>(pause_s_));
}

// Members of an organisation are nobody to the service without their profile, so that requests
// wait for it.
void AccountKeeper::find_profile() {
    if (search_) return;
    search_.emplace(setup_.settings, setup_.client, wakeup_, login_.credentials.access_token);
    wakeup_.wake();
}

void AccountKeeper::continue_search() {
    if (!search_->is_done()) return;
    const std::vector<std::string>& arns = search_->arns();
    if (arns.empty()) {
        setup_.log.event(net::LogLevel::warn,
                         "no profile was found for the login; see --profile-arn",
                         search_->problem());
    } else {
        if (arns.size() > 1) {
            setup_.log.event(net::LogLevel::warn,
                             "the login has several profiles; see --profile-arn", arns.front());
        }
        login_.credentials.profile_arn = arns.front();
        ++version_;
        if (!login_.is_foreign()) store_login();
    }
    search_.reset();
    search_again_at_ = setup_.clock() + search_interval_s;
    if (!refresh_ && !timer_.is_armed()) offer();
}

void AccountKeeper::list_models() {
    if (!wants_models_ || query_ || search_ || !is_good()) return;
    wants_models_ = false;
    query_.emplace(setup_.settings, setup_.client, wakeup_, token());
    continue_listing();
}

void AccountKeeper::continue_listing() {
    switch (query_->poll()) {
        case ModelQuery::Outcome::running:
            return;
        case ModelQuery::Outcome::done:
            setup_.account.publish(std::move(query_->list()));
            is_second_query_ = false;
            break;
        case ModelQuery::Outcome::rejected:
            if (!is_second_query_ && !is_issued_since(setup_.clock() - early_s)) {
                return list_models_again();
            }
            [[fallthrough]];
        case ModelQuery::Outcome::failed:
            setup_.log.event(net::LogLevel::warn, "the models were not listed", query_->problem());
            setup_.account.publish(ModelList::common(query_->problem()));
            is_second_query_ = false;
            break;
    }
    query_.reset();
}

// With another token, unless one is on its way already.
void AccountKeeper::list_models_again() {
    is_second_query_ = true;
    wants_models_ = true;
    rejected_ = query_->token().access_token;
    query_.reset();
    if (!refresh_ && !timer_.is_armed()) look();
}

bool AccountKeeper::is_good() const {
    const json::Credentials& credentials = login_.credentials;
    if (credentials.access_token.empty() || credentials.access_token == rejected_) return false;
    return setup_.clock() < last_moment();
}

bool AccountKeeper::lacks_profile() const {
    const json::Credentials& credentials = login_.credentials;
    return !setup_.settings.profile_arn && credentials.profile_arn.empty() &&
           !credentials.start_url.empty() && credentials.start_url != builder_id_url;
}

bool AccountKeeper::is_renewable() const {
    const std::string& token = login_.credentials.refresh_token;
    return !token.empty() && token != ended_ &&
           (!login_.is_foreign() || setup_.settings.rotate_foreign_login);
}

// Tokens that live for minutes only are renewed when half of that has passed.
int64_t AccountKeeper::renewal_time() const {
    const int64_t end = login_.credentials.expires_at;
    if (end == 0) return never;
    const int64_t early = issued_at_ == 0 ? early_s : std::min(early_s, (end - issued_at_) / 2);
    return end - early;
}

int64_t AccountKeeper::last_moment() const {
    const int64_t end = login_.credentials.expires_at;
    if (end == 0) return never;
    if (!is_renewable()) return end;
    return end -
           (issued_at_ == 0 ? last_moment_s : std::min(last_moment_s, (end - issued_at_) / 4));
}

Token AccountKeeper::token() const {
    return {login_.credentials.access_token, setup_.settings.profile_for(login_.credentials),
            version_};
}

void AccountKeeper::publish_token() {
    const int64_t now = setup_.clock();
    if (lacks_profile() && now >= search_again_at_) return find_profile();
    const bool is_due = now >= renewal_time();
    setup_.account.publish(
        token(), {.issued_at = issued_at_,
                  .renew_at = is_due ? now + std::max(pause_s_, recheck_s) : renewal_time(),
                  .good_until = last_moment()});
}

void AccountKeeper::publish_failure(std::string message, int64_t look_again_s,
                                    uint32_t retry_after_s) {
    Failure failure;
    failure.status = 503;
    failure.message = std::move(message);
    failure.code = "amazon_q_login";
    failure.retry_after_seconds = retry_after_s;
    setup_.account.publish(ModelList::common(failure.message));
    setup_.account.publish(std::move(failure), setup_.clock() + look_again_s);
}

}  // namespace core
