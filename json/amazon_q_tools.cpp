#include "json/amazon_q_tools.h"

namespace json {
namespace {

constexpr JsonText placeholder =
    JsonText::trusted("This tool is no longer offered. Do not call it.");

}  // namespace

void AmazonQTools::begin(const ChatRequest& request, ToolNames& names, AmazonQHistory& history) {
    for (const Tool& tool : request.tools) {
        const std::string_view name = names.to_service(tool.name);
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

bool AmazonQTools::write(const ChatRequest& request, ToolNames& names,
                         const AmazonQHistory& history, std::string& out) {
    used_.clear();
    written_.clear();
    for (const AmazonQHistory::Call& call : history.calls()) used_.insert(call.name);
    const bool none = request.tool_choice.kind == ToolChoice::Kind::none;
    const size_t begin = out.size();
    out += '[';
    for (const Tool& tool : request.tools) {
        const std::string_view name = names.to_service(tool.name);
        if (none && !used_.contains(name)) continue;
        if (!written_.insert(name).second) continue;
        write_tool(name, tool.description.cut(description_bytes_max), tool.parameters, out);
    }
    for (const std::string_view name : used_) {
        if (!written_.contains(name)) write_tool(name, placeholder, {}, out);
    }
    if (out.size() == begin + 1) {
        out.resize(begin);
        return false;
    }
    out += ']';
    return true;
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
