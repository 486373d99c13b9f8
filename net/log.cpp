#include "net/log.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <ctime>
#include <utility>

#include "net/civil_time.h"

namespace net {
namespace {

constexpr Milliseconds flush_interval{20};
constexpr size_t lines_bytes_max = 64 * 1024;
constexpr size_t value_bytes_max = 512;

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warn:
            return "warn";
        case LogLevel::error:
            return "error";
    }
    return {};
}

void append_number(std::string& to, uint64_t number) {
    char digits[20];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// RFC 3339, UTC, milliseconds.
void append_time(std::string& to) {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    const CivilTime civil = CivilTime::of(time.tv_sec);
    const std::pair<int, char> fields[] = {{civil.month, '-'},
                                           {civil.day, 'T'},
                                           {civil.hour, ':'},
                                           {civil.minute, ':'},
                                           {civil.second, '.'}};
    char text[32];
    char* at = put_digits(text, civil.year, 4);
    *at++ = '-';
    for (const auto& [value, separator] : fields) {
        at = put_digits(at, value, 2);
        *at++ = separator;
    }
    at = put_digits(at, static_cast<int>(time.tv_nsec / 1'000'000), 3);
    *at++ = 'Z';
    to.append(text, at);
}

// Both formats take the same escapes. Bytes above ASCII are escaped too: a value from outside need
// not be UTF-8, and a JSON line must be.
void append_escaped(std::string& to, std::string_view value) {
    static constexpr char digits[] = "0123456789abcdef";
    for (const char c : value.substr(0, value_bytes_max)) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20 || code >= 0x7F) {
            to += "\\u00";
            to += digits[code >> 4];
            to += digits[code & 15];
        } else {
            if (c == '"' || c == '\\') to += '\\';
            to += c;
        }
    }
}

}  // namespace

Log::Log(TimerWheel& timers, LogLevel level, LogFormat format)
    : timer_(timers, *this), level_(level), format_(format) {
    struct stat file {};
    const bool is_file = ::fstat(STDERR_FILENO, &file) == 0 && S_ISREG(file.st_mode);
    write_bytes_max_ = is_file ? lines_bytes_max * 2 : PIPE_BUF;
}

Log::~Log() {
    flush();
}

void Log::request(LogLevel level, const RequestRecord& record) {
    begin(level);
    put("id", record.id);
    put("peer", record.peer);
    put("method", record.method);
    put("path", record.path);
    put("status", record.status);
    put("bytes", record.bytes);
    put_milliseconds("first_byte_ms", record.first_byte);
    put_milliseconds("duration_ms", record.duration);
    put("outcome", record.outcome);
    if (!record.fault.empty()) put("fault", record.fault);
    finish();
}

void Log::event(LogLevel level, std::string_view message, std::string_view detail) {
    if (!wants(level)) return;
    begin(level);
    put("message", message);
    if (!detail.empty()) put("detail", detail);
    finish();
    if (level == LogLevel::error) flush();
}

void Log::pump() {
    if (timer_.take_expired()) flush();
}

void Log::begin(LogLevel level) {
    lines_ += format_ == LogFormat::json ? "{\"time\":\"" : "";
    append_time(lines_);
    lines_ += format_ == LogFormat::json ? "\"" : "";
    put("level", name_of(level));
}

void Log::name(std::string_view name) {
    if (format_ == LogFormat::json) {
        lines_ += ",\"";
        lines_ += name;
        lines_ += "\":";
    } else {
        lines_ += ' ';
        lines_ += name;
        lines_ += '=';
    }
}

void Log::put(std::string_view field, std::string_view value) {
    name(field);
    const bool quoted = format_ == LogFormat::json || value.empty() ||
                        value.find_first_of(" =\"") != std::string_view::npos;
    if (quoted) lines_ += '"';
    append_escaped(lines_, value);
    if (quoted) lines_ += '"';
}

void Log::put(std::string_view field, uint64_t value) {
    name(field);
    append_number(lines_, value);
}

void Log::put_milliseconds(std::string_view field, std::chrono::nanoseconds value) {
    name(field);
    const auto microseconds = static_cast<uint64_t>(std::max<int64_t>(value.count() / 1000, 0));
    append_number(lines_, microseconds / 1000);
    char fraction[3];
    put_digits(fraction, static_cast<int>(microseconds % 1000), 3);
    lines_ += '.';
    lines_.append(fraction, sizeof fraction);
}

void Log::finish() {
    lines_ += format_ == LogFormat::json ? "}\n" : "\n";
    if (lines_.size() >= lines_bytes_max) {
        flush();
    } else if (!timer_.is_armed()) {
        timer_.arm(flush_interval);
    }
}

// Standard error may be a pipe that nobody reads. poll() promises room for PIPE_BUF bytes of it,
// so no write here can block.
void Log::flush() {
    timer_.disarm();
    std::string_view rest = lines_;
    while (!rest.empty()) {
        pollfd poll_for{STDERR_FILENO, POLLOUT, 0};
        if (::poll(&poll_for, 1, 0) != 1 || !(poll_for.revents & POLLOUT)) break;
        const std::string_view whole_lines =
            rest.substr(0, rest.substr(0, write_bytes_max_).rfind('\n') + 1);
        const ssize_t written = ::write(STDERR_FILENO, whole_lines.data(), whole_lines.size());
        if (written <= 0) break;
        rest.remove_prefix(static_cast<size_t>(written));
    }
    dropped_ += static_cast<uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    lines_.clear();
    if (dropped_ == 0 || !rest.empty()) return;
    begin(LogLevel::warn);
    put("message", "log lines were dropped");
    put("count", dropped_);
    dropped_ = 0;
    finish();
}

}  // namespace net
