#include "core/stop_matcher.h"

namespace core {

StopMatcher::StopMatcher(std::string stop) : stop_(std::move(stop)), fallback_(stop_.size() + 1) {
    for (size_t i = 1, length = 0; i < stop_.size(); ++i) {
        while (length != 0 && stop_[i] != stop_[length]) length = fallback_[length];
        if (stop_[i] == stop_[length]) ++length;
        fallback_[i + 1] = static_cast<uint32_t>(length);
    }
}

size_t StopMatcher::feed(std::string_view piece) {
    for (size_t i = 0; i < piece.size(); ++i) {
        while (matched_ != 0 && piece[i] != stop_[matched_]) matched_ = fallback_[matched_];
        if (piece[i] == stop_[matched_]) ++matched_;
        if (matched_ == stop_.size()) return i + 1;
    }
    return none;
}

}  // namespace core
