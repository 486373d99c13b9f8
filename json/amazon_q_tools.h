#pragma once

#include <set>
#include <string>
#include <string_view>

#include "json/amazon_q_history.h"
#include "json/chat_request.h"
#include "json/tool_names.h"
#include "json/tool_schema.h"

namespace json {

// AmazonQTools writes the tools that the service may call: those of the request, and a placeholder
// for every tool that the history used and the request no longer offers, since the service refuses
// a history that uses undeclared tools. One serves all requests of a thread.
class AmazonQTools {
public:
    // The service takes 10,004 bytes; what a longer description goes on with is told as text.
    static constexpr size_t description_bytes_max = 10'000;

    explicit AmazonQTools(uint32_t depth_max) : schema_(depth_max) {}

    // Names the tools, and adds the rest of long descriptions to the history, which is still empty.
    void begin(const ChatRequest& request, ToolNames& names, AmazonQHistory& history);

    // Appends the array of tools; false and nothing when there is none.
    bool write(const ChatRequest& request, ToolNames& names, const AmazonQHistory& history,
               std::string& out);

private:
    void write_tool(std::string_view name, JsonText description, std::string_view parameters,
                    std::string& out);

    ToolSchema schema_;
    std::set<std::string_view> used_, written_;
};

}  // namespace json
