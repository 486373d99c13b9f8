#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "json/reader.h"
#include "json/values.h"

namespace json {

// ToolSchema tidies the JSON Schema of a tool's parameters, because the service refuses some that
// are legal: the root becomes an object schema with "properties", keywords that are null are left
// out, and so is an empty "required". Values of const, default, enum and examples stay untouched,
// and so does everything else. One serves all tools of a thread, and remembers some of what it
// tidied: clients send the same tools with every request.
class ToolSchema {
public:
    explicit ToolSchema(uint32_t depth_max) : reader_(depth_max) {}

    // Appends the tidied schema. Empty or malformed parameters count as none.
    void write(std::string_view parameters, std::string& out);

private:
    enum class Inside : uint8_t { schema, map_of_schemas };

    void remember(std::string_view parameters, std::string_view schema);
    bool write_root(std::string_view parameters, std::string& out);
    bool write_field(std::string_view key, Node& node, Inside inside, std::string& out);
    bool write_value(Node& node, Inside inside, std::string& out);
    bool write_raw(Node& node, std::string& out);

    Reader reader_;
    PaddedCopy copy_;
    std::map<std::string, std::string, std::less<>> known_;  // by parameters
    size_t known_bytes_ = 0;
};

}  // namespace json
