#pragma once

#include <doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "decoded.h"

namespace test {

// A body and the error it must be refused with.
struct Refusal {
    std::string body, param, code, message;
};

inline void check_refusals(const std::vector<Refusal>& refusals) {
    for (const Refusal& refusal : refusals) {
        CAPTURE(refusal.body);
        Decoded decoded(refusal.body);
        CHECK_FALSE(decoded.ok);
        CHECK(decoded.error.message == refusal.message);
        CHECK(decoded.error.param == refusal.param);
        CHECK(decoded.error.code == refusal.code);
    }
}

inline std::string wrong_type(std::string_view field, std::string_view expected,
                              std::string_view got) {
    return "Invalid type for '" + std::string(field) + "': expected " + std::string(expected) +
           ", but got " + std::string(got) + " instead.";
}

inline std::string missing(std::string_view field) {
    return "Missing required parameter: '" + std::string(field) + "'.";
}

// A value of each type but null, and its name in messages.
struct Typed {
    const char *text, *name;
};
inline const std::vector<Typed> values = {{R"("x")", "a string"},      {"1", "an integer"},
                                          {"1.0", "a decimal number"}, {"true", "a boolean"},
                                          {"{}", "an object"},         {"[]", "an array"}};

// Refusals of all values that are not of an accepted type.
inline void check_types(const std::string& before, const std::string& after,
                        const std::string& param, const std::string& expected,
                        const std::vector<std::string>& accepted) {
    for (const Typed& value : values) {
        bool is_accepted = false;
        for (const std::string& name : accepted) is_accepted |= name == value.name;
        if (is_accepted) continue;
        check_refusals({{before + value.text + after, param, "invalid_type",
                         wrong_type(param, expected, value.name)}});
    }
}

}  // namespace test
