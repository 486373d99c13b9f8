#include "json/tool_schema.h"

#include <doctest.h>

#include <string>

using json::ToolSchema;

namespace {

std::string tidied(ToolSchema& schema, const std::string& parameters) {
    std::string out = "before ";
    schema.write(parameters, out);
    return out.substr(7);
}

// A schema of so many bytes, like no other.
std::string schema_of(size_t bytes, size_t number) {
    return R"({"type":"object","properties":{},"title":")" + std::to_string(number) +
           std::string(bytes, 'x') + "\"}";
}

}  // namespace

TEST_CASE("ToolSchema writes the same each time it is asked") {
    ToolSchema schema(16);
    for (int i = 0; i < 3; ++i) {
        CHECK(tidied(schema, "") == R"({"type":"object","properties":{}})");
        CHECK(tidied(schema, R"({"required":[]})") == R"({"type":"object","properties":{}})");
        CHECK(tidied(schema, R"({"title": "a", "properties": null})") ==
              R"({"type":"object","title":"a","properties":{}})");
        CHECK(tidied(schema, R"({"title":)") == R"({"type":"object","properties":{}})");
    }
}

TEST_CASE("ToolSchema takes any number of schemas of any size") {
    ToolSchema schema(16);
    for (const size_t bytes : {10u, 10'000u, 300'000u, 20u}) {
        for (size_t turn = 0; turn < 2; ++turn) {
            for (size_t number = 0; number < 40; ++number) {
                const std::string parameters = schema_of(bytes, number);
                REQUIRE(tidied(schema, parameters) == parameters);
            }
        }
    }
}
