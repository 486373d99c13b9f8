#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace core {

// StopMatcher looks for one stop string in a text that comes in pieces, byte for byte and in time
// proportional to the text (Knuth, Morris, Pratt), whatever both are.
class StopMatcher {
public:
    static constexpr size_t none = ~size_t{0};

    // REQUIRES: `stop` is not empty.
    explicit StopMatcher(std::string stop);

    // Where in `piece` the first match ends, or none. After a match nothing more is fed.
    size_t feed(std::string_view piece);

    // How many bytes at the end of the text so far begin the stop string.
    size_t pending() const { return matched_; }
    size_t size() const { return stop_.size(); }

private:
    std::string stop_;
    // For each prefix, the longest shorter prefix that is also its end.
    std::vector<uint32_t> fallback_;
    size_t matched_ = 0;
};

}  // namespace core
