#include "core/chat_exchange.h"

#include <algorithm>

#include "core/answer_exchange.h"
#include "json/error.h"

namespace core {

using json::Delta;
using net::Progress;

namespace {

constexpr std::string_view stream_fields =
    "Cache-Control: no-cache\r\n"
    "X-Accel-Buffering: no\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: x-request-id, retry-after\r\n";

// A collection area larger than this is not kept for the next exchange.
constexpr size_t kept_bytes_max = 64 * 1024;

}  // namespace

ChatExchange::ChatExchange(ChatServices& services, const Setup& setup, std::vector<Choice> choices)
    : services_(services),
      setup_(setup),
      choices_(std::move(choices)),
      opened_(services.clock.now()),
      ping_at_(opened_ + services.limits.ping_interval),
      open_choices_(static_cast<uint32_t>(choices_.size())) {
    if (setup.is_stream) return;
    whole_ = std::move(services.spare);
    if (!whole_) whole_ = std::make_unique<WholeAnswer>();
    whole_->choices.resize(choices_.size());
    for (json::CollectedChoice& choice : whole_->choices) choice.clear();
    whole_->text.clear();
    whole_->sent = whole_->bytes = 0;
    whole_->is_written = false;
}

ChatExchange::~ChatExchange() {
    if (setup_.is_stream && is_started_) services_.metrics.streams_open.subtract();
    const bool is_small =
        whole_ && std::max(whole_->text.capacity(), whole_->bytes) <= kept_bytes_max;
    if (is_small) services_.spare = std::move(whole_);
}

Progress ChatExchange::pump(net::Responder& out) {
    if (whole_ && whole_->is_written) return send_whole(out);
    if (setup_.is_stream) services_.writer.begin(setup_.head, setup_.includes_usage);
    const size_t written_before = out.body().size();
    net::TimePoint deadline = net::TimePoint::max();
    const Progress progress = pull(out, deadline);
    if (progress != Progress::waiting) return progress;
    if (setup_.is_stream) {
        ping_if_silent(out, written_before);
        deadline = std::min(deadline, ping_at_);
    }
    if (deadline != net::TimePoint::max()) out.wake_at(deadline);
    return progress;
}

// The earliest time at which a generation may have something without a wakeup. REQUIRES: all wait.
net::TimePoint ChatExchange::next_deadline() const {
    net::TimePoint deadline = net::TimePoint::max();
    for (const Choice& choice : choices_) {
        if (choice.generation) deadline = std::min(deadline, choice.generation->deadline());
    }
    return deadline;
}

// When all generations wait, `deadline` says until when.
Progress ChatExchange::pull(net::Responder& out, net::TimePoint& deadline) {
    const net::OutputBuffer& body = out.body();
    const uint32_t pieces_max = setup_.is_stream ? ~uint32_t{0} : services_.limits.deltas_per_turn;
    uint32_t waiting = 0;
    Delta delta;
    for (uint32_t pieces = 0; body.has_room(); ++pieces) {
        if (pieces == pieces_max) return Progress::more;
        Choice& choice = choices_[current_];
        switch (choice.generation->next(delta)) {
            case Next::delta:
                waiting = 0;
                put(out, current_, delta);
                if (whole_ && whole_->bytes > services_.limits.answer_bytes_max) {
                    return refuse(out, failure_for_status(400, "The answer is too long."));
                }
                break;
            case Next::wait:
                if (++waiting < open_choices_) break;
                deadline = next_deadline();
                return Progress::waiting;
            case Next::end:
                waiting = 0;
                close(choice);
                if (open_choices_ == 0) return finish(out);
                break;
            case Next::failed:
                return refuse(out, choice.generation->failure());
        }
        if (choices_.size() > 1) advance();
    }
    return Progress::waiting;
}

// The next choice that is open, so that the choices of an answer grow side by side.
void ChatExchange::advance() {
    do {
        current_ = (current_ + 1) % static_cast<uint32_t>(choices_.size());
    } while (!choices_[current_].generation);
}

void ChatExchange::close(Choice& choice) {
    const json::Usage usage = choice.generation->usage();
    usage_.prompt_tokens = usage.prompt_tokens;  // the choices share one prompt
    usage_.completion_tokens += usage.completion_tokens;
    if (usage.cached_tokens >= 0) usage_.cached_tokens = usage.cached_tokens;
    if (usage.reasoning_tokens >= 0) {
        usage_.reasoning_tokens = std::max<int64_t>(usage_.reasoning_tokens, 0);
        usage_.reasoning_tokens += usage.reasoning_tokens;
    }
    choice.generation.reset();
    --open_choices_;
}

void ChatExchange::put(net::Responder& out, uint32_t index, const Delta& delta) {
    if (!setup_.is_stream) {
        whole_->bytes += delta.text.size();
        if (whole_->bytes <= services_.limits.answer_bytes_max) whole_->choices[index].add(delta);
        if (delta.kind != Delta::Kind::begin) observe_first_token();
        return;
    }
    if (!is_started_) start_stream(out);
    if (delta.kind == Delta::Kind::begin) return;
    observe_first_token();
    write_event(out.body(), index, !choices_[index].has_begun, delta);
    choices_[index].has_begun = true;
}

void ChatExchange::write_event(net::OutputBuffer& body, uint32_t index, bool is_first,
                               const Delta& delta) {
    char* to = body.reserve(services_.writer.bytes_max(delta));
    body.commit_to(services_.writer.write(to, delta, index, is_first));
    services_.metrics.frames.add();
}

void ChatExchange::observe_first_token() {
    if (has_token_) return;
    has_token_ = true;
    services_.metrics.first_token.observe(services_.clock.now() - opened_);
}

void ChatExchange::start_stream(net::Responder& out) {
    is_started_ = true;
    services_.metrics.streams.add();
    services_.metrics.streams_open.add();
    services_.metrics.count_response(Route::chat, 200);
    net::ResponseHead head;
    head.content_type = "text/event-stream; charset=utf-8";
    head.content_length = net::ResponseHead::stream;
    head.fields = stream_fields;
    out.start(head);
}

// Also begins a response that the backend is slow to begin: a proxy that waits for the head gives
// up as readily as one that waits for the body.
void ChatExchange::ping_if_silent(net::Responder& out, size_t written_before) {
    const net::TimePoint now = services_.clock.now();
    if (out.body().size() == written_before) {
        if (now < ping_at_) return;
        if (!is_started_) start_stream(out);
        out.body().append(json::SseWriter::ping);
    }
    ping_at_ = now + services_.limits.ping_interval;
}

Progress ChatExchange::finish(net::Responder& out) {
    services_.metrics.duration.observe(services_.clock.now() - opened_);
    services_.metrics.prompt_tokens.add(static_cast<uint64_t>(usage_.prompt_tokens));
    services_.metrics.completion_tokens.add(static_cast<uint64_t>(usage_.completion_tokens));
    if (!setup_.is_stream) {
        json::write_completion(setup_.head, whole_->choices, usage_, whole_->text);
        if (whole_->bytes > kept_bytes_max) whole_->choices.clear();  // no longer needed
        start_whole(out, 200, cors_fields);
        return send_whole(out);
    }
    if (setup_.includes_usage) {
        Delta delta;
        delta.kind = Delta::Kind::usage;
        delta.usage = usage_;
        write_event(out.body(), 0, false, delta);
    }
    out.body().append(json::SseWriter::done);
    return Progress::finished;
}

void ChatExchange::start_whole(net::Responder& out, uint16_t status, std::string_view fields) {
    whole_->is_written = true;
    services_.metrics.count_response(Route::chat, status);
    net::ResponseHead head;
    head.status = status;
    head.content_type = "application/json";
    head.content_length = static_cast<int64_t>(whole_->text.size());
    head.fields = fields;
    out.start(head);
}

Progress ChatExchange::send_whole(net::Responder& out) {
    const bool is_sent = send_body(whole_->text, whole_->sent, out.body());
    return is_sent ? Progress::finished : Progress::waiting;
}

// Before the first byte an error is a response of its own; after it an event, and the end of the
// stream without a finish_reason, so that no client takes what it got for the whole.
Progress ChatExchange::refuse(net::Responder& out, const Failure& failure) {
    fault_ = std::make_unique<std::string>(failure.message);
    if (is_started_) {
        services_.metrics.count_error(Metrics::Kind::mid_stream);
        std::string event;
        json::write_error_event(failure.error(), event);
        out.body().append(event);
        out.body().append(json::SseWriter::done);
        return Progress::finished;
    }
    services_.metrics.count_error(Metrics::Kind::backend);
    if (!whole_) whole_ = std::make_unique<WholeAnswer>();
    whole_->text.clear();
    json::write_error(failure.error(), whole_->text);
    start_whole(out, failure.status, error_fields(failure));
    return send_whole(out);
}

void ChatExchange::set_aside() {
    for (Choice& choice : choices_) {
        if (choice.generation) choice.generation->set_aside();
    }
}

}  // namespace core
