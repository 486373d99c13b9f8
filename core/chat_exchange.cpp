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

void WholeAnswer::restart(size_t choice_count) {
    if (choices.size() != choice_count) choices.resize(choice_count);
    for (json::CollectedChoice& choice : choices) choice.clear();
    fault.clear();
    bytes = sent = 0;
    is_written = false;
}

ChatExchange::ChatExchange(ChatServices& services, const Setup& setup,
                           std::unique_ptr<Generation> generation)
    : services_(services),
      head_(setup.head),
      generation_(std::move(generation)),
      whole_(setup.is_stream ? nullptr : std::move(services.spare)),
      opened_(services.clock.now()),
      ping_at_(opened_ + services.limits.ping_interval),
      has_version_(setup.has_version),
      is_stream_(setup.is_stream),
      includes_usage_(setup.includes_usage) {
    if (setup.is_stream) return;
    if (!whole_) whole_ = std::make_unique<WholeAnswer>();
    whole_->restart(setup.choices);
}

ChatExchange::~ChatExchange() {
    if (is_started_) services_.metrics.streams_open.subtract();
    if (whole_) give_back_whole();
}

// The next exchange may begin before this one is gone.
void ChatExchange::give_back_whole() {
    const bool is_small = std::max(whole_->body.capacity(), whole_->bytes) <= kept_bytes_max;
    if (is_small) services_.spare = std::move(whole_);
}

Progress ChatExchange::pump(net::Responder& out) {
    if (whole_ && whole_->is_written) return send_whole(out);
    return is_stream_ ? stream(out) : collect(out);
}

Progress ChatExchange::stream(net::Responder& out) {
    services_.writer.begin(head_, includes_usage_);
    const size_t written_before = out.body().size();
    const Next said = write_events(out);
    if (said == Next::end) return finish_stream(out.body());
    if (said == Next::failed) return refuse(out, generation_->failure());
    ping_if_silent(out, written_before);
    out.wake_at(said == Next::wait ? std::min(generation_->deadline(), ping_at_) : ping_at_);
    return Progress::waiting;
}

// What the generation said last; Next::delta: there was no room for more.
Next ChatExchange::write_events(net::Responder& out) {
    net::OutputBuffer& body = out.body();
    uint64_t events = 0;
    Next said = Next::delta;
    Delta delta;
    while (body.has_room()) {
        said = generation_->next(delta);
        if (said != Next::delta) break;
        if (!is_started_) start_stream(out);
        if (delta.kind == Delta::Kind::begin) continue;
        write_event(body, delta);
        ++events;
        if (delta.kind == Delta::Kind::text) events += write_more_text(body);
    }
    services_.metrics.frames.add(events);
    return said;
}

// What a generation has at hand behind a piece of text, many events at a time; returns how many.
size_t ChatExchange::write_more_text(net::OutputBuffer& body) {
    size_t events = 0;
    const std::span<json::JsonText> pieces = services_.pieces;
    while (body.has_room()) {
        const std::span said = pieces.first(generation_->more_text(pieces));
        if (said.empty()) break;
        char* to = body.reserve(services_.writer.bytes_max(said));
        body.commit_to(services_.writer.write(to, said));
        events += said.size();
    }
    return events;
}

inline void ChatExchange::write_event(net::OutputBuffer& body, const Delta& delta) {
    const bool is_first = begins(delta);
    const json::SseWriter& writer = services_.writer;
    char* to = body.reserve(writer.bytes_max(delta));
    body.commit_to(writer.write(to, delta, is_first));
}

