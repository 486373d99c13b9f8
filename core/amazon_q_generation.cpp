#include "core/amazon_q_generation.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "net/http_text.h"

namespace core {

using json::Delta;
using State = net::HttpCall::State;

namespace {

// Events are read where net leaves them.
static_assert(net::InputBuffer::tail_slack >= json::Reader::padding_bytes);

// As the official client: three attempts, waits that double, ten seconds at the most.
constexpr uint32_t attempts_max = 3;
// With what is repeated once for another reason, a refused token or an empty answer.
constexpr uint32_t calls_max = 4;
constexpr net::Milliseconds first_wait{500};
constexpr net::Milliseconds longest_wait{10'000};
// What a refused client is told to wait unless the service says it, and the most it is told.
constexpr std::chrono::seconds usual_retry_after{5};
constexpr std::chrono::seconds longest_retry_after{3'600};
// More of an error's body is not read.
constexpr size_t refusal_bytes_max = 64 * 1024;
constexpr size_t frame_bytes_max = 1024 * 1024;

constexpr std::string_view event_stream_type = "application/vnd.amazon.eventstream";

bool is_timeout(net::CallError error) {
    return error == net::CallError::connect_timeout || error == net::CallError::head_timeout ||
           error == net::CallError::silence || error == net::CallError::total_timeout;
}

// Zero: absent, or a date (RFC 9110 section 10.2.3), which the service does not send.
std::chrono::seconds read_retry_after(std::string_view field) {
    uint32_t seconds = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), seconds);
    if (error == std::errc::result_out_of_range) return longest_retry_after;
    if (error != std::errc() || end != field.data() + field.size()) return {};
    return std::min(longest_retry_after, std::chrono::seconds(seconds));
}

}  // namespace

AmazonQGeneration::AmazonQGeneration(AmazonQServices& services, net::Wakeup wakeup,
                                     Question question)
    : services_(services),
      wakeup_(wakeup),
      question_(std::move(question)),
      waiter_(wakeup),
      parser_(frame_bytes_max) {
    authorize();
}

Next AmazonQGeneration::next(Delta& out) {
    Next step = Next::delta;
    while (step == Next::delta) {
        switch (stage_) {
            case Stage::authorize:
                step = authorize();
                break;
            case Stage::head:
                step = read_head();
                break;
            case Stage::refusal:
                step = read_refusal();
                break;
            case Stage::body:
                if (hand_out(out)) return Next::delta;
                step = read_frame();
                break;
            case Stage::tail:
                if (hand_out(out)) return Next::delta;
                stage_ = Stage::end;
                break;
            case Stage::pause:
                step = pause();
                break;
            case Stage::end:
                return Next::end;
            case Stage::failed:
                return Next::failed;
        }
    }
    return step;
}

// Of the events that have come already. What is more than text, or no good, is left for next().
size_t AmazonQGeneration::more_text(std::span<json::JsonText> out) {
    using Status = net::EventStreamParser::Status;
    const std::string_view window = call_->peek();
    net::Frame frame;
    size_t count = 0;
    while (count < out.size() &&
           parser_.next(window.substr(frame_bytes_), frame) == Status::frame &&
           frame.message_type == "event" &&
           events_->feed_text(frame.event_type, frame.payload, out[count])) {
        frame_bytes_ += frame.size;
        ++count;
    }
    return count;
}

net::TimePoint AmazonQGeneration::deadline() const {
    return stage_ == Stage::pause ? retry_at_ : net::TimePoint::max();
}

Next AmazonQGeneration::authorize() {
    const bool needs_token = !services_.settings.iam;
    if (const Next taken = needs_token ? take_token() : Next::delta; taken != Next::delta) {
        return taken;
    }
    ++attempts_;
    const Token& token = services_.token;
    token_version_ = token.version;
    call_ = services_.client.start(services_.calls.request(token, question_.body, ::time(nullptr)),
                                   wakeup_);
    parser_ = net::EventStreamParser(frame_bytes_max);
    events_.emplace(services_.reader, question_.names, question_.prompt_bytes);
    stage_ = Stage::head;
    return Next::delta;
}

Next AmazonQGeneration::take_token() {
    Failure failure;
    switch (services_.tokens.take(waiter_, services_.token, failure)) {
        case TokenSource::State::ready:
            return Next::delta;
        case TokenSource::State::refreshing:
            return Next::wait;
        case TokenSource::State::unavailable:
            break;
    }
    failure_ = std::make_unique<Failure>(std::move(failure));
    stage_ = Stage::failed;
    return Next::failed;
}

Next AmazonQGeneration::read_head() {
    switch (call_->state()) {
        case State::connecting:
        case State::sending:
        case State::waiting:
            return Next::wait;
        case State::failed:
            return lose(call_->failure());
        case State::streaming:
        case State::complete:
            break;
    }
    if (services_.log.wants(net::LogLevel::debug)) {
        services_.log.event(net::LogLevel::debug, "Amazon Q answered",
                            call_->field("x-amzn-requestid"));
    }
    const std::string_view type = call_->field("content-type");
    if (call_->status() != 200) {
        stage_ = Stage::refusal;
    } else if (net::equals_ignoring_case(type.substr(0, event_stream_type.size()),
                                         event_stream_type)) {
        call_->drop_fields();
        stage_ = Stage::body;
    } else {
        return fail(502, "upstream_malformed", "Amazon Q answered with something unexpected.");
    }
    return Next::delta;
}

Next AmazonQGeneration::read_refusal() {
    const State state = call_->state();
    const std::string_view body = call_->peek();
    if (state == State::streaming && body.size() < refusal_bytes_max) {
        if (call_->widen(refusal_bytes_max)) return Next::wait;
    }
    const std::chrono::seconds asked_wait = read_retry_after(call_->field("retry-after"));
    return refuse(
        json::read_amazon_q_error(call_->status(), call_->field("x-amzn-errortype"), body),
        asked_wait);
}

// Hands out what is left of the last frame. The counts at the end are kept for usage().
bool AmazonQGeneration::hand_out(Delta& out) {
    while (events_->next(out)) {
        if (out.kind == Delta::Kind::usage) {
            usage_ = out.usage;
            continue;
        }
        if (!has_shown_) {
            has_shown_ = true;
            std::string().swap(question_.body);  // there is no other attempt now
        }
        return true;
    }
    return false;
}

Next AmazonQGeneration::read_frame() {
    if (frame_bytes_ != 0) call_->consume(std::exchange(frame_bytes_, 0));
    const std::string_view window = call_->peek();
    net::Frame frame;
    switch (parser_.next(window, frame)) {
        case net::EventStreamParser::Status::need_more:
            return wait_for_frame(window);
        case net::EventStreamParser::Status::broken:
            return fail(502, "upstream_malformed",
                        "Amazon Q's answer is damaged: " + std::string(parser_.error()) + ".");
        case net::EventStreamParser::Status::frame:
            break;
    }
    frame_bytes_ = frame.size;
    if (frame.message_type == "exception") {
        return refuse(json::read_amazon_q_exception(frame.exception_type, frame.payload));
    }
    if (frame.message_type == "error") {
        return refuse(json::read_amazon_q_error_frame(frame.error_code, frame.error_message));
    }
    if (events_->feed(frame.event_type, frame.payload)) return Next::delta;
    return fail(502, "upstream_malformed", "Amazon Q sent an event that cannot be read.");
}

Next AmazonQGeneration::wait_for_frame(std::string_view window) {
    switch (call_->state()) {
        case State::failed:
            return lose(call_->failure());
        case State::complete:
            if (window.empty()) return finish_body();
            return fail(502, "upstream_cut", "Amazon Q's answer was cut off.");
        case State::connecting:
        case State::sending:
        case State::waiting:
        case State::streaming:
            break;
    }
    if (call_->widen(parser_.bytes_wanted())) return Next::wait;
    return fail(502, "upstream_malformed", "Amazon Q sent an event that is too large.");
}

Next AmazonQGeneration::finish_body() {
    if (events_->end()) {
        stage_ = Stage::tail;
        return Next::delta;
    }
    if (may_call_again(calls_max) && !std::exchange(has_asked_twice_, true)) {
        drop_call();
        stage_ = Stage::authorize;
        return Next::delta;
    }
    const std::string& fault = events_->fault();
    return fail(502, "upstream_empty",
                fault.empty() ? "Amazon Q gave an empty answer." : "Amazon Q: " + fault);
}

Next AmazonQGeneration::pause() {
    if (services_.clock.now() < retry_at_) return Next::wait;
    stage_ = Stage::authorize;
    return Next::delta;
}

bool AmazonQGeneration::may_call_again(uint32_t calls_most) const {
    return !has_shown_ && attempts_ < calls_most;
}

void AmazonQGeneration::try_again_later(net::Milliseconds asked_wait) {
    const net::Milliseconds wait =
        std::min(longest_wait, first_wait * (1 << std::min(attempts_ - 1, 8u)));
    // Between half and all of it, so that clients refused together do not come back together.
    const auto jitter = static_cast<int64_t>(net::scatter(services_.random++) % 512);
    retry_at_ = services_.clock.now() + asked_wait + wait / 2 + wait / 2 * jitter / 512;
    drop_call();
    stage_ = Stage::pause;
}

// The service said no, before the answer or in the middle of it.
Next AmazonQGeneration::refuse(const json::AmazonQError& error, std::chrono::seconds asked_wait) {
    services_.log.event(net::LogLevel::warn, "Amazon Q refused",
                        error.exception + (error.reason.empty() ? "" : " " + error.reason));
    const bool may_refresh =
        error.refresh_token && !services_.settings.iam && may_call_again(calls_max);
    if (may_refresh && !std::exchange(has_refreshed_, true)) {
        services_.tokens.reject(token_version_);
        drop_call();
        stage_ = Stage::authorize;
        return Next::delta;
    }
    if (error.retryable && asked_wait <= longest_wait && may_call_again(attempts_max)) {
        try_again_later(asked_wait);
        return Next::delta;
    }
    fail(error.status, error.code, error.message);
    failure_->type = error.type;
    const bool is_busy = error.retryable && (error.status == 429 || error.status == 503);
    const std::chrono::seconds retry_after =
        asked_wait.count() != 0 ? asked_wait : usual_retry_after;
    failure_->retry_after_seconds = is_busy ? static_cast<uint32_t>(retry_after.count()) : 0;
    return Next::failed;
}

// The call itself failed.
Next AmazonQGeneration::lose(const net::CallFailure& failure) {
    if (is_timeout(failure.error)) {
        return fail(504, "upstream_timeout", "Amazon Q did not answer in time: " + failure.text);
    }
    // From here on it was reached.
    if (call_->status() != 0 && failure.error == net::CallError::cut) {
        return fail(502, "upstream_cut", "Amazon Q's answer was cut off: " + failure.text);
    }
    if (call_->status() != 0) {
        return fail(502, "upstream_malformed", "Amazon Q's answer is damaged: " + failure.text);
    }
    return fail(502, "upstream_unreachable", "Amazon Q cannot be reached: " + failure.text);
}

Next AmazonQGeneration::fail(uint16_t status, std::string_view code, std::string message) {
    failure_ = std::make_unique<Failure>();
    failure_->status = status;
    failure_->code = code;
    failure_->message = std::move(message);
    drop_call();
    stage_ = Stage::failed;
    return Next::failed;
}

void AmazonQGeneration::drop_call() {
    call_.reset();
    frame_bytes_ = 0;
}

}  // namespace core
