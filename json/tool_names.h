#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "json/text.h"

namespace json {

// ToolNames maps the names of a client's tools to names the service accepts (a letter, then
// letters, digits, '_' and '-', 64 bytes at most) and back, so that a client never sees a name it
// did not choose. A legal name stays as it is; of any other the legal bytes are kept and a hash is
// added. No two tools of a client share a name. It owns all names; one per request.
class ToolNames {
public:
    static constexpr size_t name_bytes_max = 64;

    // The service's name for a client's tool, always the same one; plain ASCII, valid until
    // clear(). Names that come first have the better chance to stay as they are.
    std::string_view to_service(JsonText name);

    // The client's name for a tool that the service called; one that is not known stays as it is.
    // Valid until clear(), or as long as `name` is.
    JsonText to_client(JsonText name) const;

    void clear() { names_.reset(); }

private:
    using Names = std::map<std::string, std::string, std::less<>>;

    struct Both {
        Names to_service;  // both escaped, in one fixed way
        Names to_client;
    };

    std::string_view to_service(std::string_view plain, std::string_view key);

    std::unique_ptr<Both> names_;  // null: none; most streams have no tools
};

}  // namespace json
