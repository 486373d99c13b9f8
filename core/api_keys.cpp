#include "core/api_keys.h"

#include <algorithm>

#include "net/http_text.h"

namespace core {
namespace {

std::string_view bearer_token(std::string_view authorization) {
    const size_t space = authorization.find(' ');
    if (space == std::string_view::npos) return {};
    if (!net::equals_ignoring_case(authorization.substr(0, space), "bearer")) return {};
    return net::trim(authorization.substr(space + 1));
}

bool equal_in_constant_time(std::string_view known, std::string_view given) {
    unsigned difference = known.size() == given.size() ? 0 : 1;
    for (size_t i = 0; i < given.size(); ++i) {
        const char expected = known.empty() ? '\0' : known[i % known.size()];
        difference |= static_cast<unsigned char>(expected ^ given[i]);
    }
    return difference == 0;
}

}  // namespace

ApiKeys::Verdict ApiKeys::check(const net::Request& request) const {
    if (keys_.empty()) return Verdict::good;
    const std::string_view candidates[] = {bearer_token(request.field("authorization")),
                                           request.field("x-api-key"), request.field("api-key")};
    bool is_given = false;
    for (const std::string_view candidate : candidates) {
        if (candidate.empty()) continue;
        is_given = true;
        if (is_known(candidate)) return Verdict::good;
    }
    return is_given ? Verdict::wrong : Verdict::missing;
}

bool ApiKeys::is_known(std::string_view key) const {
    bool found = false;
    for (const std::string& known : keys_) found |= equal_in_constant_time(known, key);
    return found;
}

}  // namespace core
