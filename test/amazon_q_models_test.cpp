#include "json/amazon_q_models.h"

#include <doctest.h>

#include <string>
#include <vector>

#include "json/amazon_q_profiles.h"

using json::AmazonQModel;
using json::AmazonQModels;

TEST_CASE("ListAvailableModels is asked with what is set") {
    std::string out;
    json::write_list_models("CLI", "", "", out);
    CHECK(out == R"({"origin":"CLI"})");
    out.clear();
    json::write_list_models("CLI", "arn:\"x", "t", out);
    CHECK(out == R"({"origin":"CLI","profileArn":"arn:\"x","nextToken":"t"})");
}

TEST_CASE("models are read from the answer") {
    AmazonQModels models;
    REQUIRE(json::read_models(
        R"({"defaultModel":{"modelId":"auto"},"models":[
            {"modelId":"claude-sonnet-4.5","modelName":"Claude","rateMultiplier":1.3,
             "tokenLimits":{"maxInputTokens":200000,"maxOutputTokens":64000},
             "supportedInputTypes":["TEXT","IMAGE"]},
            {"modelId":"auto","tokenLimits":null,"supportedInputTypes":["TEXT"]},
            {"modelName":"without an id"}, 7],"nextToken":null})",
        models));
    REQUIRE(models.models.size() == 2);
    CHECK(models.models[0].id == "claude-sonnet-4.5");
    CHECK(models.models[0].name == "Claude");
    CHECK(models.models[0].input_tokens_max == 200'000);
    CHECK(models.models[0].takes_images);
    CHECK(!models.models[1].takes_images);
    CHECK(models.default_id == "auto");
    CHECK(models.next_token.empty());
    AmazonQModels none;
    CHECK(json::read_models(R"({"models":[],"nextToken":"n"})", none));
    CHECK(none.next_token == "n");
    CHECK(!json::read_models("{}", none));
    CHECK(!json::read_models("<html>", none));
    CHECK(!json::read_models(R"({"models":[{]})", none));
}

TEST_CASE("a model may be named in other ways") {
    const AmazonQModel models[] = {{"auto", "", 0, false},
                                   {"claude-sonnet-4", "", 0, false},
                                   {"claude-sonnet-4.5", "", 0, false},
                                   {"claude-3.7-sonnet", "", 0, false},
                                   {"CLAUDE_OPUS_4_5_20251101_V1_0", "", 0, false},
                                   {"gpt-5", "", 0, false}};
    const auto find = [&](const char* name) { return json::find_model(name, models); };
    CHECK(find("claude-sonnet-4.5") == "claude-sonnet-4.5");
    CHECK(find("claude-sonnet-4-5") == "claude-sonnet-4.5");
    CHECK(find("claude-sonnet-4-5-20250929") == "claude-sonnet-4.5");
    CHECK(find("anthropic/Claude-Sonnet-4.5") == "claude-sonnet-4.5");
    CHECK(find("CLAUDE_SONNET_4_5_20250929_V1_0") == "claude-sonnet-4.5");
    CHECK(find("claude-sonnet-4-20250514") == "claude-sonnet-4");
    CHECK(find("claude-3-7-sonnet-20250219") == "claude-3.7-sonnet");
    CHECK(find("claude-opus-4.5") == "CLAUDE_OPUS_4_5_20251101_V1_0");
    CHECK(find("CLAUDE_OPUS_4_5_20251101_V1_0") == "CLAUDE_OPUS_4_5_20251101_V1_0");
    CHECK(find("gpt-4") == "");
    CHECK(find("") == "");
    CHECK(json::find_model("claude-sonnet-4-5-20250929", {}) == "claude-sonnet-4.5");
    CHECK(json::find_model("model-2024-08", {}) == "model-2024-08");
}

TEST_CASE("profiles are read from the answer") {
    std::vector<std::string> arns;
    REQUIRE(json::read_profiles(
        R"({"nextToken":null,"profiles":[{"arn":"one","profileName":"p"},{"profileName":"q"},7,)"
        R"({"arn":"two","more":{"arn":"x"}}]})",
        arns));
    CHECK(arns == std::vector<std::string>{"one", "two"});
    CHECK(json::read_profiles(R"({"profiles":[]})", arns));
    CHECK(!json::read_profiles("{}", arns));
    CHECK(!json::read_profiles("[]", arns));
    CHECK(!json::read_profiles(R"({"profiles":[{]})", arns));
}
