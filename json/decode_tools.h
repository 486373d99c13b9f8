#pragma once

#include "json/chat_request.h"
#include "json/fields.h"

namespace json {

// Decode the fields of these names into `out`, replacing what it held. False: malformed.
[[nodiscard]] bool decode_tools(FieldReader& fields, Node& node, const Path& path,
                                std::vector<Tool>& out);
[[nodiscard]] bool decode_tool_choice(FieldReader& fields, Node& node, const Path& path,
                                      ToolChoice& out);
[[nodiscard]] bool decode_response_format(FieldReader& fields, Node& node, const Path& path,
                                          ResponseFormat& out);

}  // namespace json
