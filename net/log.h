#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/task.h"
#include "net/timer_wheel.h"

namespace net {

enum class LogLevel : uint8_t { debug, info, warn, error };
enum class LogFormat : uint8_t { text, json };

// One finished request, as the log shows it. Views need to live during the call only.
struct RequestRecord {
    std::string_view id;
    std::string_view peer;
    std::string_view method;
    std::string_view path;
    std::string_view outcome;  // ok, refused, failed, client_gone, write_stall, ...
    std::string_view fault;    // why it failed; empty: not shown
    uint16_t status = 0;       // 0: no response was begun
    uint64_t bytes = 0;        // sent
    std::chrono::nanoseconds first_byte{0};
    std::chrono::nanoseconds duration{0};
};

// Log is a worker's way to standard error. Lines are gathered and written a few times a second at
// most, so that neither a busy server nor a slow reader of the log costs the loop anything: a line
// that standard error cannot take without blocking is dropped and counted. Control characters and
// quotes in values are escaped; secrets are never handed to it.
class Log final : public Task {
public:
    Log(TimerWheel& timers, LogLevel level, LogFormat format);
    ~Log();

    bool wants(LogLevel level) const { return level >= level_; }
    void request(LogLevel level, const RequestRecord& record);
    // `message` is plain text, `detail` may come from outside.
    void event(LogLevel level, std::string_view message, std::string_view detail = {});

    void pump() override;

private:
    void begin(LogLevel level);
    void put(std::string_view name, std::string_view value);
    void put(std::string_view name, uint64_t value);
    void put_milliseconds(std::string_view name, std::chrono::nanoseconds value);
    void name(std::string_view name);
    void finish();
    void flush();

    Timer timer_;
    LogLevel level_;
    LogFormat format_;
    size_t write_bytes_max_;  // what standard error takes at once without blocking
    std::string lines_;
    uint64_t dropped_ = 0;
};

}  // namespace net
