#include "core/text_limits.h"

#include <doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fake_generation.h"

using core::Next;
using core::TextLimits;
using json::Delta;
using json::Finish;
using json::JsonText;
using test::FakeGeneration;
using test::FakeRecord;

namespace {

std::string escaped(std::string_view plain) {
    std::string inside;
    json::escape(plain, inside);
    return inside;
}

// A request's limits; the stops are plain text.
struct Asked {
    explicit Asked(const std::vector<std::string>& plain_stops, int64_t tokens_max = 0) {
        for (const std::string& stop : plain_stops) stops.push_back(escaped(stop));
        for (const std::string& stop : stops) chat.stop.push_back(JsonText::trusted(stop));
        if (tokens_max != 0) chat.max_tokens = tokens_max;
    }

    std::vector<std::string> stops;
    json::ChatRequest chat;
};

// All that came out of a limited generation.
struct Outcome {
    std::string text;       // plain
    std::string reasoning;  // plain
    std::vector<Delta::Kind> kinds;
    std::string tools;
    Finish reason = Finish::stop;
    bool is_failed = false;
    json::Usage usage;
    int alive_at_end = 0;  // sources
};

Outcome outcome_of(FakeGeneration::Script script, const Asked& asked) {
    FakeRecord record;
    Outcome outcome;
    TextLimits limits(
        std::make_unique<FakeGeneration>(std::move(script), record, json::Usage{11, 99, -1, -1}),
        asked.chat);
    Delta delta;
    for (int calls = 0;; ++calls) {
        REQUIRE(calls < 1000);
        const Next said = limits.next(delta);
        if (said == Next::wait) continue;
        if (said == Next::end) break;
        if (said == Next::failed) {
            CHECK_FALSE(limits.failure().message.empty());
            outcome.is_failed = true;
            break;
        }
        if (outcome.kinds.empty() || outcome.kinds.back() != delta.kind) {
            outcome.kinds.push_back(delta.kind);
        }
        JsonText checked;
        CHECK(json::check(delta.text.view(), checked));
        if (delta.kind == Delta::Kind::text) {
            CHECK_FALSE(delta.text.empty());
            delta.text.unescape(outcome.text);
        }
        if (delta.kind == Delta::Kind::reasoning) delta.text.unescape(outcome.reasoning);
        if (delta.kind == Delta::Kind::tool_call) outcome.tools += delta.tool_name.view();
        if (delta.kind == Delta::Kind::tool_arguments) outcome.tools += delta.text.view();
        if (delta.kind == Delta::Kind::finish) outcome.reason = delta.finish;
    }
    outcome.usage = limits.usage();
    outcome.alive_at_end = record.alive;
    CHECK(record.complaints == 0);
    return outcome;
}

std::vector<std::string> units_of(std::string_view plain) {
    std::vector<std::string> units;
    for (const char c : plain) {
        if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) {
            units.back() += c;
        } else {
            units.emplace_back(1, c);
        }
    }
    return units;
}

// Calls `use` with every way to cut the text into deltas.
template <class Use>
void for_each_cut(std::string_view plain, Use use) {
    const std::vector<std::string> units = units_of(plain);
    const uint32_t ways = units.empty() ? 1 : 1u << (units.size() - 1);
    for (uint32_t way = 0; way < ways; ++way) {
        std::vector<std::string> pieces;
        for (size_t i = 0; i < units.size(); ++i) {
            if (i == 0 || (way >> (i - 1) & 1)) pieces.emplace_back();
            pieces.back() += units[i];
        }
        use(pieces);
    }
}

FakeGeneration::Script script_of(const std::vector<std::string>& pieces, uint32_t tokens = 0) {
    FakeGeneration::Script script = {test::begin()};
    for (const std::string& piece : pieces) script.push_back(test::text(escaped(piece), tokens));
    script.push_back(test::finish());
    return script;
}

// What must come out: the text up to the first place where any stop begins.
std::string expected_of(std::string_view plain, const std::vector<std::string>& stops) {
    size_t found = plain.size();
    for (const std::string& stop : stops) found = std::min(found, plain.find(stop));
    return std::string(plain.substr(0, found));
}

void check_all_cuts(const std::string& plain, const std::vector<std::string>& stops) {
    const Asked asked(stops);
    const std::string expected = expected_of(plain, stops);
    CAPTURE(plain);
    for_each_cut(plain, [&](const std::vector<std::string>& pieces) {
        const Outcome outcome = outcome_of(script_of(pieces), asked);
        REQUIRE(outcome.text == expected);
        REQUIRE(outcome.reason == Finish::stop);
        REQUIRE(outcome.kinds.back() == Delta::Kind::finish);
        // A source that is cut off is cancelled at once.
        REQUIRE(outcome.alive_at_end == (expected == plain ? 1 : 0));
    });
}

}  // namespace

