#include "json/rfc3339.h"

#include <charconv>
#include <chrono>

namespace json {
namespace {

// Takes numbers and marks off the front of a text; once something is missing, it stays failed.
class TimeReader {
public:
    explicit TimeReader(std::string_view text) : left_(text) {}

    int number(size_t digits) {
        const std::string_view text = left_.substr(0, digits);
        if (text.size() < digits ||
            text.find_first_not_of("0123456789") != std::string_view::npos) {
            ok_ = false;
            left_ = {};
            return 0;
        }
        int value = 0;
        std::from_chars(text.data(), text.data() + digits, value);
        left_.remove_prefix(digits);
        return value;
    }

    // Takes one of the marks, and says which.
    char mark(std::string_view marks) {
        if (left_.empty() || marks.find(left_[0]) == std::string_view::npos) {
            ok_ = false;
            return 0;
        }
        const char taken = left_[0];
        left_.remove_prefix(1);
        return taken;
    }

    void fraction() {
        if (left_.empty() || left_[0] != '.') return;
        const size_t end = left_.find_first_not_of("0123456789", 1);
        if (end == 1) ok_ = false;
        left_ = end == std::string_view::npos ? std::string_view() : left_.substr(end);
    }

    bool at_end() const { return ok_ && left_.empty(); }

private:
    std::string_view left_;
    bool ok_ = true;
};

void write_number(int value, int digits, std::string& out) {
    const std::string text = std::to_string(value);
    for (int i = static_cast<int>(text.size()); i < digits; ++i) out += '0';
    out += text;
}

}  // namespace

std::optional<int64_t> read_time(std::string_view text) {
    TimeReader reader(text);
    const int year = reader.number(4);
    reader.mark("-");
    const int month = reader.number(2);
    reader.mark("-");
    const int day = reader.number(2);
    reader.mark("Tt ");
    const int hour = reader.number(2);
    reader.mark(":");
    const int minute = reader.number(2);
    reader.mark(":");
    const int second = reader.number(2);
    reader.fraction();
    int offset = 0;  // minutes
    if (const char sign = reader.mark("Zz+-"); sign == '+' || sign == '-') {
        const int hours = reader.number(2);
        reader.mark(":");
        const int minutes = reader.number(2);
        if (hours > 23 || minutes > 59) return {};
        offset = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    }
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    // A leap second is 60; it counts as the second after it.
    if (!reader.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 60) return {};
    const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    return days * 86'400 + hour * 3'600 + (minute - offset) * 60 + second;
}

void write_time(int64_t unix_seconds, std::string& out) {
    const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
    const auto days = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{days};
    const auto second = static_cast<int>((time - days).count());
    write_number(static_cast<int>(date.year()), 4, out);
    out += '-';
    write_number(static_cast<int>(static_cast<unsigned>(date.month())), 2, out);
    out += '-';
    write_number(static_cast<int>(static_cast<unsigned>(date.day())), 2, out);
    out += 'T';
    write_number(second / 3'600, 2, out);
    out += ':';
    write_number(second / 60 % 60, 2, out);
    out += ':';
    write_number(second % 60, 2, out);
    out += 'Z';
}

}  // namespace json
