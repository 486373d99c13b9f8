#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/buffer.h"
#include "net/http_call.h"

namespace test {

// What a fake upstream answers to one call, and how it comes.
struct FakeResponse {
    uint16_t status = 200;  // 0: no head comes
    std::string content_type = "application/vnd.amazon.eventstream";
    std::string error_type = {};
    std::string retry_after = {};
    std::string body = {};
    // How many bytes come in a turn; the last number counts for all that follow.
    std::vector<size_t> pieces = {size_t{1} << 30};
    net::CallError failure = net::CallError::none;  // in place of the end, or of the head
    bool stalls = false;                            // neither an end nor a failure follows
    bool ends_at_once = false;                      // with the last byte, not a turn later
};

// What the fake calls of a test were asked, and what became of them.
struct FakeCalls {
    struct Request {
        net::Url url;
        std::string method, path, fields, body;
        const net::CallTimeouts* timeouts = nullptr;
    };

    std::deque<FakeResponse> script;
    std::vector<Request> requests;
    int alive = 0;
    int complaints = 0;  // calls that the contract does not allow
    size_t window_bytes = 64 * 1024;
    size_t window_bytes_max = 1024 * 1024 + 4096;
};

// FakeHttpCall goes one step in each turn. Its window moves in memory whenever bytes come, and
// what a view no longer may show is overwritten.
class FakeHttpCall final : public net::HttpCall {
public:
    FakeHttpCall(FakeCalls& calls, FakeResponse response, net::Wakeup wakeup)
        : calls_(calls),
          response_(std::move(response)),
          wakeup_(wakeup),
          limit_(calls.window_bytes) {
        ++calls_.alive;
        move_window({});
    }
    ~FakeHttpCall() override {
        std::memset(window_.get(), '#', end_);
        --calls_.alive;
        if (place_) *place_ = nullptr;
    }

    State state() const override { return state_; }
    uint16_t status() const override { return has_head() ? response_.status : 0; }
    std::string_view field(std::string_view name) const override {
        if (has_dropped_fields_) ++calls_.complaints;
        if (!has_head()) return {};
        if (name == "content-type") return response_.content_type;
        if (name == "retry-after") return response_.retry_after;
        return name == "x-amzn-errortype" ? std::string_view(response_.error_type) : "";
    }
    void drop_fields() override { has_dropped_fields_ = true; }
    std::string_view peek() const override { return {window_.get() + begin_, end_ - begin_}; }
    void consume(size_t bytes) override {
        if (bytes > end_ - begin_) ++calls_.complaints;
        bytes = std::min(bytes, end_ - begin_);
        std::memset(window_.get() + begin_, '#', bytes);
        begin_ += bytes;
        consumed += bytes;
    }
    bool widen(size_t bytes) override {
        if (bytes > calls_.window_bytes_max) return false;
        limit_ = std::max(limit_, bytes);
        return true;
    }
    const net::CallFailure& failure() const override {
        if (state_ != State::failed) ++calls_.complaints;
        return failure_;
    }

    // Goes on by one step and wakes the owner. False: there is nothing more to come, or no room.
    bool turn() {
        if (!go_on()) return false;
        wakeup_.wake();
        return true;
    }

    size_t consumed = 0;  // bytes

private:
    friend class FakeHttpClient;

    bool has_head() const { return has_head_; }

    bool go_on() {
        switch (state_) {
            case State::connecting:
                if (response_.status == 0 && is_early(response_.failure)) return fail();
                state_ = State::sending;
                return true;
            case State::sending:
                state_ = State::waiting;
                return true;
            case State::waiting:
                if (response_.status != 0) {
                    has_head_ = true;
                    state_ = State::streaming;
                    return true;
                }
                return !response_.stalls && fail();
            case State::streaming:
                return stream();
            case State::complete:
            case State::failed:
                break;
        }
        return false;
    }

    bool stream() {
        if (came_ == response_.body.size()) return !response_.stalls && end();
        const size_t room = limit_ - std::min(limit_, end_ - begin_);
        const size_t piece = response_.pieces[std::min(turns_, response_.pieces.size() - 1)];
        const size_t bytes = std::min({room, piece, response_.body.size() - came_});
        if (bytes == 0) return false;
        ++turns_;
        move_window(std::string_view(response_.body).substr(came_, bytes));
        came_ += bytes;
        if (response_.ends_at_once && came_ == response_.body.size()) end();
        return true;
    }

    bool end() {
        if (response_.failure != net::CallError::none) return fail();
        state_ = State::complete;
        return true;
    }

    bool fail() {
        failure_ = {response_.failure, "q.example: the test wants it so"};
        state_ = State::failed;
        return true;
    }

    static bool is_early(net::CallError error) {
        return error != net::CallError::none && error <= net::CallError::connect_timeout;
    }

    void move_window(std::string_view more) {
        constexpr size_t slack = net::InputBuffer::tail_slack;
        const std::string_view held = peek();
        std::unique_ptr<char[]> fresh(new char[held.size() + more.size() + slack]);
        std::copy(held.begin(), held.end(), fresh.get());
        std::copy(more.begin(), more.end(), fresh.get() + held.size());
        std::memset(fresh.get() + held.size() + more.size(), '}', slack);
        const size_t size = held.size() + more.size();
        if (window_) std::memset(window_.get(), '#', end_);
        window_ = std::move(fresh);
        begin_ = 0;
        end_ = size;
    }

    FakeCalls& calls_;
    const FakeResponse response_;
    const net::Wakeup wakeup_;
    FakeHttpCall** place_ = nullptr;  // of this call in the client
    std::unique_ptr<char[]> window_;
    size_t begin_ = 0, end_ = 0, limit_;
    size_t came_ = 0, turns_ = 0;
    net::CallFailure failure_;
    State state_ = State::connecting;
    bool has_head_ = false;
    bool has_dropped_fields_ = false;
};

// FakeHttpClient makes the calls of a script, one at a time; a call too many waits for ever.
class FakeHttpClient final : public net::HttpClient {
public:
    std::unique_ptr<net::HttpCall> start(const net::CallRequest& request,
                                         net::Wakeup wakeup) override {
        calls.requests.push_back({request.url, std::string(request.method),
                                  std::string(request.path), std::string(request.fields),
                                  std::string(request.body).append(request.body_end),
                                  request.timeouts});
        FakeResponse response;
        if (calls.script.empty()) {
            response.status = 0;
            response.stalls = true;
        } else {
            response = std::move(calls.script.front());
            calls.script.pop_front();
        }
        auto call = std::make_unique<FakeHttpCall>(calls, std::move(response), wakeup);
        if (last_) last_->place_ = nullptr;
        last_ = call.get();
        last_->place_ = &last_;
        return call;
    }

    bool turn() { return last_ && last_->turn(); }
    FakeHttpCall* last() const { return last_; }

    FakeCalls calls;

private:
    FakeHttpCall* last_ = nullptr;  // null when it is gone
};

}  // namespace test
