#pragma once

#include <span>
#include <string>
#include <string_view>

namespace net {

// AWS Signature Version 4 (AWS4-HMAC-SHA256): how requests prove an IAM identity. It needs
// OpenSSL's libcrypto; builds without TLS leave it out.

struct SigV4Key {
    std::string_view access_key, secret_key;
    std::string_view region, service;
};

struct SigV4Field {
    std::string_view name, value;
};

// A request as it will be sent. Exactly the fields listed here are signed; "host" and "x-amz-date"
// must be among them, and "x-amz-security-token" with temporary credentials.
struct SigV4Request {
    std::string_view method;
    std::string_view path;      // as sent: URI-encoded and normalised
    std::string_view query;     // as sent: URI-encoded, without '?'
    std::string_view amz_date;  // 20250830T123600Z, the value of x-amz-date
    std::span<const SigV4Field> fields;
    std::string_view body;
};

// The value of the field "authorization".
std::string sigv4_authorization(const SigV4Key& key, const SigV4Request& request);

// The two steps before it, for tests.
std::string sigv4_canonical_request(const SigV4Request& request);
std::string sigv4_string_to_sign(const SigV4Key& key, const SigV4Request& request);

}  // namespace net
