#include "net/request_id.h"

#include "net/http_text.h"
#include "net/random.h"

namespace net {

void RequestId::assign(uint64_t counter, std::string_view from_client) {
    number_ = scatter(counter);
    from_client_.reset();
    if (from_client.empty() || from_client.size() > client_bytes_max) return;
    if (is_token(from_client)) from_client_ = std::make_unique<std::string>(from_client);
}

}  // namespace net
