#include "core/choices.h"

#include <algorithm>

namespace core {
namespace {

void add(const json::Usage& usage, json::Usage& sum) {
    sum.prompt_tokens = usage.prompt_tokens;  // the choices share one prompt
    sum.completion_tokens += usage.completion_tokens;
    if (usage.cached_tokens >= 0) sum.cached_tokens = usage.cached_tokens;
    if (usage.reasoning_tokens >= 0) {
        sum.reasoning_tokens = std::max<int64_t>(sum.reasoning_tokens, 0) + usage.reasoning_tokens;
    }
}

}  // namespace

Choices::Choices(std::vector<std::unique_ptr<Generation>> choices)
    : choices_(std::move(choices)), open_(static_cast<uint32_t>(choices_.size())) {}

Next Choices::next(json::Delta& out) {
    for (uint32_t waiting = 0; waiting < open_; advance()) {
        const Next said = choices_[current_]->next(out);
        switch (said) {
            case Next::delta:
                out.choice = current_;
                advance();
                return said;
            case Next::wait:
                ++waiting;
                break;
            case Next::end:
                close_current();
                if (open_ == 0) return said;
                waiting = 0;
                break;
            case Next::failed:
                return said;
        }
    }
    return Next::wait;
}

// The next choice that is open. REQUIRES: one is.
void Choices::advance() {
    do {
        current_ = (current_ + 1) % static_cast<uint32_t>(choices_.size());
    } while (!choices_[current_]);
}

void Choices::close_current() {
    add(choices_[current_]->usage(), ended_);
    choices_[current_].reset();
    --open_;
}

net::TimePoint Choices::deadline() const {
    net::TimePoint earliest = net::TimePoint::max();
    for (const auto& choice : choices_) {
        if (choice) earliest = std::min(earliest, choice->deadline());
    }
    return earliest;
}

json::Usage Choices::usage() const {
    json::Usage sum = ended_;
    for (const auto& choice : choices_) {
        if (choice) add(choice->usage(), sum);
    }
    return sum;
}

void Choices::set_aside() {
    for (const auto& choice : choices_) {
        if (choice) choice->set_aside();
    }
}

}  // namespace core
