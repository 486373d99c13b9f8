#include "net/upstream_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace net {
namespace {

// The last field, and the empty line behind it.
void append_length(size_t length, std::string& fields) {
    std::array<char, std::numeric_limits<size_t>::digits10 + 1> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), length);
    fields.append("Content-Length: ").append(digits.data(), written.ptr).append("\r\n\r\n");
}

}  // namespace

UpstreamRequest::UpstreamRequest(CallRequest&& request, const Origin& origin)
    : origin_(origin), fields_(std::move(request.fields)), body_(std::move(request.body)) {
    const std::string& base = request.url.path;
    begin_.append(request.method).append(origin.before_path).append(base);
    if (base.empty() && !request.path.starts_with('/')) begin_.push_back('/');
    begin_.append(request.path);
    if (body_.empty() && request.method == "GET") {
        fields_.append("\r\n");
    } else {
        append_length(body_.size(), fields_);
    }
    head_bytes_ = begin_.size() + origin.behind_path.size() + fields_.size();
}

std::string_view UpstreamRequest::piece(size_t begin, std::span<char> area) const {
    if (begin >= head_bytes_) return std::string_view(body_).substr(begin - head_bytes_);
    size_t size = 0;
    for (const std::string_view part :
         {std::string_view(begin_), std::string_view(origin_.behind_path),
          std::string_view(fields_), std::string_view(body_)}) {
        const size_t skipped = std::min(begin, part.size());
        begin -= skipped;
        size += part.substr(skipped).copy(area.data() + size, area.size() - size);
    }
    return {area.data(), size};
}

}  // namespace net