// Whether this is the first that its choice says.
inline bool ChatExchange::begins(const Delta& delta) {
    const uint32_t choice = 1u << delta.choice;
    if (begun_ & choice) return false;
    if (begun_ == 0) services_.metrics.first_token.observe(services_.clock.now() - opened_);
    begun_ |= choice;
    return true;
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

Progress ChatExchange::collect(net::Responder& out) {
    WholeAnswer& whole = *whole_;
    Delta delta;
    for (uint32_t turn = 0; turn < services_.limits.deltas_per_turn; ++turn) {
        switch (generation_->next(delta)) {
            case Next::delta:
                if (delta.kind == Delta::Kind::begin) break;
                (void)begins(delta);
                whole.bytes += delta.text.size();
                if (whole.bytes > services_.limits.answer_bytes_max) return refuse_length(out);
                whole.choices[delta.choice].add(delta);
                break;
            case Next::wait:
                if (const net::TimePoint deadline = generation_->deadline();
                    deadline != net::TimePoint::max()) {
                    out.wake_at(deadline);
                }
                return Progress::waiting;
            case Next::end:
                return finish_whole(out);
            case Next::failed:
                return refuse(out, generation_->failure());
        }
    }
    return Progress::more;
}

// Counts what was generated, and lets go of what has generated it.
json::Usage ChatExchange::close() {
    const json::Usage usage = generation_->usage();
    generation_.reset();
    services_.metrics.duration.observe(services_.clock.now() - opened_);
    services_.metrics.prompt_tokens.add(static_cast<uint64_t>(usage.prompt_tokens));
    services_.metrics.completion_tokens.add(static_cast<uint64_t>(usage.completion_tokens));
    return usage;
}

Progress ChatExchange::finish_stream(net::OutputBuffer& body) {
    Delta delta;
    delta.kind = Delta::Kind::usage;
    delta.usage = close();
    if (includes_usage_) {
        write_event(body, delta);
        services_.metrics.frames.add();
    }
    body.append(json::SseWriter::done);
    return Progress::finished;
}

Progress ChatExchange::finish_whole(net::Responder& out) {
    WholeAnswer& whole = *whole_;
    json::CompletionWriter& writer = services_.completions;
    writer.begin(head_);
    // What the last answer left there is written over.
    const size_t room = writer.bytes_max(whole.choices);
    if (whole.body.size() < room) whole.body.resize(room);
    const char* end = writer.write(whole.body.data(), whole.choices, close());
    whole.body_size = static_cast<size_t>(end - whole.body.data());
    if (whole.bytes > kept_bytes_max) whole.choices.clear();  // no longer needed
    start_whole(out, 200, cors_fields);
    return send_whole(out);
}

void ChatExchange::start_whole(net::Responder& out, uint16_t status, std::string_view fields) {
    whole_->is_written = true;
    services_.metrics.count_response(Route::chat, status);
    net::ResponseHead head;
    head.status = status;
    head.content_type = "application/json";
    head.content_length = static_cast<int64_t>(whole_->body_size);
    head.fields = fields;
    out.start(head);
}

Progress ChatExchange::send_whole(net::Responder& out) {
    const auto body = std::string_view(whole_->body).substr(0, whole_->body_size);
    if (!send_body(body, whole_->sent, out.body())) return Progress::waiting;
    if (whole_->fault.empty()) give_back_whole();
    return Progress::finished;
}

// Before the first byte an error is a response of its own; after it an event, and the end of the
// stream without a finish_reason, so that no client takes what it got for the whole.
Progress ChatExchange::refuse(net::Responder& out, const Failure& failure) {
    if (!whole_) whole_ = std::make_unique<WholeAnswer>();
    whole_->fault = failure.message;
    whole_->body.clear();
    if (is_started_) {
        services_.metrics.count_error(Metrics::Kind::mid_stream);
        json::write_error_event(failure.error(), whole_->body);
        out.body().append(whole_->body);
        out.body().append(json::SseWriter::done);
        return Progress::finished;
    }
    services_.metrics.count_error(Metrics::Kind::backend);
    json::write_error(failure.error(), whole_->body);
    whole_->body_size = whole_->body.size();
    start_whole(out, failure.status, error_fields(failure));
    return send_whole(out);
}

Progress ChatExchange::refuse_length(net::Responder& out) {
    return refuse(out, failure_for_status(400, "The answer is too long."));
}

void ChatExchange::set_aside() {
    if (generation_) generation_->set_aside();
}

}  // namespace core
