#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/fd.h"
#include "net/listener.h"

namespace test {

// A response as it came, its chunks joined.
struct RawResponse {
    int status = 0;
    std::string head;  // with the empty line
    std::string body;
    bool is_whole = false;  // by Content-Length, or by its last chunk

    // The value of a field; the name as the server writes it.
    std::string field(const std::string& name) const {
        const size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const size_t begin = at + name.size() + 4;
        return head.substr(begin, head.find('\r', begin) - begin);
    }
};

// RawClient is a blocking socket that knows just enough HTTP to find a response's end. It gives up
// waiting after a while, so that a test fails and does not hang.
class RawClient {
public:
    explicit RawClient(const net::Endpoint& endpoint)
        : socket_(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{20, 0};
        ::setsockopt(socket_.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_.value(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        // Else the second of two small sends waits for the first one's ACK.
        const int on = 1;
        ::setsockopt(socket_.value(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        is_connected_ =
            ::connect(socket_.value(), reinterpret_cast<const sockaddr*>(&endpoint.address),
                      endpoint.size) == 0;
    }

    bool is_connected() const { return is_connected_; }

    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<size_t>(count));
        }
        return true;
    }

    // The next response; not whole when the connection ends before it does.
    RawResponse receive(bool has_body = true) {
        RawResponse response;
        size_t end;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            if (!fill()) return response;
        }
        response.head = take(end + 4);
        response.status = std::atoi(response.head.c_str() + 9);
        const std::string length = response.field("Content-Length");
        if (!has_body) {
            response.is_whole = true;
        } else if (!length.empty()) {
            response.is_whole = fill_up_to(static_cast<size_t>(std::atoll(length.c_str())));
            response.body = take(std::min(buffer_.size(), size_t(std::atoll(length.c_str()))));
        } else if (response.field("Transfer-Encoding") == "chunked") {
            response.is_whole = receive_chunks(response.body);
        } else if (response.field("Connection") == "close") {
            response.body = receive_to_end();
        } else {
            response.is_whole = true;  // no content
        }
        return response;
    }
    RawResponse ask(std::string_view request) {
        send(request);
        return receive();
    }

    // Waits until `text` has arrived; returns what came up to its end.
    std::string receive_up_to(std::string_view text) {
        size_t at;
        while ((at = buffer_.find(text)) == std::string::npos) {
            if (!fill()) return {};
        }
        return take(at + text.size());
    }
    std::string receive_to_end() {
        while (fill()) {
        }
        return take(buffer_.size());
    }

    void half_close() const { ::shutdown(socket_.value(), SHUT_WR); }
    void close() { socket_.reset(); }
    // Closes with a RST.
    void abort() {
        const linger at_once{1, 0};
        ::setsockopt(socket_.value(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        socket_.reset();
    }

private:
    bool fill() {
        char bytes[16 * 1024];
        const ssize_t count = ::recv(socket_.value(), bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        buffer_.append(bytes, static_cast<size_t>(count));
        return true;
    }
    bool fill_up_to(size_t bytes) {
        while (buffer_.size() < bytes) {
            if (!fill()) return false;
        }
        return true;
    }
    std::string take(size_t bytes) {
        std::string taken = buffer_.substr(0, bytes);
        buffer_.erase(0, bytes);
        return taken;
    }
    bool receive_chunks(std::string& body) {
        while (true) {
            const std::string line = receive_up_to("\r\n");
            if (line.empty()) return false;
            const size_t size = std::strtoull(line.c_str(), nullptr, 16);
            if (!fill_up_to(size + 2)) return false;
            body += take(size);
            if (take(2) != "\r\n") return false;
            if (size == 0) return true;
        }
    }

    net::Fd socket_;
    bool is_connected_ = false;
    std::string buffer_;
};

}  // namespace test
