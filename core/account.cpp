#include "core/account.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace core {
namespace {

constexpr int64_t never = std::numeric_limits<int64_t>::max();

// A token that is not accepted this soon after it was issued is not the reason.
constexpr int64_t fresh_s = 60;

constexpr int64_t models_good_s = 3'600;
constexpr int64_t models_retry_s = 60;

}  // namespace

void Account::attach(const net::Doorbell* keeper) {
    const std::lock_guard lock(mutex_);
    keeper_ = keeper;
}

Account::Wishes Account::take_wishes() {
    const std::lock_guard lock(mutex_);
    return std::exchange(wishes_, {});
}

void Account::publish(Token token, const Lifetime& life) {
    const std::lock_guard lock(mutex_);
    state_ = State::ready;
    token_ = std::move(token);
    life_ = life;
    wake_views();
}

void Account::publish(Failure failure, int64_t look_again_at) {
    const std::lock_guard lock(mutex_);
    state_ = State::unavailable;
    failure_ = std::move(failure);
    look_again_at_ = look_again_at;
    wake_views();
}

void Account::publish(ModelList models) {
    auto list = std::make_shared<const ModelList>(std::move(models));
    const std::lock_guard lock(mutex_);
    const bool is_common = !list->problem.empty();
    // An old list is better than the common models.
    if (!is_common || !models_ || !models_->problem.empty()) models_.swap(list);
    list_again_at_ = clock_() + (is_common ? models_retry_s : models_good_s);
    wake_views();
}

void Account::add(AccountView& view) {
    const std::lock_guard lock(mutex_);
    views_.push_back(&view);
}

void Account::remove(AccountView& view) {
    const std::lock_guard lock(mutex_);
    std::erase(views_, &view);
}

TokenSource::State Account::take(Token& out, Failure& failure) {
    const std::lock_guard lock(mutex_);
    const int64_t now = clock_();
    if (state_ == State::ready && now < life_.good_until) {
        if (now >= life_.renew_at) {
            life_.renew_at = never;  // until it is published anew
            wishes_.token = true;
            ask_keeper();
        }
        if (out.version != token_.version) out = token_;
    } else if (state_ == State::ready || (state_ == State::unavailable && now >= look_again_at_)) {
        look_again();
    } else if (state_ == State::unavailable) {
        failure = failure_;
    }
    return state_;
}

void Account::reject(uint64_t version) {
    const std::lock_guard lock(mutex_);
    const bool is_fresh = clock_() < life_.issued_at + fresh_s;
    if (state_ != State::ready || version != token_.version || is_fresh) return;
    state_ = State::refreshing;
    wishes_.rejected = version;
    ask_keeper();
}

std::shared_ptr<const ModelList> Account::models() {
    const std::lock_guard lock(mutex_);
    if (models_ && clock_() >= list_again_at_) {
        list_again_at_ = never;  // until they are published anew
        wishes_.models = true;
        ask_keeper();
    }
    return models_;
}

bool Account::has_models() {
    const std::lock_guard lock(mutex_);
    if (state_ == State::unavailable && clock_() >= look_again_at_) {
        look_again();
        // Whoever logged in meanwhile wants to see the models of that account.
        if (models_ && !models_->problem.empty()) models_.reset();
    }
    if (models_) return true;
    if (!wishes_.models) {
        wishes_.models = true;
        ask_keeper();
    }
    return false;
}

// The mutex is held, which keeps the bells alive. Ringing does not block.
void Account::ask_keeper() const {
    if (keeper_) keeper_->ring();
}

void Account::look_again() {
    state_ = State::refreshing;
    wishes_.token = true;
    ask_keeper();
}

void Account::wake_views() const {
    for (const AccountView* view : views_) view->bell_.ring();
}

AccountView::AccountView(Account& account, net::EventLoop& loop)
    : account_(account), bell_(loop, *this) {
    account_.add(*this);
}

AccountView::~AccountView() {
    account_.remove(*this);
}

TokenSource::State AccountView::take(Waiter& waiter, Token& out, Failure& failure) {
    const State state = account_.take(out, failure);
    // The bell that ends the refresh may ring already: the pump that follows comes after this, on
    // this thread.
    if (state == State::refreshing) waiting_.post(waiter);
    return state;
}

bool AccountView::awaits_models(Waiter& waiter) {
    if (account_.has_models()) return false;
    waiting_.post(waiter);
    return true;
}

const ModelList& AccountView::models() {
    if (auto models = account_.models()) models_ = std::move(models);
    // Before the first answer every name is the service's to judge.
    if (!models_) models_ = std::make_shared<const ModelList>(ModelList{{}, {}, "not asked yet"});
    return *models_;
}

}  // namespace core
