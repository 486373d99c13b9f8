#pragma once

#include <cstdint>
#include <string_view>

namespace net {

// CivilTime is a moment of UTC in parts. Not gmtime and strftime: they bring time zones and
// locales along, 100 KB in a static binary.
struct CivilTime {
    int year, month, day;  // month and day from 1
    int hour, minute, second;
    std::string_view month_name, weekday_name;  // three letters, English

    static CivilTime of(int64_t unix_seconds);
};

// Writes `value` in `digits` decimal digits and returns the end.
char* put_digits(char* to, int value, int digits);

}  // namespace net
