#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/backend.h"
#include "core/stop_matcher.h"

namespace core {

// TextLimits applies `stop` and `max_tokens` to the deltas of any generation, so that every
// backend has them. `max_tokens` is about all that is said, calls included; `stop` about the text:
// a stop string is found across the borders of deltas, and what could be its beginning is held
// back. When a limit is reached the generation behind it is destroyed, which cancels it.
class TextLimits final : public Generation {
public:
    // Whether the request asks for any limit.
    static bool are_in(const json::ChatRequest& chat) {
        return chat.max_tokens || !chat.stop.empty();
    }

    // Whether its stop strings are short enough; if not, `failure` says so.
    [[nodiscard]] static bool are_good(const json::ChatRequest& chat, size_t stop_bytes_max,
                                       Failure& failure);

    // Copies what it needs of the request.
    TextLimits(std::unique_ptr<Generation> source, const json::ChatRequest& chat);

    Next next(json::Delta& out) override;
    net::TimePoint deadline() const override { return source_->deadline(); }
    const Failure& failure() const override { return source_->failure(); }
    json::Usage usage() const override { return source_ ? source_->usage() : usage_; }
    void set_aside() override;

private:
    // What the source said, with the text it said it of: its own is gone by the next turn.
    struct Said {
        Next next;
        json::Delta delta;
        std::string text;
    };

    // Counts a piece of text, reasoning or arguments and cuts it to what is left; false when
    // nothing is.
    bool admit(json::Delta& delta);
    // Cancels the source and lets `reason` follow what is held.
    void end_with(json::Finish reason);
    // Holds a piece and looks for stop strings; true when some of what is held can be shown.
    bool match(json::JsonText piece);
    // Hands out the first `shown_bytes_` of what is held.
    Next show(json::Delta& out);

    std::unique_ptr<Generation> source_;  // null once a limit was reached
    std::vector<StopMatcher> stops_;      // in plain text
    const int64_t tokens_max_;            // 0: no limit
    int64_t tokens_ = 0;
    int64_t estimated_bytes_ = 0;  // of pieces that do not say how many tokens they are
    json::Usage usage_;            // once there is no source
    json::Finish reason_ = json::Finish::stop;
    bool is_cut_ = false;  // a piece was longer than what was left: nothing may follow it
    bool is_finished_ = false;
    std::string held_;  // plain text; behind shown_bytes_ it may begin a stop string
    size_t shown_bytes_ = 0;
    std::string shown_;                // what the last delta points to
    std::unique_ptr<Said> following_;  // behind the text that is held
};

}  // namespace core
