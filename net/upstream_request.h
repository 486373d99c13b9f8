#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "net/http_call.h"
#include "net/origin.h"

namespace net {

// UpstreamRequest is a request as it goes over the wire (RFC 9112 section 3), head and body in one
// piece. Owned by its call until it cannot be needed again.
class UpstreamRequest {
public:
    UpstreamRequest() = default;  // none
    // Copies all that it needs.
    UpstreamRequest(const CallRequest& request, const Origin& origin);

    // Valid as long as the request.
    std::string_view text() const { return {text_.get(), size_}; }

private:
    std::unique_ptr<char[]> text_;
    size_t size_ = 0;
};

}  // namespace net
