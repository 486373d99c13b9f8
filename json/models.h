#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace json {

// One entry of GET /v1/models. Plain UTF-8 text.
struct Model {
    std::string id;
    std::string owned_by;
    int64_t created = 0;  // Unix seconds
};

// Appends one model object, or the list object of all.
void write_model(const Model& model, std::string& out);
void write_models(std::span<const Model> models, std::string& out);

}  // namespace json
