#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "net/http_call.h"
#include "net/origin.h"

namespace net {

// UpstreamRequest is a request as it goes over the wire (RFC 9112 section 3). It stays in the parts
// that its maker has handed over, and is put together when it is sent: so it needs no memory of its
// own. Owned by its call until it cannot be needed again.
class UpstreamRequest {
public:
    // `origin` must outlive it.
    UpstreamRequest(CallRequest&& request, const Origin& origin);

    size_t size() const { return head_bytes_ + body_.size(); }
    // What follows the first `begin` bytes, or its beginning: put together in `area` up to where
    // only the body is left, then in place. REQUIRES: begin < size().
    std::string_view piece(size_t begin, std::span<char> area) const;

private:
    const Origin& origin_;
    std::string begin_;   // method and target
    std::string fields_;  // to the end of the head
    std::string body_;
    size_t head_bytes_;
};

}  // namespace net
