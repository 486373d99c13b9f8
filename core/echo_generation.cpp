#include "core/echo_generation.h"

#include <algorithm>
#include <utility>

namespace core {

using json::Delta;
using json::JsonText;

std::unique_ptr<char[]> copy_of(std::string_view text) {
    std::unique_ptr<char[]> copy(new char[text.size()]);
    std::copy(text.begin(), text.end(), copy.get());
    return copy;
}

EchoGeneration::EchoGeneration(const net::TimerWheel& clock, const EchoCourse& course,
                               Reply&& reply)
    : clock_(clock),
      owned_(std::move(reply.owned)),
      tool_(std::move(reply.tool)),
      words_(reply.text),
      begun_(clock.now()),
      course_(course),
      prompt_tokens_(reply.prompt_tokens),
      is_paced_(course.delay.count() != 0 || course.interval.count() != 0),
      in_one_piece_(reply.in_one_piece && !is_paced_ && course.tokens == EchoCourse::never &&
                    course.error_after == EchoCourse::never &&
                    course.stall_after == EchoCourse::never) {}

Next EchoGeneration::next(Delta& out) {
    switch (stage_) {
        case Stage::text:
            return token(out, Delta::Kind::text);
        case Stage::reasoning:
            return token(out, Delta::Kind::reasoning);
        case Stage::arguments:
            return token(out, Delta::Kind::tool_arguments);
        case Stage::begin:
            return begin(out);
        case Stage::call:
            out.kind = Delta::Kind::tool_call;
            out.text = JsonText();  // the arguments follow
            out.tool_index = 0;
            out.tool_name = JsonText::trusted(tool_->name);
            out.tool_id = JsonText::trusted(tool_->id);
            enter(Stage::arguments);
            return Next::delta;
        case Stage::finish:
            out.kind = Delta::Kind::finish;
            out.text = JsonText();
            out.finish = tool_ ? json::Finish::tool_calls : json::Finish::stop;
            stage_ = Stage::end;
            return Next::delta;
        case Stage::end:
            break;
    }
    return Next::end;
}

Next EchoGeneration::begin(Delta& out) {
    if (course_.error != 0) {
        if (is_paced_ && !is_due()) return Next::wait;
        return fail(course_.error, "This error was asked for.");
    }
    enter(course_.reasoning ? Stage::reasoning : tool_ ? Stage::call : Stage::text);
    if (in_one_piece_) return next(out);  // there is something to show
    out.kind = Delta::Kind::begin;
    return Next::delta;
}

Next EchoGeneration::token(Delta& out, Delta::Kind kind) {
    if (emitted_ == checkpoint_) {
        const Next said = checkpoint();
        if (said != Next::delta) return said;
    }
    if (words_.is_over() && !is_repeated()) {
        leave_stage();
        return next(out);
    }
    if (is_paced_ && !is_due()) return Next::wait;
    out.kind = kind;
    out.tool_index = 0;
    out.tokens = 1;
    if (in_one_piece_) {
        out.text = words_.rest(out.tokens);
    } else {
        out.text = words_.is_over() ? begin_again() : words_.next();
    }
    emitted_ += out.tokens;
    return Next::delta;
}

size_t EchoGeneration::more_text(std::span<JsonText> out) {
    if (stage_ != Stage::text || is_paced_) return 0;
    out = out.first(std::min<size_t>(out.size(), checkpoint_ - emitted_));
    size_t count = words_.next(out);
    while (count < out.size() && is_repeated()) {
        out[count++] = begin_again();
        count += words_.next(out.subspan(count));
    }
    emitted_ += static_cast<uint32_t>(count);
    return count;
}

// What stands between the message and its repetition: the last word must not run into the first.
JsonText EchoGeneration::begin_again() {
    words_.rewind();
    return JsonText::trusted(" ");
}

net::TimePoint EchoGeneration::due() const {
    return begun_ + course_.delay + emitted_ * net::Milliseconds(course_.interval);
}

net::TimePoint EchoGeneration::deadline() const {
    return is_stalled_ ? net::TimePoint::max() : due();
}

Next EchoGeneration::checkpoint() {
    if (emitted_ >= course_.error_after) {
        if (is_paced_ && !is_due()) return Next::wait;
        return fail(500, "This error in mid-stream was asked for.");
    }
    if (emitted_ >= course_.stall_after) {
        is_stalled_ = true;
        return Next::wait;
    }
    if (is_repeated() && emitted_ >= stage_begin_ + course_.tokens) words_ = EchoWords();
    find_checkpoint();
    return Next::delta;
}

void EchoGeneration::find_checkpoint() {
    checkpoint_ = EchoCourse::never;
    for (const uint32_t border : {course_.error_after, course_.stall_after}) {
        if (border >= emitted_) checkpoint_ = std::min(checkpoint_, border);
    }
    if (is_repeated()) checkpoint_ = std::min(checkpoint_, stage_begin_ + course_.tokens);
}

void EchoGeneration::enter(Stage stage) {
    stage_ = stage;
    words_.rewind();
    stage_begin_ = emitted_;
    find_checkpoint();
}

void EchoGeneration::leave_stage() {
    if (stage_ == Stage::reasoning) return enter(tool_ ? Stage::call : Stage::text);
    stage_ = Stage::finish;
}

Next EchoGeneration::fail(uint16_t status, const char* message) {
    failure_ = std::make_unique<Failure>(failure_for_status(status, message));
    return Next::failed;
}

json::Usage EchoGeneration::usage() const {
    json::Usage usage;
    usage.prompt_tokens = prompt_tokens_;
    usage.completion_tokens = emitted_;
    return usage;
}

void EchoGeneration::set_aside() {
    if (owned_) return;
    const bool needs_whole =
        course_.tokens != EchoCourse::never || stage_ == Stage::begin || stage_ == Stage::reasoning;
    const size_t dropped = needs_whole ? 0 : words_.done();
    const std::string_view kept = words_.text().view().substr(dropped);
    owned_ = copy_of(kept);
    words_ = EchoWords(JsonText::trusted({owned_.get(), kept.size()}), words_.done() - dropped);
}

}  // namespace core
