#include "core/api_keys.h"

#include <doctest.h>

#include <vector>

using core::ApiKeys;
using Verdict = core::ApiKeys::Verdict;

namespace {

Verdict check(const ApiKeys& keys, const std::vector<net::Field>& fields) {
    net::Request request;
    request.fields = fields;
    return keys.check(request);
}

}  // namespace

TEST_CASE("Without keys every request may use the API") {
    const ApiKeys keys({});
    CHECK(check(keys, {}) == Verdict::good);
    CHECK(check(keys, {{"Authorization", "Bearer whatever"}}) == Verdict::good);
}

TEST_CASE("ApiKeys takes a key from each of three fields") {
    const ApiKeys keys({"sk-one", "sk-two"});
    CHECK(check(keys, {{"Authorization", "Bearer sk-one"}}) == Verdict::good);
    CHECK(check(keys, {{"authorization", "bearer sk-two"}}) == Verdict::good);
    CHECK(check(keys, {{"AUTHORIZATION", "BEARER   sk-two "}}) == Verdict::good);
    CHECK(check(keys, {{"X-Api-Key", "sk-one"}}) == Verdict::good);
    CHECK(check(keys, {{"api-key", "sk-two"}}) == Verdict::good);
    // Some clients send the same key twice, some another one beside.
    CHECK(check(keys, {{"Authorization", "Bearer none"}, {"x-api-key", "sk-one"}}) ==
          Verdict::good);
}

TEST_CASE("ApiKeys tells a missing key from a wrong one") {
    const ApiKeys keys({"sk-one", "sk-two"});
    CHECK(check(keys, {}) == Verdict::missing);
    CHECK(check(keys, {{"Authorization", ""}}) == Verdict::missing);
    CHECK(check(keys, {{"Authorization", "Bearer"}}) == Verdict::missing);
    CHECK(check(keys, {{"Authorization", "Bearer "}}) == Verdict::missing);
    CHECK(check(keys, {{"Authorization", "Basic sk-one"}}) == Verdict::missing);
    CHECK(check(keys, {{"Authorization", "sk-one"}}) == Verdict::missing);
    for (const char* key : {"sk-on", "sk-onee", "sk-three", "s", "SK-ONE", "sk-one sk-two",
                            "sk-onesk-one", "sk-one,sk-two"}) {
        CAPTURE(key);
        CHECK(check(keys, {{"x-api-key", key}}) == Verdict::wrong);
        CHECK(check(keys, {{"Authorization", std::string("Bearer ") + key}}) == Verdict::wrong);
    }
}

TEST_CASE("Only the first field of a name counts") {
    const ApiKeys keys({"good"});
    CHECK(check(keys, {{"x-api-key", "bad"}, {"x-api-key", "good"}}) == Verdict::wrong);
}
