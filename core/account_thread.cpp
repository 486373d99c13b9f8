#include "core/account_thread.h"

#include <chrono>

namespace core {

AccountThread::AccountThread(const AmazonQSettings& settings, const net::UpstreamSetup& upstreams,
                             net::LogLevel level, net::LogFormat format)
    : account_(unix_time),
      store_(CredentialPlaces::of(settings)),
      loop_(upstreams),
      log_(loop_.timers(), level, format),
      keeper_({account_, settings, store_, loop_.loop(), loop_.ready(), loop_.timers(),
               loop_.client(), log_, unix_time}),
      stop_(loop_),
      stop_bell_(loop_.loop(), stop_) {}

AccountThread::~AccountThread() {
    if (!thread_.joinable()) return;
    stop_bell_.ring();
    thread_.join();
}

void AccountThread::start() {
    thread_ = std::thread([this] { loop_.run(); });
}

int64_t unix_time() {
    using Seconds = std::chrono::seconds;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<Seconds>(now).count();
}

}  // namespace core
