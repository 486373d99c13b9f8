#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http_parser.h"

namespace test {

// What a parser made of one request, in values of its own so that it can be compared.
struct ParsedRequest {
    uint16_t status = 0;  // 0: a good request
    std::string reason;
    std::string method, path, body;
    std::vector<std::pair<std::string, std::string>> fields;
    bool keep_alive = false;
    bool is_http_1_0 = false;
    bool expects_continue = false;

    bool operator==(const ParsedRequest&) const = default;
};

// All that came of a stream of bytes: whole requests, the last of which may be a refusal, and
// whether an incomplete one was left.
struct ParsedStream {
    std::vector<ParsedRequest> requests;
    bool is_incomplete = false;

    bool operator==(const ParsedStream&) const = default;
    bool is_refused() const { return !requests.empty() && requests.back().status != 0; }
};

// StreamParser feeds an HttpParser as a connection does, piece by piece, and takes one request
// after the other off the buffer. Between two pieces the buffer moves, and behind its content lie
// bytes that would change the result if they were read.
class StreamParser {
public:
    explicit StreamParser(const net::Limits& limits) : parser_(limits) {}

    void feed(std::string_view piece) {
        if (is_refused_) return;
        buffer_.fit();
        const std::span<char> room = buffer_.writable(piece.size());
        std::copy(piece.begin(), piece.end(), room.begin());
        buffer_.commit(piece.size());
        do {
            poison();
        } while (step());
    }

    ParsedStream result() {
        stream_.is_incomplete = !is_refused_ && !buffer_.empty();
        return stream_;
    }
    // How much a connection would have to keep.
    size_t kept_bytes() const { return buffer_.size(); }
    net::HttpParser& parser() { return parser_; }

private:
    void poison() {
        if (buffer_.data() == nullptr) return;
        constexpr std::string_view filling =
            "\r\n\r\n0\r\n\r\nGET /abc HTTP/1.1\r\nA: b\r\n\r\n\r\n0\r\n\r\n0\r\n\r\nGET / "
            "HTTP/1.1\r\n\r\n";
        static_assert(filling.size() >= net::InputBuffer::tail_slack);
        std::memcpy(buffer_.data() + buffer_.size(), filling.data(), net::InputBuffer::tail_slack);
    }

    // Whether there may be another whole request in the buffer.
    bool step() {
        switch (parser_.feed(buffer_)) {
            case net::HttpParser::State::need_more:
                return false;
            case net::HttpParser::State::refused: {
                ParsedRequest refused;
                refused.status = parser_.refusal().status;
                refused.reason = parser_.refusal().reason;
                stream_.requests.push_back(refused);
                is_refused_ = true;
                return false;
            }
            case net::HttpParser::State::complete:
                take();
                return !buffer_.empty();
        }
        return false;
    }

    void take() {
        const net::Request request = parser_.request(buffer_, fields_);
        ParsedRequest taken;
        taken.method = request.method_name;
        taken.path = request.path;
        taken.body = request.body;
        for (const net::Field& field : request.fields) {
            taken.fields.emplace_back(field.name, field.value);
        }
        taken.keep_alive = parser_.keep_alive();
        taken.is_http_1_0 = parser_.is_http_1_0();
        taken.expects_continue = parser_.expects_continue();
        stream_.requests.push_back(std::move(taken));
        buffer_.consume(parser_.message_end());
        parser_.reset();
    }

    net::HttpParser parser_;
    net::InputBuffer buffer_;
    std::vector<net::Field> fields_;
    ParsedStream stream_;
    bool is_refused_ = false;
};

}  // namespace test
