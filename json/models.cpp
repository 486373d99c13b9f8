#include "json/models.h"

#include "json/text.h"

namespace json {

void write_model(const Model& model, std::string& out) {
    out += R"({"id":")";
    escape(model.id, out);
    out += R"(","object":"model","created":)";
    out += std::to_string(model.created);
    out += R"(,"owned_by":")";
    escape(model.owned_by, out);
    out += R"("})";
}

void write_models(std::span<const Model> models, std::string& out) {
    out += R"({"object":"list","data":[)";
    for (size_t i = 0; i < models.size(); ++i) {
        if (i > 0) out.push_back(',');
        write_model(models[i], out);
    }
    out += "]}";
}

}  // namespace json
