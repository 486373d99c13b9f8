#pragma once

#include "json/chat_request.h"
#include "json/fields.h"

namespace json {

// Decodes the field `messages` into `out`, whose lists are emptied first. False: malformed.
[[nodiscard]] bool decode_messages(FieldReader& fields, Node& node, const Path& path,
                                   uint32_t messages_max, ChatRequest& out);

// Decodes the parts of one message's content and appends them to `out`. False: malformed.
[[nodiscard]] bool decode_parts(FieldReader& fields, Node& array, const Path& path,
                                std::vector<Part>& out);

}  // namespace json
