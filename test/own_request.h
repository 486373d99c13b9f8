#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/buffer.h"
#include "net/http_text.h"

namespace test {

// A net::Request that owns its bytes, for handlers without a socket.
class OwnRequest {
public:
    OwnRequest(std::string method, std::string target, std::vector<net::Field> fields = {},
               std::string_view body = {})
        : method_(std::move(method)),
          target_(std::move(target)),
          body_(body),
          fields_(std::move(fields)) {
        body_.append(net::InputBuffer::tail_slack, '}');
        request_.method = method_ == "GET"       ? net::Method::get
                          : method_ == "HEAD"    ? net::Method::head
                          : method_ == "POST"    ? net::Method::post
                          : method_ == "OPTIONS" ? net::Method::options
                                                 : net::Method::other;
        request_.method_name = method_;
        request_.path = net::path_of(target_);
        request_.body = std::string_view(body_).substr(0, body.size());
        request_.fields = fields_;
    }
    OwnRequest(const OwnRequest&) = delete;
    OwnRequest& operator=(const OwnRequest&) = delete;

    const net::Request& view() const { return request_; }

private:
    const std::string method_, target_;
    std::string body_;
    const std::vector<net::Field> fields_;
    net::Request request_;
};

}  // namespace test
