#include "core/stop_matcher.h"

#include <doctest.h>

#include <random>

using core::StopMatcher;

TEST_CASE("StopMatcher finds the first match wherever the text is split") {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string stop, text;
        for (size_t i = random() % 5 + 1; i > 0; --i) stop += "ab"[random() % 2];
        for (size_t i = random() % 40; i > 0; --i) text += "ab"[random() % 2];
        const size_t begin = text.find(stop);
        StopMatcher matcher(stop);
        size_t found = StopMatcher::none;
        for (size_t at = 0; at < text.size() && found == StopMatcher::none;) {
            const size_t size = std::min<size_t>(random() % 4 + 1, text.size() - at);
            const size_t end = matcher.feed(std::string_view(text).substr(at, size));
            if (end != StopMatcher::none) found = at + end;
            at += size;
        }
        CAPTURE(stop);
        CAPTURE(text);
        REQUIRE(found == (begin == std::string::npos ? StopMatcher::none : begin + stop.size()));
    }
}

TEST_CASE("StopMatcher tells how much of the end may begin a match") {
    StopMatcher matcher("abac");
    CHECK(matcher.feed("xab") == StopMatcher::none);
    CHECK(matcher.pending() == 2);
    CHECK(matcher.feed("ab") == StopMatcher::none);
    CHECK(matcher.pending() == 2);
    CHECK(matcher.feed("x") == StopMatcher::none);
    CHECK(matcher.pending() == 0);
}
