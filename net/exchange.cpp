#include "net/exchange.h"

#include "net/http_text.h"

namespace net {

std::string_view Request::field(std::string_view name) const {
    for (const Field& field : fields) {
        if (equals_ignoring_case(field.name, name)) return field.value;
    }
    return {};
}

bool Request::has_field(std::string_view name) const {
    for (const Field& field : fields) {
        if (equals_ignoring_case(field.name, name)) return true;
    }
    return false;
}

}  // namespace net
