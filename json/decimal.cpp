#include "json/decimal.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace json {
namespace {

__extension__ using Wide = unsigned __int128;

// digits * 10^exponent, without the sign.
struct Scientific {
    uint64_t digits = 0;
    int exponent = 0;
};

constexpr uint64_t full = (UINT64_MAX - 9) / 10 + 1;  // no room for one more digit
constexpr int exponent_most = 9'999;                  // of what is read: far beyond any double
constexpr int power_most = 27;                        // 5^27 is the last power below 2^63

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int read_exponent(std::string_view text) {
    const bool negative = text[0] == '-';
    int value = 0;
    for (char c : text) {
        if (is_digit(c) && value < exponent_most) value = value * 10 + (c - '0');
    }
    return negative ? -value : value;
}

Scientific read(std::string_view text) {
    Scientific number;
    bool after_point = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            after_point = true;
        } else if (is_digit(text[i])) {
            const bool counts = number.digits < full;
            if (counts) number.digits = number.digits * 10 + static_cast<uint64_t>(text[i] - '0');
            number.exponent += (counts ? 0 : 1) - (after_point ? 1 : 0);
        } else {  // e or E
            number.exponent += read_exponent(text.substr(i + 1));
            break;
        }
    }
    return number;
}

uint64_t power_of_5(int exponent) {
    uint64_t power = 1;
    while (exponent-- > 0) power *= 5;
    return power;
}

// Both are rounded once, by the conversion of an integer that is exact or has more bits than a
// double and its last bit set if something follows.
double multiplied(uint64_t digits, int exponent) {
    const Wide product = Wide{digits} * power_of_5(exponent);
    return std::ldexp(static_cast<double>(product), exponent);
}

double divided(uint64_t digits, int exponent) {
    const int shift = 63 + std::countl_zero(digits);
    const Wide dividend = Wide{digits} << shift;
    const uint64_t divisor = power_of_5(exponent);
    const Wide quotient = dividend / divisor;
    const bool is_exact = quotient * divisor == dividend;
    return std::ldexp(static_cast<double>(quotient | (is_exact ? 0 : 1)), -exponent - shift);
}

double value_of(Scientific number) {
    if (number.digits == 0) return 0;
    double factor = 1;
    for (; number.exponent > power_most && factor < 1e300; --number.exponent) factor *= 10;
    for (; number.exponent < -power_most && factor > 1e-300; ++number.exponent) factor /= 10;
    if (number.exponent > power_most) return HUGE_VAL;
    if (number.exponent < -power_most) return 0;
    return factor * (number.exponent < 0 ? divided(number.digits, -number.exponent)
                                         : multiplied(number.digits, number.exponent));
}

}  // namespace

double decimal_of(std::string_view text) {
    const bool negative = text[0] == '-';
    const double value = value_of(read(text.substr(negative ? 1 : 0)));
    return negative ? -value : value;
}

}  // namespace json
