#include "json/tool_names.h"

#include <doctest.h>

#include <string>

using json::JsonText;
using json::ToolNames;

namespace {

std::string back(const ToolNames& names, const std::string& name) {
    return std::string(names.to_client(JsonText::trusted(name)).view());
}

}  // namespace

TEST_CASE("ToolNames keeps legal names and finds all others again") {
    ToolNames names;
    CHECK(names.to_service(JsonText::trusted("get-weather_2")) == "get-weather_2");
    for (const std::string name :
         {"", "2x", "_x", "a.b", "a b", "caf\u00e9", R"(\u0041.b)", "a/b"}) {
        CAPTURE(name);
        const std::string sent(names.to_service(JsonText::trusted(name)));
        CHECK(names.to_service(JsonText::trusted(name)) == sent);
        CHECK(sent.size() <= ToolNames::name_bytes_max);
        CHECK(back(names, sent) == (name == R"(\u0041.b)" ? "A.b" : name));
    }
    CHECK(back(names, "never heard of") == "never heard of");
    names.clear();
    CHECK(back(names, "get-weather_2") == "get-weather_2");
}

TEST_CASE("ToolNames gives no two tools the same name") {
    ToolNames names;
    const std::string made(names.to_service(JsonText::trusted("a.b")));
    const std::string other(names.to_service(JsonText::trusted(made)));
    CHECK(made != other);
    CHECK(back(names, made) == "a.b");
    CHECK(back(names, other) == made);
    const std::string long_1(100, 'x'), long_2 = long_1 + "y";
    CHECK(names.to_service(JsonText::trusted(long_1)) !=
          names.to_service(JsonText::trusted(long_2)));
}

TEST_CASE("ToolNames takes a name for the same however it is escaped") {
    ToolNames names;
    const std::string plain(names.to_service(JsonText::trusted("f")));
    CHECK(names.to_service(JsonText::trusted(R"(\u0066)")) == plain);
}
