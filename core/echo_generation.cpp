#include "core/echo_generation.h"

#include <algorithm>
#include <utility>

#include "core/echo_words.h"

namespace core {

using json::Delta;
using json::JsonText;

std::unique_ptr<char[]> copy_of(std::string_view text) {
    std::unique_ptr<char[]> copy(new char[text.size()]);
    std::copy(text.begin(), text.end(), copy.get());
    return copy;
}

EchoGeneration::EchoGeneration(const net::TimerWheel& clock, const EchoCourse& course, Reply reply)
    : clock_(clock),
      owned_(std::move(reply.owned)),
      tool_(std::move(reply.tool)),
      rest_(reply.text),
      whole_bytes_(reply.text.size()),
      begun_(clock.now()),
      course_(course),
      prompt_tokens_(reply.prompt_tokens),
      is_paced_(course.delay.count() != 0 || course.interval.count() != 0),
      in_one_piece_(reply.in_one_piece && !is_paced_ && course.tokens == EchoCourse::never &&
                    course.error_after == EchoCourse::never &&
                    course.stall_after == EchoCourse::never) {}

JsonText EchoGeneration::whole() const {
    const std::string_view rest = rest_.view();
    return JsonText::trusted({rest.data() + rest.size() - whole_bytes_, whole_bytes_});
}

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
    out.kind = Delta::Kind::begin;
    return Next::delta;
}

Next EchoGeneration::token(Delta& out, Delta::Kind kind) {
    if (emitted_ == checkpoint_) {
        const Next said = checkpoint();
        if (said != Next::delta) return said;
    }
    const bool is_over = rest_.empty();
    if (is_over && !(is_counted() && whole_bytes_ != 0)) {
        leave_stage();
        return next(out);
    }
    if (is_paced_ && !is_due()) return Next::wait;
    out.kind = kind;
    out.tool_index = 0;
    out.tokens = 1;
    if (is_over) {
        // From the top, and the last word must not run into the first one.
        out.text = JsonText::trusted(" ");
        rest_ = whole();
    } else if (in_one_piece_) {
        out.text = rest_;
        out.tokens = count_words(rest_);
        rest_ = rest_.after(rest_);
    } else {
        out.text = first_word(rest_);
        rest_ = rest_.after(out.text);
    }
    emitted_ += out.tokens;
    return Next::delta;
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
    if (is_counted() && emitted_ >= stage_begin_ + course_.tokens) {
        rest_ = JsonText();
        whole_bytes_ = 0;
    }
    find_checkpoint();
    return Next::delta;
}

void EchoGeneration::find_checkpoint() {
    checkpoint_ = EchoCourse::never;
    for (const uint32_t border : {course_.error_after, course_.stall_after}) {
        if (border >= emitted_) checkpoint_ = std::min(checkpoint_, border);
    }
    if (is_counted() && whole_bytes_ != 0) {
        checkpoint_ = std::min(checkpoint_, stage_begin_ + course_.tokens);
    }
}

void EchoGeneration::enter(Stage stage) {
    stage_ = stage;
    rest_ = whole();
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
    const JsonText kept = needs_whole ? whole() : rest_;
    const size_t done = kept.size() - rest_.size();
    owned_ = copy_of(kept.view());
    whole_bytes_ = kept.size();
    rest_ = JsonText::trusted(std::string_view(owned_.get(), kept.size()).substr(done));
}

}  // namespace core