TEST_CASE("TextLimits are needed only where something is limited") {
    CHECK_FALSE(TextLimits::are_in(Asked({}).chat));
    CHECK(TextLimits::are_in(Asked({"x"}).chat));
    CHECK(TextLimits::are_in(Asked({}, 5).chat));
}

TEST_CASE("TextLimits finds a stop string however the text is cut into deltas") {
    check_all_cuts("abSTOPcd", {"STOP"});
    check_all_cuts("STOPabcd", {"STOP"});
    check_all_cuts("abcdSTOP", {"STOP"});
    check_all_cuts("abcdSTO", {"STOP"});
    check_all_cuts("SSTOSTOP", {"STOP"});
    check_all_cuts("a", {"a"});
    check_all_cuts("b", {"a"});
    check_all_cuts("", {"a"});
}

TEST_CASE("TextLimits holds back what may begin a stop, and gives it out when it does not") {
    check_all_cuts("aabaabaab", {"aabaaa"});
    check_all_cuts("aaaaaab", {"aaab"});
    check_all_cuts("ababababc", {"ababc"});
    check_all_cuts("aaaaaaa", {"aaaaaaaa"});
    check_all_cuts("abcabcabd", {"abcabd"});
}

TEST_CASE("Of several stop strings the one that begins first wins") {
    check_all_cuts("xabcdy", {"cd", "bc"});
    check_all_cuts("xabcdy", {"abcde", "bc"});
    check_all_cuts("xabcdy", {"d", "abcd"});
    check_all_cuts("one two", {"two", "e t", "zzz", "o"});
    check_all_cuts("abab", {"bb", "ba", "aba"});
}

TEST_CASE("TextLimits compares text, not its escapes") {
    check_all_cuts("a\"b\\c\nd", {"\\c"});
    check_all_cuts("a\"b\\c\nd", {"\n"});
    check_all_cuts("ab\"\"cd", {"\"\""});
    check_all_cuts("h\xC3\xA9llo w\xC3\xB6rld", {"\xC3\xB6"});
    check_all_cuts("a\xF0\x9F\x98\x80z\xF0\x9F\x98\x81y", {"\xF0\x9F\x98\x81"});
    check_all_cuts("u0041n", {"A", "\\u"});
    // The same text escaped in another way is the same text.
    const Asked asked({"A/\xC3\xA9"});
    const FakeGeneration::Script script = {test::text("x\\u00"
                                                      "41\\/"),
                                           test::text("\\u00e9y"), test::finish()};
    CHECK(outcome_of(script, asked).text == "x");
}

TEST_CASE("A surrogate pair may come in two deltas") {
    const FakeGeneration::Script script = {test::text("a\\ud83d"), test::text("\\ude00b"),
                                           test::finish()};
    for (const char* stop : {"z", "ab", "\xF0\x9F\x98\x81"}) {
        FakeRecord record;
        const Asked asked({stop});
        TextLimits limits(std::make_unique<FakeGeneration>(script, record), asked.chat);
        std::string inside;
        Delta delta;
        while (limits.next(delta) == Next::delta) inside += delta.text.view();
        CHECK(inside == "a\\ud83d\\ude00b");
    }
}

TEST_CASE("TextLimits shows all that cannot begin a stop any more, at once") {
    const std::vector<std::string> stops = {"abcd", "bcx"};
    const std::string plain = "zabcabcbcbcq";
    FakeGeneration::Script script;
    for (const char c : plain) script.push_back(test::text(std::string(1, c)));
    // A wait behind each piece shows how far the text has come.
    for (size_t i = script.size(); i > 0; --i) {
        script.insert(script.begin() + static_cast<std::ptrdiff_t>(i), test::wait());
    }
    FakeRecord record;
    const Asked asked(stops);
    TextLimits limits(std::make_unique<FakeGeneration>(script, record), asked.chat);
    std::string shown;
    Delta delta;
    for (size_t bytes = 1; bytes <= plain.size(); ++bytes) {
        while (limits.next(delta) == Next::delta) delta.text.unescape(shown);
        const std::string_view so_far = std::string_view(plain).substr(0, bytes);
        size_t held = 0;
        for (const std::string& stop : stops) {
            for (size_t n = 1; n < stop.size() && n <= bytes; ++n) {
                if (stop.starts_with(so_far.substr(bytes - n))) held = std::max(held, n);
            }
        }
        CHECK(shown == so_far.substr(0, bytes - held));
    }
}

