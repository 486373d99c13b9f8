#include "net/sigv4.h"

#include <doctest.h>
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "vectors.h"

using net::SigV4Field;
using net::SigV4Key;
using net::SigV4Request;

TEST_CASE("sigv4 signs the example of AWS's test suite") {
    // get-vanilla of the suite, and post-vanilla.
    const SigV4Key key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1",
                       "service"};
    const SigV4Field fields[] = {{"Host", "example.amazonaws.com"},
                                 {"X-Amz-Date", "20150830T123600Z"}};
    SigV4Request request{"GET", "/", "", "20150830T123600Z", fields, ""};
    CHECK(net::sigv4_authorization(key, request) ==
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
          "SignedHeaders=host;x-amz-date, "
          "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    request.method = "POST";
    CHECK(net::sigv4_authorization(key, request)
              .ends_with(
                  "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"));
}

TEST_CASE("sigv4 puts fields and parameters in order") {
    const SigV4Field fields[] = {
        {"X-B", "  two\t words  "}, {"Host", "h"}, {"x-b", "again"}, {"A", ""}};
    const SigV4Request request{"GET", "/p", "b=2&a&a=1&c=", "20150830T123600Z", fields, ""};
    CHECK(net::sigv4_canonical_request(request) ==
          "GET\n/p\na=&a=1&b=2&c=\na:\nhost:h\nx-b:two words,again\n\na;host;x-b\n"
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("sigv4 agrees with other implementations' vectors") {
    const std::string index = test::read_vector("sigv4/index.json");
    if (index.empty()) {
        MESSAGE("skipped: no folder " << test::vectors_folder());
        return;
    }
    simdjson::dom::parser parser;
    simdjson::dom::array cases;
    REQUIRE(parser.parse(index)["cases"].get(cases) == simdjson::SUCCESS);
    for (const simdjson::dom::element vector : cases) {
        const auto text = [&](const char* name) {
            std::string_view out;
            CHECK(vector[name].get(out) == simdjson::SUCCESS);
            return out;
        };
        std::vector<std::string_view> chosen;
        simdjson::dom::array names, pairs;
        if (vector["signed_headers"].get(names) == simdjson::SUCCESS) {
            for (const auto name : names) chosen.push_back(name.get_string().value_unsafe());
        }
        std::vector<SigV4Field> fields;
        REQUIRE(vector["headers"].get(pairs) == simdjson::SUCCESS);
        for (const auto pair : pairs) {
            const std::string_view name = pair.at(0).get_string().value_unsafe();
            if (chosen.empty() || std::find(chosen.begin(), chosen.end(), name) != chosen.end()) {
                fields.push_back({name, pair.at(1).get_string().value_unsafe()});
            }
        }
        CAPTURE(text("id"));
        const SigV4Key key{text("access_key"), text("secret_key"), text("region"), text("service")};
        const SigV4Request request{text("method"),   text("path"), text("query"),
                                   text("amz_date"), fields,       text("body_utf8")};
        CHECK(net::sigv4_canonical_request(request) == text("canonical_request"));
        CHECK(net::sigv4_string_to_sign(key, request) == text("string_to_sign"));
        CHECK(net::sigv4_authorization(key, request) == text("authorization"));
    }
}
