#include "json/error.h"

#include <doctest.h>
#include <simdjson.h>

namespace {

std::string written(const json::Error& error) {
    std::string out;
    json::write_error(error, out);
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    CHECK_FALSE(parser.parse(out).get(root));
    return out;
}

}  // namespace

TEST_CASE("write_error always writes all four keys") {
    CHECK(written({.message = "No."}) ==
          R"({"error":{"message":"No.","type":"invalid_request_error","param":null,)"
          R"("code":null}})");
    CHECK(written({"Down.", "server_error", "messages[0].role", "some_code"}) ==
          R"({"error":{"message":"Down.","type":"server_error","param":"messages[0].role",)"
          R"("code":"some_code"}})");
}

TEST_CASE("write_error escapes what it is given") {
    CHECK(written({.message = "a\"\n\xFF\xE2\x80\xA8", .param = "x\\y"}) ==
          R"({"error":{"message":"a\"\n)"
          "\xEF\xBF\xBD"
          R"(\u2028","type":"invalid_request_error","param":"x\\y","code":null}})");
}

TEST_CASE("write_error_event writes one event") {
    std::string out = "before";
    json::write_error_event({.message = "Cut\noff", .type = "server_error"}, out);
    CHECK(out == R"(beforedata: {"error":{"message":"Cut\noff","type":"server_error","param":null,)"
                 R"("code":null}})"
                 "\n\n");
}
