#include "net/civil_time.h"

#include <chrono>

namespace net {
namespace {

constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::string_view weekdays = "SunMonTueWedThuFriSat";

}  // namespace

CivilTime CivilTime::of(int64_t unix_seconds) {
    const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    CivilTime civil;
    civil.year = static_cast<int>(date.year());
    civil.month = static_cast<int>(static_cast<unsigned>(date.month()));
    civil.day = static_cast<int>(static_cast<unsigned>(date.day()));
    civil.hour = static_cast<int>(clock.hours().count());
    civil.minute = static_cast<int>(clock.minutes().count());
    civil.second = static_cast<int>(clock.seconds().count());
    civil.month_name = months.substr(static_cast<size_t>(civil.month - 1) * 3, 3);
    civil.weekday_name = weekdays.substr(std::chrono::weekday(day).c_encoding() * 3, 3);
    return civil;
}

char* put_digits(char* to, int value, int digits) {
    for (int i = digits; i > 0; --i, value /= 10) to[i - 1] = static_cast<char>('0' + value % 10);
    return to + digits;
}

}  // namespace net