TEST_CASE("Held text comes out before whatever follows it") {
    const Asked asked({"STOP"});
    SUBCASE("a tool call") {
        const Outcome outcome =
            outcome_of({test::begin(), test::text("abST"), test::tool_call("f"),
                        test::tool_arguments("{}"), test::finish(Finish::tool_calls)},
                       asked);
        CHECK(outcome.text == "abST");
        CHECK(outcome.tools == "f{}");
        CHECK(outcome.reason == Finish::tool_calls);
        CHECK(outcome.kinds == std::vector{Delta::Kind::begin, Delta::Kind::text,
                                           Delta::Kind::tool_call, Delta::Kind::tool_arguments,
                                           Delta::Kind::finish});
    }
    SUBCASE("a finish") {
        const Outcome outcome =
            outcome_of({test::text("STO"), test::finish(Finish::content_filter)}, asked);
        CHECK(outcome.text == "STO");
        CHECK(outcome.reason == Finish::content_filter);
    }
    SUBCASE("a failure") {
        const Outcome outcome = outcome_of({test::text("abST"), test::fail(502, "broken")}, asked);
        CHECK(outcome.text == "abST");
        CHECK(outcome.is_failed);
    }
    SUBCASE("the end of a source that forgets its finish") {
        CHECK(outcome_of({test::text("abS")}, asked).text == "abS");
    }
    SUBCASE("the token limit") {
        const Outcome outcome = outcome_of(
            {test::text("ab", 1), test::text("ST", 1), test::text("zz", 1), test::finish()},
            Asked({"STOP"}, 2));
        CHECK(outcome.text == "abST");
        CHECK(outcome.reason == Finish::length);
    }
}

TEST_CASE("Stop strings are not looked for in reasoning and in arguments") {
    const Outcome outcome =
        outcome_of({test::reasoning("STOP"), test::text("x"), test::tool_call("STOP"),
                    test::tool_arguments("STOP"), test::finish()},
                   Asked({"STOP"}));
    CHECK(outcome.reasoning == "STOP");
    CHECK(outcome.tools == "STOPSTOP");
    CHECK(outcome.text == "x");
}

TEST_CASE("max_tokens counts the tokens that the backend counts") {
    const auto limited = [](int64_t tokens_max) {
        return outcome_of(script_of({"a ", "b ", "c ", "d "}, 1), Asked({}, tokens_max));
    };
    CHECK(limited(1).text == "a ");
    CHECK(limited(3).text == "a b c ");
    CHECK(limited(3).reason == Finish::length);
    CHECK(limited(3).usage.completion_tokens == 3);
    CHECK(limited(3).usage.prompt_tokens == 11);
    CHECK(limited(3).alive_at_end == 0);
    // Exactly as long as allowed is not cut.
    CHECK(limited(4).text == "a b c d ");
    CHECK(limited(4).reason == Finish::stop);
    CHECK(limited(4).usage.completion_tokens == 99);  // the source's own count
    CHECK(limited(1000).reason == Finish::stop);
}

TEST_CASE("max_tokens counts reasoning too") {
    const FakeGeneration::Script script = {test::reasoning("a", 1), test::reasoning("b", 1),
                                           test::text("c", 1), test::text("d", 1), test::finish()};
    CHECK(outcome_of(script, Asked({}, 1)).reasoning == "a");
    CHECK(outcome_of(script, Asked({}, 1)).text.empty());
    const Outcome outcome = outcome_of(script, Asked({}, 3));
    CHECK(outcome.reasoning == "ab");
    CHECK(outcome.text == "c");
    CHECK(outcome.reason == Finish::length);
}

