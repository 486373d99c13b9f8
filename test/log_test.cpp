#include "net/log.h"

#include <doctest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "captured_stderr.h"
#include "manual_clock.h"
#include "net/civil_time.h"

using net::Log;
using net::LogFormat;
using net::LogLevel;
using net::Milliseconds;
using net::RequestRecord;
using test::ManualClock;
using namespace std::string_literals;

namespace {

// A log, and what comes out of it when its time has passed.
struct Logged {
    explicit Logged(LogFormat format, LogLevel level = LogLevel::debug)
        : log(timers, level, format) {}

    std::string flushed() {
        now += Milliseconds(1000);
        timers.advance(now);
        ready.pump_all();
        return stderr_text.take();
    }

    test::CapturedStderr stderr_text;
    net::TimePoint now = ManualClock::beginning;
    net::ReadyList ready;
    net::TimerWheel timers{ready, now};
    Log log;
};

RequestRecord example() {
    RequestRecord record;
    record.id = "0123456789abcdef";
    record.peer = "127.0.0.1:1234";
    record.method = "POST";
    record.path = "/v1/chat/completions";
    record.outcome = "ok";
    record.status = 200;
    record.bytes = 1234;
    record.first_byte = std::chrono::microseconds(1500);
    record.duration = std::chrono::microseconds(1'234'567);
    return record;
}

// What follows the time of a line in text format.
std::string after_time(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

std::string string_at(simdjson::dom::element root, const char* key) {
    std::string_view value;
    REQUIRE_FALSE(root[key].get(value));
    return std::string(value);
}

double number_at(simdjson::dom::element root, const char* key) {
    double value = 0;
    REQUIRE_FALSE(root[key].get(value));
    return value;
}

}  // namespace

TEST_CASE("Log writes a request as one line of text") {
    Logged logged(LogFormat::text);
    logged.log.request(net::LogLevel::info, example());
    const std::string text = logged.flushed();
    CHECK(after_time(text) ==
          "level=info id=0123456789abcdef peer=127.0.0.1:1234 method=POST "
          "path=/v1/chat/completions status=200 bytes=1234 first_byte_ms=1.500 "
          "duration_ms=1234.567 outcome=ok\n");
    // 2026-11-22T15:00:00.000Z
    const std::string time = text.substr(0, text.find(' '));
    REQUIRE(time.size() == 24);
    CHECK(time[10] == 'T');
    CHECK(time[19] == '.');
    CHECK(time[23] == 'Z');
}

TEST_CASE("Log writes a request as one JSON object") {
    Logged logged(LogFormat::json);
    logged.log.request(net::LogLevel::info, example());
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    const std::string text = logged.flushed();
    CHECK(lines_of(text).size() == 1);
    REQUIRE_FALSE(parser.parse(text).get(root));
    CHECK(string_at(root, "level") == "info");
    CHECK(string_at(root, "id") == "0123456789abcdef");
    CHECK(string_at(root, "outcome") == "ok");
    CHECK(number_at(root, "status") == 200);
    CHECK(number_at(root, "bytes") == 1234);
    CHECK(number_at(root, "first_byte_ms") == doctest::Approx(1.5));
    CHECK(number_at(root, "duration_ms") == doctest::Approx(1234.567));
}

TEST_CASE("Log lets no value end its line or its field") {
    const std::string values[] = {"a b",     "a=\"b\"",     "line\r\nfake=1",       "\x1b[31mred",
                                  "nul\0x"s, "back\\slash", "\x7F\x80\xFF\xC3\xA9", ""};
    for (const std::string& value : values) {
        for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
            Logged logged(format);
            RequestRecord record = example();
            record.path = value;
            logged.log.request(net::LogLevel::info, record);
            const std::string text = logged.flushed();
            CAPTURE(text);
            CHECK(lines_of(text).size() == 1);
            for (const char c : text.substr(0, text.size() - 1)) {
                CHECK(static_cast<unsigned char>(c) >= 0x20);
                CHECK(static_cast<unsigned char>(c) < 0x7F);
            }
            const char* status = format == LogFormat::text ? " status=200 " : ",\"status\":200,";
            CHECK(text.find(status) != std::string::npos);
        }
    }
}

TEST_CASE("Log's JSON lines parse, whatever the values are, and say what they were") {
    simdjson::dom::parser parser;
    for (int code = 0; code < 256; ++code) {
        Logged logged(LogFormat::json);
        const std::string value = "a" + std::string(1, static_cast<char>(code)) + "b";
        logged.log.event(LogLevel::warn, "something", value);
        simdjson::dom::element root;
        const std::string text = logged.flushed();
        CAPTURE(text);
        REQUIRE_FALSE(parser.parse(text).get(root));
        if (code < 0x80) CHECK(string_at(root, "detail") == value);
        CHECK(string_at(root, "message") == "something");
        CHECK(string_at(root, "level") == "warn");
    }
}

TEST_CASE("Log cuts a value that is too long") {
    Logged logged(LogFormat::text);
    RequestRecord record = example();
    const std::string path(100'000, 'x');
    record.path = path;
    logged.log.request(net::LogLevel::info, record);
    const std::string text = logged.flushed();
    CHECK(text.size() < 1000);
    CHECK(text.find("xxxx status=200") != std::string::npos);
}

TEST_CASE("Log keeps a line whole even when every byte of its values is escaped") {
    Logged logged(LogFormat::json);
    const std::string value(512, '\x01');
    logged.log.event(LogLevel::error, "worst", value);
    RequestRecord record = example();
    record.path = value;
    const std::string id(128, 'i');
    record.id = id;
    logged.log.request(net::LogLevel::info, record);
    const std::vector<std::string> lines = lines_of(logged.flushed());
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].ends_with('}'));
    CHECK(lines[1].ends_with('}'));
}

