#include "core/service_call.h"

#include <utility>

namespace core {
namespace {

using std::chrono::milliseconds;
using State = net::HttpCall::State;

constexpr size_t body_bytes_max = 1024 * 1024;

// People and requests wait for these calls.
constexpr net::CallTimeouts timeouts{milliseconds(10'000), milliseconds(15'000),
                                     milliseconds(10'000), milliseconds(30'000)};

net::CallRequest with_timeouts(net::CallRequest request) {
    request.timeouts = &timeouts;
    return request;
}

}  // namespace

ServiceCall::ServiceCall(net::HttpClient& client, net::CallRequest request, net::Wakeup wakeup)
    : call_(client.start(with_timeouts(std::move(request)), wakeup)) {}

bool ServiceCall::is_done() {
    if (!call_) return true;
    const State state = call_->state();
    for (std::string_view piece = call_->peek(); !piece.empty(); piece = call_->peek()) {
        if (body_.size() + piece.size() > body_bytes_max) {
            fail("the answer was too long");
            return true;
        }
        body_ += piece;
        call_->consume(piece.size());
    }
    if (state == State::failed) {
        fail(call_->failure().text);
        return true;
    }
    if (state != State::complete) return false;
    status_ = call_->status();
    error_type_ = call_->field("x-amzn-errortype");
    call_.reset();
    return true;
}

void ServiceCall::fail(std::string problem) {
    problem_ = std::move(problem);
    call_.reset();
}

}  // namespace core
