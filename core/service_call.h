#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_call.h"

namespace core {

// ServiceCall is a short call to AWS: a small body there and one back, held until it is whole. Its
// owner is woken and asks is_done() then.
class ServiceCall {
public:
    // The client must outlive the call; `wakeup` is of the owner.
    ServiceCall(net::HttpClient& client, net::CallRequest request, net::Wakeup wakeup);

    bool is_done();

    // After is_done(). Status 0: no answer came, and problem() says why.
    uint16_t status() const { return status_; }
    bool is_good() const { return status_ >= 200 && status_ < 300; }
    std::string_view body() const { return body_; }
    std::string_view error_type() const { return error_type_; }  // x-amzn-errortype
    const std::string& problem() const { return problem_; }

private:
    void fail(std::string problem);

    std::unique_ptr<net::HttpCall> call_;
    uint16_t status_ = 0;
    std::string body_;
    std::string error_type_;
    std::string problem_;
};

}  // namespace core