TEST_CASE("Log leaves out what is below its level") {
    Logged logged(LogFormat::text, LogLevel::warn);
    CHECK_FALSE(logged.log.wants(LogLevel::debug));
    CHECK_FALSE(logged.log.wants(LogLevel::info));
    CHECK(logged.log.wants(LogLevel::warn));
    CHECK(logged.log.wants(LogLevel::error));
    logged.log.event(LogLevel::info, "not this");
    logged.log.event(LogLevel::warn, "this");
    const std::string text = logged.flushed();
    CHECK(text.find("not this") == std::string::npos);
    CHECK(after_time(text) == "level=warn message=this\n");
}

TEST_CASE("Log gathers lines, but shows an error at once") {
    Logged logged(LogFormat::text);
    logged.log.event(LogLevel::info, "one");
    logged.log.event(LogLevel::info, "two");
    CHECK(logged.stderr_text.take().empty());
    CHECK(lines_of(logged.flushed()).size() == 2);
    logged.log.event(LogLevel::error, "three");
    CHECK(lines_of(logged.stderr_text.take()).size() == 1);
    CHECK(logged.flushed().empty());
}

TEST_CASE("Log writes out many lines without waiting for its timer") {
    Logged logged(LogFormat::text);
    size_t lines = 0;
    size_t shown = 0;
    while (shown == 0 && lines < 10'000) {
        logged.log.request(net::LogLevel::info, example());
        ++lines;
        shown = lines_of(logged.stderr_text.take()).size();
    }
    // More than fits into a pipe may be dropped, never held for ever.
    CHECK(shown > 100);
    CHECK(lines < 1000);
}

TEST_CASE("Log writes its last lines when it goes") {
    test::CapturedStderr stderr_text;
    net::ReadyList ready;
    net::TimerWheel timers(ready, ManualClock::beginning);
    { Log(timers, LogLevel::info, LogFormat::text).event(LogLevel::info, "goodbye"); }
    CHECK(stderr_text.take().find("goodbye") != std::string::npos);
}

TEST_CASE("Log neither blocks on a pipe that nobody reads, nor keeps what it cannot write") {
    Logged logged(LogFormat::text);
    CHECK(logged.stderr_text.fill() > 0);
    for (int i = 0; i < 2500; ++i) logged.log.request(net::LogLevel::info, example());
    logged.log.event(LogLevel::error, "urgent");
    logged.now += Milliseconds(1000);
    logged.timers.advance(logged.now);
    logged.ready.pump_all();
    (void)logged.stderr_text.take();

    // Now it is read again: the lines are gone, and how many.
    logged.log.event(LogLevel::info, "after");
    std::string text = logged.flushed();
    CHECK(text.find("message=after") != std::string::npos);
    text += logged.flushed();
    CHECK(text.find("message=\"log lines were dropped\" count=2501") != std::string::npos);
    logged.log.event(LogLevel::info, "later");
    CHECK(after_time(logged.flushed()) == "level=info message=later\n");
    CHECK(logged.flushed().empty());
}

TEST_CASE("Log leaves a slow reader whole lines only") {
    Logged logged(LogFormat::text);
    std::string all;
    for (int round = 0; round < 50; ++round) {
        for (int i = 0; i < 200; ++i) logged.log.request(net::LogLevel::info, example());
        // Reads less than comes.
        if (round % 3 == 0) all += logged.flushed();
    }
    for (int i = 0; i < 3; ++i) all += logged.flushed();
    const std::vector<std::string> lines = lines_of(all);
    CHECK(lines.size() > 100);
    for (const std::string& line : lines) {
        const bool is_whole = line.ends_with(" outcome=ok") ||
                              line.find("log lines were dropped") != std::string::npos;
        REQUIRE_MESSAGE(is_whole, line);
    }
}

TEST_CASE("CivilTime agrees with the C library") {
    int64_t seconds = -40'000'000'000 + 12'345;
    while (seconds < 40'000'000'000) {
        const std::time_t time = seconds;
        std::tm parts{};
        REQUIRE(gmtime_r(&time, &parts) != nullptr);
        const net::CivilTime civil = net::CivilTime::of(seconds);
        char names[16];
        std::strftime(names, sizeof names, "%a %b", &parts);
        REQUIRE(civil.year == parts.tm_year + 1900);
        REQUIRE(civil.month == parts.tm_mon + 1);
        REQUIRE(civil.day == parts.tm_mday);
        REQUIRE(civil.hour == parts.tm_hour);
        REQUIRE(civil.minute == parts.tm_min);
        REQUIRE(civil.second == parts.tm_sec);
        REQUIRE(std::string(civil.weekday_name) + ' ' + std::string(civil.month_name) == names);
        seconds += 86'400 * 17 + 3'599;
    }
}

TEST_CASE("put_digits pads with zeros") {
    char text[6] = "     ";
    CHECK(net::put_digits(text, 7, 3) == text + 3);
    CHECK(net::put_digits(text + 3, 42, 2) == text + 5);
    CHECK(std::string(text, 5) == "00742");
}
