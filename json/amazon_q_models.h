#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace json {

// One entry of the answer to ListAvailableModels.
struct AmazonQModel {
    std::string id;
    std::string name;
    int64_t input_tokens_max = 0;  // 0: unknown
    bool takes_images = false;
};

// One page of that answer.
struct AmazonQModels {
    std::vector<AmazonQModel> models;
    std::string default_id;  // empty: unknown
    std::string next_token;  // empty: the last page
};

// Appends the body of ListAvailableModels; empty members are left out.
void write_list_models(std::string_view origin, std::string_view profile_arn,
                       std::string_view next_token, std::string& out);

// False: it is not such an answer.
[[nodiscard]] bool read_models(std::string_view body, AmazonQModels& out);

// Finds the service's id for a model as clients name it: the id itself, or another way to write
// it, with a provider in front, capitals, a date, or dashes for dots (anthropic/Claude-Sonnet-4-5-
// 20250929 is claude-sonnet-4.5). Empty: none of the models is meant. With no models known it
// returns the name written the service's way.
std::string find_model(std::string_view name, std::span<const AmazonQModel> models);

}  // namespace json
