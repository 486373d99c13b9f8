#pragma once

#include <string>
#include <string_view>

#include "json/reader.h"
#include "json/values.h"

namespace json {

// ToolSchema tidies the JSON Schema of a tool's parameters, because the service refuses some that
// are legal: the root becomes an object schema with "properties", keywords that are null are left
// out, and so is an empty "required". Values of const, default, enum and examples stay untouched,
// and so does everything else. One serves all tools of a thread.
class ToolSchema {
public:
    explicit ToolSchema(uint32_t depth_max) : reader_(depth_max) {}

    // Appends the tidied schema. Empty or malformed parameters count as none.
    void write(std::string_view parameters, std::string& out);

private:
    enum class Inside : uint8_t { schema, map_of_schemas };

    bool write_root(std::string_view parameters, std::string& out);
    bool write_field(std::string_view key, Node& node, Inside inside, std::string& out);
    bool write_value(Node& node, Inside inside, std::string& out);
    bool write_raw(Node& node, std::string& out);

    Reader reader_;
    PaddedCopy copy_;
};

}  // namespace json
