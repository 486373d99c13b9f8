#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

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

    // Whether there are tools to write.
    static bool are_any(const ChatRequest& request, const AmazonQHistory& history);

    // Appends the member with the tools. REQUIRES: begin() with this request, and there are any.
    void write(const ChatRequest& request, const AmazonQHistory& history, std::string& out);

    // A good guess at what write() appends.
    size_t bytes() const { return bytes_; }

private:
    void write_tool(std::string_view name, JsonText description, std::string_view parameters,
                    std::string& out);

    ToolSchema schema_;
    std::vector<std::string_view> names_;  // of the request's tools, as the service sees them
    std::set<std::string_view> used_, written_;
    size_t bytes_ = 0;
};

}  // namespace json
