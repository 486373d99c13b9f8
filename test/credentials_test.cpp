#include "json/credentials.h"

#include <doctest.h>

#include <string>

#include "json/rfc3339.h"

using json::Credentials;

TEST_CASE("RFC 3339 times are read with any offset and fraction") {
    CHECK(json::read_time("1970-01-01T00:00:00Z") == 0);
    CHECK(json::read_time("2026-01-01T00:00:00Z") == 1'767'225'600);
    CHECK(json::read_time("2026-01-01t02:00:00.123456789+02:00") == 1'767'225'600);
    CHECK(json::read_time("2025-12-31 18:30:00-05:30") == 1'767'225'600);
    CHECK(json::read_time("2024-02-29T12:00:00z") == 1'709'208'000);
    CHECK(json::read_time("1969-12-31T23:59:60Z") == 0);
    for (const char* const wrong :
         {"", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
          "2025-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
          "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2:00",
          "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.5",
          "-026-01-01T00:00:00Z", "2026-0a-01T00:00:00Z"}) {
        CAPTURE(wrong);
        CHECK(!json::read_time(wrong));
    }
}

TEST_CASE("RFC 3339 times are written in UTC") {
    for (const int64_t time :
         {int64_t{0}, int64_t{-1}, int64_t{1'767'225'599}, int64_t{253'402'300'799}}) {
        std::string text;
        json::write_time(time, text);
        CHECK(json::read_time(text) == time);
        CHECK(text.size() == 20);
    }
    std::string text;
    json::write_time(1'709'208'061, text);
    CHECK(text == "2024-02-29T12:01:01Z");
}

TEST_CASE("credentials are read back as they were written") {
    Credentials all{"a\"",         "r",         1'767'225'600, "i",   "s\n",
                    1'800'000'000, "us-east-1", "https://x",   "arn", "h"};
    std::string text;
    json::write_credentials(all, text);
    CHECK(
        text.starts_with("{\n  \"accessToken\": \"a\\\"\",\n  \"refreshToken\": \"r\",\n"
                         "  \"expiresAt\": \"2026-01-01T00:00:00Z\",\n"));
    Credentials read;
    REQUIRE(json::read_credentials(text, read));
    CHECK(read.access_token == all.access_token);
    CHECK(read.refresh_token == all.refresh_token);
    CHECK(read.expires_at == all.expires_at);
    CHECK(read.client_id == all.client_id);
    CHECK(read.client_secret == all.client_secret);
    CHECK(read.client_expires_at == all.client_expires_at);
    CHECK(read.region == all.region);
    CHECK(read.start_url == all.start_url);
    CHECK(read.profile_arn == all.profile_arn);
    CHECK(read.client_id_hash == all.client_id_hash);
    std::string empty;
    json::write_credentials({}, empty);
    CHECK(empty == "{\n}\n");
    CHECK(json::read_credentials(empty, read));
}

TEST_CASE("credentials of other programs are read") {
    Credentials cli;
    REQUIRE(json::read_credentials(
        R"({"access_token":"a","expires_at":"2026-01-01T00:00:00.5Z","refresh_token":"r","region":"us-east-1",
            "start_url":"https://view.awsapps.com/start","oauth_flow":"DeviceCode","scopes":["x"]})",
        cli));
    REQUIRE(json::read_registration(
        R"({"client_id":"i","client_secret":"s","client_secret_expires_at":"2026-03-01T00:00:00Z",
            "region":"eu-west-1","oauth_flow":"DeviceCode","scopes":[]})",
        cli));
    REQUIRE(json::read_profile(
        R"({"arn":"arn:aws:codewhisperer:eu-central-1:1:profile/X","profile_name":"p"})", cli));
    CHECK(cli.access_token == "a");
    CHECK(cli.expires_at == 1'767'225'600);
    CHECK(cli.client_id == "i");
    CHECK(cli.client_expires_at == 1'772'323'200);
    CHECK(cli.region == "us-east-1");
    CHECK(cli.start_url == "https://view.awsapps.com/start");
    CHECK(json::region_of(cli.profile_arn) == "eu-central-1");

    Credentials kiro;
    REQUIRE(json::read_credentials(
        R"({"accessToken":"a","refreshToken":"r","expiresAt":"2026-01-01T00:00:00Z","region":"us-east-1",
            "authMethod":"IdC","provider":"BuilderId","clientIdHash":"abc"})",
        kiro));
    CHECK(kiro.client_id_hash == "abc");
    REQUIRE(json::read_registration(
        R"({"clientId":"i","clientSecret":"s","expiresAt":"2026-03-01T00:00:00Z"})", kiro));
    CHECK(kiro.client_expires_at == 1'772'323'200);
    CHECK(kiro.expires_at == 1'767'225'600);
}

TEST_CASE("values of wrong types count as absent, and numbers as times") {
    Credentials read;
    read.region = "kept";
    REQUIRE(json::read_credentials(
        R"({"accessToken":7,"region":null,"expiresAt":1767225600123,"x":{}})", read));
    CHECK(read.access_token.empty());
    CHECK(read.region == "kept");
    CHECK(read.expires_at == 1'767'225'600);
    CHECK(json::read_credentials(R"({"expiresAt":"soon"})", read));
    CHECK(read.expires_at == 1'767'225'600);
    CHECK(!json::read_credentials(R"({"region":"changed")", read));
    CHECK(!json::read_credentials("", read));
    CHECK(!json::read_registration("[]", read));
    CHECK(!json::read_profile("x", read));
    CHECK(read.region == "kept");
}

TEST_CASE("the region of an ARN is its fourth field") {
    CHECK(json::region_of("arn:aws:codewhisperer:us-east-1:111122223333:profile/ABC") ==
          "us-east-1");
    CHECK(json::region_of("arn:aws:x") == "");
    CHECK(json::region_of("arn:aws:x:") == "");
    CHECK(json::region_of("") == "");
}
