#include "json/amazon_q_tools.h"

namespace json {
namespace {

constexpr JsonText placeholder =
    JsonText::trusted("This tool is no longer offered. Do not call it.");

// What is written around a tool's name, description and parameters.
constexpr size_t tool_bytes = 96;

}  // namespace

void AmazonQTools::begin(const ChatRequest& request, ToolNames& names, AmazonQHistory& history) {
    names_.clear();
    bytes_ = 0;
    for (const Tool& tool : request.tools) {
        const std::string_view name = names_.emplace_back(names.to_service(tool.name));
        bytes_ += tool_bytes + name.size() + tool.description.size() + tool.parameters.size();
        const JsonText kept = tool.description.cut(description_bytes_max);
        if (kept.size() == tool.description.size() ||
            request.tool_choice.kind == ToolChoice::Kind::none) {
            continue;
        }
        history.add_user_text(
            history.keep("The description of the tool " + std::string(name) + " goes on:"));
        history.add_user_text(tool.description.after(kept));
    }
}

bool AmazonQTools::are_any(const ChatRequest& request, const AmazonQHistory& history) {
    const bool none = request.tool_choice.kind == ToolChoice::Kind::none;
    return !history.calls().empty() || (!request.tools.empty() && !none);
}

void AmazonQTools::write(const ChatRequest& request, const AmazonQHistory& history,
                         std::string& out) {
    used_.clear();
    written_.clear();
    for (const AmazonQHistory::Call& call : history.calls()) used_.insert(call.name);
    const bool none = request.tool_choice.kind == ToolChoice::Kind::none;
    out += R"("tools":[)";
    for (size_t i = 0; i < names_.size(); ++i) {
        const Tool& tool = request.tools[i];
        if (none && !used_.contains(names_[i])) continue;
        if (!written_.insert(names_[i]).second) continue;
        write_tool(names_[i], tool.description.cut(description_bytes_max), tool.parameters, out);
    }
    for (const std::string_view name : used_) {
        if (!written_.contains(name)) write_tool(name, placeholder, {}, out);
    }
    out += ']';
}

void AmazonQTools::write_tool(std::string_view name, JsonText description,
                              std::string_view parameters, std::string& out) {
    if (out.back() != '[') out += ',';
    out.append(R"({"toolSpecification":{"name":")").append(name).append(R"(","description":")");
    // An empty description is refused; the name is the best there is.
    out += is_blank(description) ? name : description.view();
    out += R"(","inputSchema":{"json":)";
    schema_.write(parameters, out);
    out += "}}}";
}

}  // namespace json
