#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_call.h"

namespace test {

// AnsweringHttpClient takes calls and lets the test answer them.
class AnsweringHttpClient final : public net::HttpClient {
public:
    class Call;

    // One call as it was started. It stays when the call is gone.
    struct Record {
        std::string host;
        std::string method;
        std::string path;
        std::string fields;
        std::string body;
        net::Wakeup wakeup;
        Call* call = nullptr;  // null: it was answered and is gone, or was dropped
    };

    class Call final : public net::HttpCall {
    public:
        explicit Call(Record& record) : record_(record) { record.call = this; }
        ~Call() override { record_.call = nullptr; }

        State state() const override { return state_; }
        uint16_t status() const override { return status_; }
        std::string_view field(std::string_view) const override { return {}; }
        void drop_fields() override {}
        // In two pieces at least.
        std::string_view peek() const override { return rest_.substr(0, (rest_.size() + 1) / 2); }
        void consume(size_t bytes) override { rest_.remove_prefix(bytes); }
        bool widen(size_t) override { return true; }
        const net::CallFailure& failure() const override { return failure_; }

    private:
        friend class AnsweringHttpClient;

        Record& record_;
        State state_ = State::connecting;
        uint16_t status_ = 0;
        std::string body_;
        std::string_view rest_;
        net::CallFailure failure_;
    };

    std::unique_ptr<net::HttpCall> start(const net::CallRequest& request,
                                         net::Wakeup wakeup) override {
        calls.push_back({request.url.host, std::string(request.method),
                         request.url.path + std::string(request.path), std::string(request.fields),
                         std::string(request.body).append(request.body_end), wakeup, nullptr});
        return std::make_unique<Call>(calls.back());
    }

    // Of the call that was started last.
    void answer(uint16_t status, std::string body) {
        answer(calls.back(), status, std::move(body));
    }
    void answer(Record& record, uint16_t status, std::string body) {
        Call& call = *record.call;
        call.status_ = status;
        call.body_ = std::move(body);
        call.rest_ = call.body_;
        call.state_ = net::HttpCall::State::complete;
        record.wakeup.wake();
    }
    void fail(std::string text) {
        Call& call = *calls.back().call;
        call.failure_ = {net::CallError::connect, std::move(text)};
        call.state_ = net::HttpCall::State::failed;
        calls.back().wakeup.wake();
    }

    std::deque<Record> calls;
};

}  // namespace test
