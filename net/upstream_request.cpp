#include "net/upstream_request.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace net {

UpstreamRequest::UpstreamRequest(const CallRequest& request, const Origin& origin) {
    const std::string& base = request.url.path;
    const bool needs_slash = base.empty() && !request.path.starts_with('/');
    const size_t body_bytes = request.body.size() + request.body_end.size();
    const bool has_length = body_bytes != 0 || request.method != "GET";
    std::array<char, std::numeric_limits<size_t>::digits10 + 1> digits;
    char* const digits_end =
        std::to_chars(digits.data(), digits.data() + digits.size(), body_bytes).ptr;
    const std::string_view length(digits.data(), digits_end);
    const std::string_view parts[] = {
        request.method,
        origin.before_path,
        base,
        needs_slash ? "/" : "",
        request.path,
        origin.behind_path,
        request.fields,
        has_length ? "Content-Length: " : "",
        has_length ? length : "",
        has_length ? "\r\n\r\n" : "\r\n",
        request.body,
        request.body_end,
    };
    for (const std::string_view part : parts) size_ += part.size();
    text_ = std::make_unique_for_overwrite<char[]>(size_);
    char* to = text_.get();
    for (const std::string_view part : parts) to += part.copy(to, part.size());
}

}  // namespace net
