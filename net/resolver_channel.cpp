#include "net/resolver_channel.h"

#include <ares.h>
#include <sys/socket.h>

#include <algorithm>

namespace net {
namespace {

constexpr const char* configuration_path = "/etc/resolv.conf";

timespec configuration_time() {
    struct stat status {};
    return ::stat(configuration_path, &status) == 0 ? status.st_mtim : timespec{};
}

// RFC 8305 section 4: the families take turns, in the order that c-ares (RFC 6724) found best.
std::vector<Address> interleave(const std::vector<Address>& sorted) {
    std::vector<Address> turns;
    std::vector<Address> others;
    for (const Address& address : sorted) {
        (address.family() == sorted.front().family() ? turns : others).push_back(address);
    }
    for (size_t i = 0; i < others.size(); ++i) {
        const auto at = std::min(2 * i + 1, turns.size());
        turns.insert(turns.begin() + static_cast<std::ptrdiff_t>(at), others[i]);
    }
    return turns;
}

void on_answer(void* argument, int status, int, ares_addrinfo* info) {
    auto& answer = *static_cast<NameAnswer*>(argument);
    std::vector<Address> addresses;
    int seconds = 60;
    for (auto* node = info ? info->nodes : nullptr; node; node = node->ai_next) {
        if (node->ai_family == AF_INET) {
            addresses.emplace_back(reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr, 0);
        } else if (node->ai_family == AF_INET6) {
            addresses.emplace_back(reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr, 0);
        }
        seconds = std::min(seconds, node->ai_ttl);
    }
    if (info) ares_freeaddrinfo(info);
    const char* failure = addresses.empty() ? ares_strerror(status) : "";
    if (addresses.size() > 1) addresses = interleave(addresses);
    answer.answered(std::move(addresses), std::chrono::seconds(seconds), failure);
}

}  // namespace

// One socket of c-ares, which closes it itself.
class ResolverChannel::Watch final : public Watcher {
public:
    Watch(ResolverChannel& channel, int fd) : channel_(channel), fd_(fd) {}

    void mark(uint32_t events) override {
        if (events & ~static_cast<uint32_t>(EPOLLOUT)) is_readable_ = true;
        if (events & ~static_cast<uint32_t>(EPOLLIN)) is_writable_ = true;
        channel_.loop_.ready().post(channel_);
    }

    int fd() const { return fd_; }
    void want_write(bool wants) { wants_write_ = wants; }
    bool can_read() const { return is_readable_; }
    bool can_write() const { return is_writable_ && wants_write_; }

    // Events come once per change (edge-triggered), and c-ares does not always read to the end:
    // what it left is found here.
    void check_rest() {
        char byte;
        is_readable_ = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
    }
    void wrote() { is_writable_ = !wants_write_; }

private:
    ResolverChannel& channel_;
    const int fd_;
    bool is_readable_ = false;
    bool is_writable_ = false;
    bool wants_write_ = false;
};

ResolverChannel::ResolverChannel(EventLoop& loop, const ResolverSettings& settings)
    : loop_(loop), timer_(loop.timers(), *this), configured_(configuration_time()) {
    static const int is_ready = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = static_cast<int>(settings.timeout.count());
    options.tries = settings.tries;
    char lookups[] = "fb";  // the hosts file, then the servers
    options.lookups = lookups;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<ResolverChannel*>(self)->socket_changed(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    int result = is_ready;
    if (result == ARES_SUCCESS) {
        result = ares_init_options(
            &channel_, &options,
            ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    }
    if (result == ARES_SUCCESS && !settings.servers.empty()) {
        result = ares_set_servers_ports_csv(channel_, settings.servers.c_str());
    }
    if (result != ARES_SUCCESS) failure_ = ares_strerror(result);
}

ResolverChannel::~ResolverChannel() {
    if (channel_) ares_destroy(channel_);
}

bool ResolverChannel::is_outdated() const {
    const timespec now = configuration_time();
    return now.tv_sec != configured_.tv_sec || now.tv_nsec != configured_.tv_nsec;
}

void ResolverChannel::look_up(const std::string& host, NameAnswer& answer) {
    if (!failure_.empty()) return answer.answered({}, {}, failure_);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_answer, &answer);
    arm_timer();
    loop_.ready().post(*this);
}

// c-ares tells what it waits for; neither means that it is about to close the socket, which also
// ends the watch.
void ResolverChannel::socket_changed(int fd, bool wants_read, bool wants_write) {
    auto at = std::find_if(watches_.begin(), watches_.end(),
                           [&](const auto& watch) { return watch->fd() == fd; });
    if (!wants_read && !wants_write) {
        if (at != watches_.end()) watches_.erase(at);
        return;
    }
    if (at == watches_.end()) {
        auto watch = std::make_unique<Watch>(*this, fd);
        // Without the watch the query times out.
        if (!loop_.watch(fd, *watch)) return;
        at = watches_.insert(at, std::move(watch));
    }
    (*at)->want_write(wants_write);
    loop_.ready().post(*this);
}

void ResolverChannel::pump() {
    if (timer_.take_expired()) ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    while (process_one()) {
    }
    arm_timer();
}

// Any call of c-ares may close its sockets and open others, so each is followed by a new search.
bool ResolverChannel::process_one() {
    const auto is_ready = [](const auto& watch) { return watch->can_read() || watch->can_write(); };
    const auto find = [&](int fd) {
        return std::find_if(watches_.begin(), watches_.end(), [&](const auto& watch) {
            return fd < 0 ? is_ready(watch) : watch->fd() == fd;
        });
    };
    const auto ready = find(-1);
    if (ready == watches_.end()) return false;
    const int fd = (*ready)->fd();
    const bool reads = (*ready)->can_read();
    ares_process_fd(channel_, reads ? fd : ARES_SOCKET_BAD, reads ? ARES_SOCKET_BAD : fd);
    const auto after = find(fd);
    if (after == watches_.end()) return true;
    if (reads) {
        (*after)->check_rest();
    } else {
        (*after)->wrote();
    }
    return true;
}

void ResolverChannel::arm_timer() {
    timeval time{};
    if (!ares_timeout(channel_, nullptr, &time)) return timer_.disarm();
    timer_.arm(std::chrono::ceil<Milliseconds>(std::chrono::seconds(time.tv_sec) +
                                               std::chrono::microseconds(time.tv_usec)));
}

}  // namespace net
