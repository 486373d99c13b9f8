#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "manual_clock.h"
#include "net/exchange.h"

namespace test {

// One thing a scripted exchange does. `wait` and the endings return from pump(); `wait` holds until
// the handler wakes the exchange, or until the time of a wake_at before it.
struct Step {
    enum class Kind { start, write, flood, wait, more, wake_at, finish, abort };

    Kind kind;
    std::string text = {};  // what is written; flood: again and again while there is room
    net::ResponseHead head = {};
    size_t bytes = 0;  // flood: how many in all
    net::TimePoint time = {};
};

using Script = std::vector<Step>;

inline Step start_stream() {
    net::ResponseHead head;
    head.content_type = "text/plain";
    head.content_length = net::ResponseHead::stream;
    return {Step::Kind::start, {}, head};
}
inline Step start_known(size_t bytes, uint16_t status = 200) {
    net::ResponseHead head;
    head.status = status;
    head.content_type = "text/plain";
    head.content_length = static_cast<int64_t>(bytes);
    return {Step::Kind::start, {}, head};
}
inline Step write(std::string text) {
    return {Step::Kind::write, std::move(text)};
}
inline Step flood(size_t bytes) {
    return {Step::Kind::flood, "0123456789abcdef", {}, bytes};
}
inline Step wait() {
    return {Step::Kind::wait};
}
inline Step more() {
    return {Step::Kind::more};
}
inline Step wake_at(net::TimePoint time) {
    return {Step::Kind::wake_at, {}, {}, 0, time};
}
inline Step finish() {
    return {Step::Kind::finish};
}
inline Step abort_it() {
    return {Step::Kind::abort};
}

// A whole answer at once.
inline Script answer(const std::string& text, uint16_t status = 200) {
    return {start_known(text.size(), status), write(text), finish()};
}

// ScriptedHandler opens exchanges that follow scripts, one script after the other, then answers
// with the request's path. It writes down what happens to them.
class ScriptedHandler final : public net::Handler {
public:
    struct Opened {
        std::string method, path, body;
    };

    bool wants_body(const net::Request& head) override {
        screened.emplace_back(head.path);
        return wants_bodies;
    }

    std::unique_ptr<net::Exchange> open(const net::Request& request, net::Wakeup wakeup) override {
        opened.push_back({std::string(request.method_name), std::string(request.path),
                          std::string(request.body)});
        wakeups.push_back(wakeup);
        Script script = answer("you asked for " + opened.back().path);
        if (!scripts.empty()) {
            script = scripts.front();
            scripts.pop_front();
        }
        auto exchange = std::make_unique<Exchange>(*this, std::move(script), request);
        exchange->number_ = static_cast<int>(exchanges.size());
        exchanges.push_back(exchange.get());
        if (wakes_at_once) wake();
        return exchange;
    }

    std::unique_ptr<net::Exchange> refuse(const net::Refusal& refusal) override {
        refused.push_back(refusal);
        return std::make_unique<Exchange>(
            *this, answer("refused: " + std::string(refusal.reason), refusal.status), std::nullopt);
    }

    // Lets an exchange go on, the latest one or the nth.
    void wake() { wake(exchanges.size() - 1); }
    void wake(size_t n) {
        if (exchanges[n] == nullptr) return;
        exchanges[n]->is_woken_ = true;
        wakeups[n].wake();
    }

    std::deque<Script> scripts;
    bool wants_bodies = true;
    bool wakes_at_once = false;
    std::vector<std::string> screened;  // paths
    std::vector<Opened> opened;
    std::vector<net::Refusal> refused;
    std::vector<net::Wakeup> wakeups;
    std::vector<std::string> events;  // pump, set_aside, gone
    std::vector<int> pumped;          // which of the exchanges, as opened; -1: a refusal
    size_t written = 0;               // bytes, by all exchanges
    int alive = 0;
    int complaints = 0;  // broken promises of the connection

private:
    class Exchange;
    std::vector<Exchange*> exchanges;  // as opened; null when gone

    class Exchange final : public net::Exchange {
    public:
        Exchange(ScriptedHandler& handler, Script script, std::optional<net::Request> request)
            : handler_(handler), script_(std::move(script)), request_(request) {
            ++handler_.alive;
            if (request_) copy_ = text_of(*request_);
        }
        ~Exchange() override {
            handler_.events.emplace_back("gone");
            --handler_.alive;
            if (number_ >= 0) handler_.exchanges[static_cast<size_t>(number_)] = nullptr;
        }

        net::Progress pump(net::Responder& out) override {
            handler_.events.emplace_back("pump");
            handler_.pumped.push_back(number_);
            is_pumped_ = true;
            check_request();
            while (next_ < script_.size()) {
                const Step& step = script_[next_];
                switch (step.kind) {
                    case Step::Kind::start:
                        out.start(step.head);
                        break;
                    case Step::Kind::write:
                        out.body().append(step.text);
                        handler_.written += step.text.size();
                        break;
                    case Step::Kind::flood:
                        while (flooded_ < step.bytes && out.body().has_room()) {
                            out.body().append(step.text);
                            flooded_ += step.text.size();
                            handler_.written += step.text.size();
                        }
                        if (flooded_ < step.bytes) return net::Progress::waiting;
                        flooded_ = 0;
                        break;
                    case Step::Kind::wake_at:
                        deadline_ = step.time;
                        break;
                    case Step::Kind::wait:
                        if (!may_go_on()) {
                            if (deadline_) out.wake_at(*deadline_);
                            return net::Progress::waiting;
                        }
                        break;
                    case Step::Kind::more:
                        ++next_;
                        return net::Progress::more;
                    case Step::Kind::finish:
                        return net::Progress::finished;
                    case Step::Kind::abort:
                        return net::Progress::aborted;
                }
                ++next_;
            }
            return net::Progress::waiting;
        }

        void set_aside() override {
            handler_.events.emplace_back("set_aside");
            if (!is_pumped_ || !request_) ++handler_.complaints;
            check_request();  // the bytes must still be there, for the last time
            request_.reset();
        }

        std::string_view path() const override { return "/scripted"; }

    private:
        static std::string text_of(const net::Request& request) {
            std::string text(request.method_name);
            for (const std::string_view part : {request.path, request.body}) {
                text.append(" ").append(part);
            }
            return text;
        }

        void check_request() {
            if (request_ && text_of(*request_) != copy_) ++handler_.complaints;
        }

        // Whether a wait is over.
        bool may_go_on() {
            const bool was_waiting = std::exchange(is_waiting_, true);
            const bool is_time = deadline_ && ManualClock::now() >= *deadline_;
            if (!was_waiting || !(is_woken_ || is_time)) {
                if (!was_waiting) is_woken_ = false;
                return false;
            }
            is_waiting_ = is_woken_ = false;
            deadline_.reset();
            return true;
        }

        friend class ScriptedHandler;
        ScriptedHandler& handler_;
        const Script script_;
        std::optional<net::Request> request_;  // as long as its views are promised
        std::string copy_;
        size_t next_ = 0;
        size_t flooded_ = 0;
        int number_ = -1;
        bool is_pumped_ = false;
        bool is_waiting_ = false;
        bool is_woken_ = false;
        std::optional<net::TimePoint> deadline_;
    };
};

}  // namespace test
