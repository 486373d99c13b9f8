#include "core/option.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace core {

void reject(std::string_view value, std::string_view wanted) {
    throw UsageError("'" + std::string(value) + "' is not " + std::string(wanted));
}

uint32_t number(std::string_view text, uint32_t least, uint32_t most) {
    uint32_t result = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, result);
    if (error != std::errc() || stop != end || result < least || result > most) {
        reject(text, "a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return result;
}

std::chrono::milliseconds seconds_or_none(std::string_view text) {
    const size_t point = std::min(text.find('.'), text.size());
    std::string_view fraction = text.substr(std::min(point + 1, text.size()));
    const bool is_whole = point == text.size();
    if ((!is_whole && fraction.empty()) || fraction.size() > 3 || point == 0 || point > 6 ||
        text.find_first_not_of("0123456789.") != text.npos || fraction.find('.') != text.npos) {
        reject(text, "a time in seconds, such as 30 or 0.5");
    }
    std::string digits(fraction);
    digits.resize(3, '0');
    return std::chrono::milliseconds(int64_t{number(text.substr(0, point), 0, 999'999)} * 1000 +
                                     number(digits, 0, 999));
}

std::chrono::milliseconds seconds(std::string_view text) {
    const std::chrono::milliseconds result = seconds_or_none(text);
    if (result.count() == 0) reject(text, "a time above 0");
    return result;
}

}  // namespace core
