#include "json/models.h"

#include <doctest.h>
#include <simdjson.h>

#include <vector>

TEST_CASE("write_model writes the four required keys") {
    std::string out;
    json::write_model({"amazon-q", "amazon", 1750145000}, out);
    CHECK(out == R"({"id":"amazon-q","object":"model","created":1750145000,"owned_by":"amazon"})");
}

TEST_CASE("write_models lists all models") {
    std::string out;
    json::write_models(std::vector<json::Model>{{"a\"b", "x", 1}, {"org/name:tag", "y", 2}}, out);
    CHECK(out == R"({"object":"list","data":[)"
                 R"({"id":"a\"b","object":"model","created":1,"owned_by":"x"},)"
                 R"({"id":"org/name:tag","object":"model","created":2,"owned_by":"y"}]})");
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    CHECK_FALSE(parser.parse(out).get(root));
}

TEST_CASE("write_models lists nothing when there is nothing") {
    std::string out;
    json::write_models({}, out);
    CHECK(out == R"({"object":"list","data":[]})");
}