TEST_CASE("max_tokens takes four bytes for a token where the backend does not count") {
    for (const std::string plain : {"abcdefghijkl",
                                    "ab\xC3\xA9"
                                    "c\xF0\x9F\x98\x80z",
                                    "\n\n\n\"\\x", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80"}) {
        const std::string inside = escaped(plain);
        for (int64_t tokens_max = 1; tokens_max <= 5; ++tokens_max) {
            const Asked asked({}, tokens_max);
            for_each_cut(plain, [&](const std::vector<std::string>& pieces) {
                const Outcome outcome = outcome_of(script_of(pieces), asked);
                CAPTURE(plain);
                CAPTURE(tokens_max);
                REQUIRE(plain.starts_with(outcome.text));
                REQUIRE_FALSE(outcome.text.empty());
                const auto bytes_max = static_cast<size_t>(tokens_max * 4);
                const bool is_whole = outcome.text == plain;
                REQUIRE(outcome.reason == (is_whole ? Finish::stop : Finish::length));
                // One character may stand over the limit, never two.
                REQUIRE(escaped(outcome.text).size() < bytes_max + 12);
                if (inside.size() <= bytes_max) REQUIRE(is_whole);
                if (!is_whole) REQUIRE(outcome.usage.completion_tokens <= tokens_max);
            });
        }
    }
}

TEST_CASE("Text is cut where the estimate ends even when it is the last piece") {
    const Outcome outcome = outcome_of({test::text("abcdefgh"), test::finish()}, Asked({}, 1));
    CHECK(outcome.text == "abcd");
    CHECK(outcome.reason == Finish::length);
    CHECK(outcome.usage.completion_tokens == 1);
}

TEST_CASE("Nothing of the text is left out before the limit") {
    // An escape that does not fit ends the text; what follows it must not slip through.
    const Outcome outcome =
        outcome_of({test::text("abcd\\u0001"), test::text("xyz"), test::finish()}, Asked({}, 2));
    CHECK(outcome.text == "abcd");
    CHECK(outcome.reason == Finish::length);
}

TEST_CASE("A stop string before the token limit wins, and the other way round") {
    const std::vector<std::string> pieces = {"a", "b", "c", "S", "T", "d"};
    CHECK(outcome_of(script_of(pieces, 1), Asked({"ST"}, 6)).reason == Finish::stop);
    CHECK(outcome_of(script_of(pieces, 1), Asked({"ST"}, 5)).text == "abc");
    CHECK(outcome_of(script_of(pieces, 1), Asked({"ST"}, 5)).reason == Finish::stop);
    CHECK(outcome_of(script_of(pieces, 1), Asked({"ST"}, 4)).text == "abcS");
    CHECK(outcome_of(script_of(pieces, 1), Asked({"ST"}, 4)).reason == Finish::length);
}

TEST_CASE("TextLimits hands on waits, deadlines, usage and set_aside") {
    FakeRecord record;
    const net::TimePoint deadline{std::chrono::hours(7)};
    const Asked asked({"x"}, 9);
    TextLimits limits(
        std::make_unique<FakeGeneration>(
            FakeGeneration::Script{test::begin(), test::wait(deadline), test::finish()}, record,
            json::Usage{1, 2, 3, 4}),
        asked.chat);
    Delta delta;
    CHECK(limits.next(delta) == Next::delta);
    CHECK(limits.next(delta) == Next::wait);
    CHECK(limits.deadline() == deadline);
    limits.set_aside();
    CHECK(record.set_aside == 1);
    CHECK(limits.next(delta) == Next::delta);
    CHECK(delta.kind == Delta::Kind::finish);
    CHECK(limits.next(delta) == Next::end);
    CHECK(limits.usage().cached_tokens == 3);
    CHECK(record.complaints == 0);
}

TEST_CASE("TextLimits may be set aside when it has cancelled its source") {
    FakeRecord record;
    const Asked asked({"b"});
    TextLimits limits(std::make_unique<FakeGeneration>(script_of({"ab", "cd"}), record),
                      asked.chat);
    Delta delta;
    while (limits.next(delta) == Next::delta && delta.kind != Delta::Kind::text) {
    }
    CHECK(record.alive == 0);
    limits.set_aside();
    CHECK(limits.next(delta) == Next::delta);
    CHECK(limits.next(delta) == Next::end);
}

TEST_CASE("The largest max_tokens limits nothing") {
    for (const int64_t tokens_max : {INT64_MAX, INT64_MAX / 4 + 1}) {
        const Outcome outcome = outcome_of(script_of({"some ", "text"}), Asked({}, tokens_max));
        CHECK(outcome.text == "some text");
        CHECK(outcome.reason == Finish::stop);
    }
}

TEST_CASE("max_tokens counts the arguments of calls, and cuts them") {
    const auto limited = [](const FakeGeneration::Script& script, int64_t tokens_max) {
        return outcome_of(script, Asked({"STOP"}, tokens_max));
    };
    const FakeGeneration::Script script = {test::tool_call("f"), test::tool_arguments("abcd"),
                                           test::tool_arguments("efgh"), test::tool_arguments(""),
                                           test::finish(Finish::tool_calls)};
    CHECK(limited(script, 1).tools == "fabcd");
    CHECK(limited(script, 1).reason == Finish::length);
    CHECK(limited(script, 1).alive_at_end == 0);
    CHECK(limited(script, 1).usage.completion_tokens == 1);
    CHECK(limited(script, 2).tools == "fabcdefgh");
    CHECK(limited(script, 2).reason == Finish::tool_calls);
    // Text that is held back still comes first.
    const FakeGeneration::Script mixed = {test::text("ST"), test::tool_call("f"),
                                          test::tool_arguments("abcdef"),
                                          test::finish(Finish::tool_calls)};
    const Outcome outcome = limited(mixed, 1);
    CHECK(outcome.text == "ST");
    CHECK(outcome.tools == "fab");
    CHECK(outcome.reason == Finish::length);
    CHECK(outcome.kinds == std::vector{Delta::Kind::text, Delta::Kind::tool_call,
                                       Delta::Kind::tool_arguments, Delta::Kind::finish});
}
