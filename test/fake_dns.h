#pragma once

#include <arpa/inet.h>
#include <doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "net/fd.h"

// A name server on loopback that knows the A records it is given; other names do not exist. One
// that is mute answers nothing.
class FakeDns {
public:
    using Records = std::map<std::string, std::string>;

    explicit FakeDns(Records records, bool is_mute = false)
        : records_(std::move(records)),
          is_mute_(is_mute),
          socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(socket_.value(), raw, size) == 0);
        ::getsockname(socket_.value(), raw, &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeDns() {
        is_over_ = true;
        thread_.join();
    }

    std::string servers() const { return "127.0.0.1:" + std::to_string(port_); }
    int queries() const { return queries_; }

private:
    void serve() {
        while (!is_over_) {
            pollfd event{socket_.value(), POLLIN, 0};
            if (::poll(&event, 1, 10) <= 0) continue;
            sockaddr_in peer{};
            socklen_t size = sizeof peer;
            char packet[512];
            const ssize_t count = ::recvfrom(socket_.value(), packet, sizeof packet, 0,
                                             reinterpret_cast<sockaddr*>(&peer), &size);
            if (count < 17) continue;
            ++queries_;
            if (is_mute_) continue;
            const std::string answer = answer_to({packet, static_cast<size_t>(count)});
            ::sendto(socket_.value(), answer.data(), answer.size(), 0,
                     reinterpret_cast<sockaddr*>(&peer), size);
        }
    }

    // RFC 1035 section 4.
    std::string answer_to(const std::string& query) const {
        std::string name;
        size_t at = 12;
        while (query[at] != 0) {
            const auto length = static_cast<size_t>(query[at]);
            name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
            at += length + 1;
        }
        const std::string question = query.substr(12, at + 5 - 12);
        const bool is_a = query[at + 2] == 1;
        const auto record = records_.find(name);
        const bool is_known = record != records_.end();
        std::string answer = query.substr(0, 2);
        answer += std::string("\x81", 1) + (is_known ? '\x80' : '\x83');  // 3: no such name
        answer += std::string("\0\x01\0", 3) + (is_known && is_a ? '\x01' : '\0');
        answer += std::string(4, '\0') + question;
        if (is_known && is_a) {
            in_addr address{};
            ::inet_pton(AF_INET, record->second.c_str(), &address);
            answer += std::string("\xC0\x0C\0\x01\0\x01\0\0\0\x1E\0\x04", 12);  // lives 30 s
            answer.append(reinterpret_cast<const char*>(&address), 4);
        }
        return answer;
    }

    const Records records_;
    const bool is_mute_;
    net::Fd socket_;
    uint16_t port_ = 0;
    std::atomic<int> queries_{0};
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};
