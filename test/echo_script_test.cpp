#include "core/echo_script.h"

#include <doctest.h>

using core::EchoScript;
using std::chrono::milliseconds;

namespace {

// The script a list makes; the list must be good.
EchoScript script_of(std::string_view list) {
    EchoScript script;
    std::string problem;
    CAPTURE(list);
    CHECK(script.apply(list, problem));
    CHECK(problem.empty());
    return script;
}

}  // namespace

TEST_CASE("EchoScript reads every key") {
    const EchoScript script = script_of(
        "delay=100; interval=20; tokens=50; reasoning; tool=get_weather-2; error=429; "
        "error-after=7; stall-after=9");
    CHECK(script.delay == milliseconds(100));
    CHECK(script.interval == milliseconds(20));
    CHECK(script.tokens == 50u);
    CHECK(script.reasoning);
    CHECK(script.tool == "get_weather-2");
    CHECK(script.error == 429);
    CHECK(script.error_after == 7u);
    CHECK(script.stall_after == 9u);
}

TEST_CASE("EchoScript says nothing where the list says nothing") {
    for (const char* list : {"", " ", ";", " ; , ;; "}) {
        const EchoScript script = script_of(list);
        CHECK(script.delay == milliseconds(0));
        CHECK(script.interval == milliseconds(0));
        CHECK(script.tokens == EchoScript::never);
        CHECK_FALSE(script.reasoning);
        CHECK(script.tool.empty());
        CHECK(script.error == 0);
        CHECK(script.error_after == EchoScript::never);
        CHECK(script.stall_after == EchoScript::never);
    }
}

TEST_CASE("EchoScript takes semicolons, commas and space between") {
    CHECK(script_of("delay=1,interval=2;tokens=3").tokens == 3u);
    CHECK(script_of("  delay = 1 ;reasoning ; ").reasoning);
    CHECK(script_of("tokens=0").tokens == 0u);
    CHECK(script_of("error-after=0;stall-after=0").error_after == 0u);
}

TEST_CASE("EchoScript adds to what is there, and the last of equal keys wins") {
    EchoScript script = script_of("delay=1; tokens=2");
    std::string problem;
    CHECK(script.apply("delay=5; interval=6", problem));
    CHECK(script.delay == milliseconds(5));
    CHECK(script.interval == milliseconds(6));
    CHECK(script.tokens == 2u);
    CHECK(script_of("delay=1;delay=2").delay == milliseconds(2));
}

TEST_CASE("EchoScript refuses what it does not know, and names it") {
    for (const std::string item : {"unknown",
                                   "delay",
                                   "delay=",
                                   "delay=x",
                                   "delay=-1",
                                   "delay=1.5",
                                   "delay=1 2",
                                   "delay=0x1",
                                   "delay=86400001",
                                   "interval=99999999999",
                                   "tokens",
                                   "tokens=1000001",
                                   "tokens=4294967296",
                                   "reasoning=1",
                                   "tool",
                                   "tool=",
                                   "tool=a b",
                                   "tool=a\"b",
                                   "tool=a.b",
                                   "tool=\xC3\xA9",
                                   "error",
                                   "error=200",
                                   "error=399",
                                   "error=600",
                                   "error-after=x",
                                   "stall-after",
                                   "DELAY=1",
                                   "=",
                                   "=1",
                                   "delay==1"}) {
        CAPTURE(item);
        EchoScript script;
        std::string problem;
        CHECK_FALSE(script.apply("reasoning; " + item + "; tokens=1", problem));
        CHECK(problem.find('\'' + item.substr(0, item.find('=')) + '\'') != std::string::npos);
    }
    EchoScript script;
    std::string problem;
    CHECK_FALSE(script.apply("tool=" + std::string(65, 'a'), problem));
    CHECK(script.apply("tool=" + std::string(64, 'a'), problem));
    CHECK(script.apply("delay=86400000, tokens=1000000", problem));
}
