#include "core/text_limits.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace core {

using json::Delta;
using json::JsonText;

namespace {

constexpr int64_t bytes_per_token = 4;
// So that it can be counted in bytes.
constexpr int64_t tokens_most = std::numeric_limits<int64_t>::max() / bytes_per_token;

[[gnu::cold]] Failure too_long_stop(size_t bytes_max) {
    return invalid_request(400,
                           "Invalid 'stop': string too long. Expected a string with maximum "
                           "length " +
                               std::to_string(bytes_max) + ".",
                           "string_above_max_length", "stop");
}

bool is_limited(const Delta& delta) {
    return delta.kind == Delta::Kind::text || delta.kind == Delta::Kind::reasoning ||
           delta.kind == Delta::Kind::tool_arguments;
}

}  // namespace

bool TextLimits::are_good(const json::ChatRequest& chat, size_t stop_bytes_max, Failure& failure) {
    for (const JsonText& stop : chat.stop) {
        if (stop.size() <= stop_bytes_max) continue;
        failure = too_long_stop(stop_bytes_max);
        return false;
    }
    return true;
}

TextLimits::TextLimits(std::unique_ptr<Generation> source, const json::ChatRequest& chat)
    : source_(std::move(source)), tokens_max_(std::min(chat.max_tokens.value_or(0), tokens_most)) {
    for (const JsonText& stop : chat.stop) {
        std::string plain;
        stop.unescape(plain);
        stops_.emplace_back(std::move(plain));
    }
}

Next TextLimits::next(Delta& out) {
    while (source_) {
        if (following_) {
            const auto said = std::move(following_);
            shown_ = std::move(said->text);
            out = said->delta;
            out.text = JsonText::trusted(shown_);
            return said->next;
        }
        if (is_cut_) {
            end_with(json::Finish::length);
            break;
        }
        const Next said = source_->next(out);
        if (said == Next::wait) return said;
        if (said == Next::delta && is_limited(out)) {
            if (!admit(out)) {
                end_with(json::Finish::length);
                break;
            }
            if (out.kind == Delta::Kind::text && !stops_.empty()) {
                if (match(out.text)) return show(out);
                continue;
            }
        }
        if (held_.empty()) return said;
        const JsonText text = said == Next::delta ? out.text : JsonText();
        following_ = std::make_unique<Said>(Said{said, out, std::string(text.view())});
        shown_bytes_ = held_.size();
        return show(out);
    }
    if (!held_.empty()) return show(out);
    if (is_finished_) return Next::end;
    is_finished_ = true;
    out = Delta();  // what the source said last has died with it
    out.kind = Delta::Kind::finish;
    out.finish = reason_;
    return Next::delta;
}

bool TextLimits::admit(Delta& delta) {
    const bool is_counted = delta.tokens != 0;
    if (!is_counted && delta.text.empty()) return true;
    const int64_t bytes_left = tokens_max_ * bytes_per_token - estimated_bytes_;
    if (tokens_max_ != 0 && (is_counted ? tokens_ >= tokens_max_ : bytes_left <= 0)) return false;
    if (is_counted) {
        tokens_ += delta.tokens;
        return true;
    }
    if (tokens_max_ != 0) {
        const JsonText whole = delta.text;
        delta.text = whole.cut(static_cast<size_t>(bytes_left));
        is_cut_ = delta.text.size() < whole.size();
    }
    estimated_bytes_ += static_cast<int64_t>(delta.text.size());
    tokens_ = (estimated_bytes_ + bytes_per_token - 1) / bytes_per_token;
    // A last character of several bytes may stand over the limit.
    if (tokens_max_ != 0) tokens_ = std::min(tokens_, tokens_max_);
    return true;
}

void TextLimits::end_with(json::Finish reason) {
    usage_ = source_->usage();
    usage_.completion_tokens = tokens_;
    reason_ = reason;
    shown_bytes_ = held_.size();
    source_.reset();
}

bool TextLimits::match(JsonText piece) {
    const size_t known = held_.size();
    piece.unescape(held_);
    const std::string_view added = std::string_view(held_).substr(known);
    size_t found = std::string::npos;
    size_t held_back = 0;
    for (StopMatcher& stop : stops_) {
        const size_t end = stop.feed(added);
        if (end != StopMatcher::none) found = std::min(found, known + end - stop.size());
        held_back = std::max(held_back, stop.pending());
    }
    if (found != std::string::npos) {
        held_.resize(found);
        end_with(json::Finish::stop);
    } else {
        shown_bytes_ = held_.size() - held_back;
    }
    return shown_bytes_ != 0;
}

Next TextLimits::show(Delta& out) {
    shown_.clear();
    json::escape(std::string_view(held_).substr(0, shown_bytes_), shown_);
    held_.erase(0, shown_bytes_);
    out.kind = Delta::Kind::text;
    out.text = JsonText::trusted(shown_);
    out.tokens = 0;
    return Next::delta;
}

void TextLimits::set_aside() {
    if (source_) source_->set_aside();
}

}  // namespace core
