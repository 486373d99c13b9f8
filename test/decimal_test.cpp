#include "json/decimal.h"

#include <doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace {

// Compares with strtod by bits, so that -0 differs from 0.
bool same(const std::string& text) {
    const double ours = json::decimal_of(text);
    const double libc = std::strtod(text.c_str(), nullptr);
    return ours == libc && std::signbit(ours) == std::signbit(libc);
}

bool close(const std::string& text) {
    const double ours = json::decimal_of(text);
    const double libc = std::strtod(text.c_str(), nullptr);
    return ours == libc || std::abs(ours - libc) <= std::abs(libc) * 1e-12;
}

}  // namespace

TEST_CASE("decimal_of gives what strtod gives for what people write") {
    for (const char* text : {"0",
                             "-0",
                             "0.0",
                             "-0.0",
                             "0e5",
                             "1",
                             "-1",
                             "2.0",
                             "0.7",
                             "-2",
                             "1e0",
                             "1E+2",
                             "20e-1",
                             "0.30000000000000004",
                             "1.7976931348623157e22",
                             "9007199254740993",
                             "9.223372036854775808",
                             "18446744073709551615",
                             "0.1e-26",
                             "123456789012345678e9",
                             "1700000000.123"}) {
        INFO(text);
        CHECK(same(text));
    }
}

TEST_CASE("decimal_of gives what strtod gives for every number of up to six digits") {
    size_t wrong = 0;
    for (int digits = 0; digits < 1'000'000; ++digits) {
        const std::string text = std::to_string(digits);
        for (const char* exponent : {"", "e-1", "e-2", "e-6", "e-27", "e1", "e21", "e27"}) {
            if (!same(text + exponent)) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("decimal_of gives what strtod gives for up to 19 digits and 27 places") {
    std::mt19937_64 random(1);
    size_t wrong = 0;
    for (int i = 0; i < 500'000; ++i) {
        const uint64_t digits = (random() >> 1) >> (random() % 62);
        const int exponent = static_cast<int>(random() % 55) - 27;
        if (!same(std::to_string(digits) + 'e' + std::to_string(exponent))) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("decimal_of rounds like strtod around halves of the last bit") {
    size_t wrong = 0;
    for (int bit = 1; bit < 10; ++bit) {
        const uint64_t base = uint64_t{1} << (53 + bit);
        for (uint64_t near = 0; near < 4'096; ++near) {
            if (!same(std::to_string(base + near))) ++wrong;
            if (!same(std::to_string(base - near))) ++wrong;
            if (!same(std::to_string(base + near) + "e-20")) ++wrong;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("decimal_of is close to strtod for more digits and larger exponents") {
    std::mt19937_64 random(2);
    size_t wrong = 0;
    for (int i = 0; i < 100'000; ++i) {
        const std::string digits = std::to_string(random()) + std::to_string(random());
        const int exponent = static_cast<int>(random() % 500) - 280;
        const std::string text = "-" + digits.substr(0, 1) + '.' + digits.substr(1) + 'e';
        if (!close(text + std::to_string(exponent))) ++wrong;
    }
    CHECK(wrong == 0);
}

TEST_CASE("decimal_of has no trouble with what no double holds") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(json::decimal_of("1e400") == infinity);
    CHECK(json::decimal_of("-1e99999999999999999999") == -infinity);
    CHECK(json::decimal_of("1e-99999999999999999999") == 0);
    CHECK(json::decimal_of("0e99999999999999999999") == 0);
    CHECK(json::decimal_of(std::string(500, '9')) == infinity);
    CHECK(json::decimal_of("0." + std::string(500, '0') + '1') == 0);
    CHECK(json::decimal_of("2." + std::string(100'000, '0') + "1e0") == 2);
    CHECK(json::decimal_of("0." + std::string(300, '0') + "1e301") == doctest::Approx(1));
}
