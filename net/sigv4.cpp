#include "net/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace net {
namespace {

using Digest = std::array<unsigned char, 32>;

// The first use is what initializes OpenSSL: without the system's configuration, as in net/tls.cpp.
const EVP_MD* sha256_method() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    return EVP_sha256();
}

Digest sha256(std::string_view text) {
    Digest out{};
    EVP_Digest(text.data(), text.size(), out.data(), nullptr, sha256_method(), nullptr);
    return out;
}

std::string_view view(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest hmac(std::string_view key, std::string_view text) {
    Digest out{};
    HMAC(sha256_method(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), nullptr);
    return out;
}

std::string hex(const Digest& digest) {
    std::string out;
    for (const unsigned char byte : digest) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 0xF];
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return out;
}

// Without white space at the ends, and one space for each run of it inside.
std::string trimmed(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const bool is_space = c == ' ' || c == '\t';
        if (!is_space) {
            out += c;
        } else if (!out.empty() && out.back() != ' ') {
            out += ' ';
        }
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

// By name; the values of equal names in their order.
using Fields = std::map<std::string, std::string>;

Fields canonical_fields(const SigV4Request& request) {
    Fields fields;
    for (const SigV4Field& field : request.fields) {
        const std::string value = trimmed(field.value);
        const auto [known, is_new] = fields.try_emplace(lower(field.name), value);
        if (!is_new) known->second += ',' + value;
    }
    return fields;
}

std::string signed_names(const Fields& fields) {
    std::string out;
    for (const auto& [name, value] : fields) {
        if (!out.empty()) out += ';';
        out += name;
    }
    return out;
}

std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    while (!query.empty()) {
        const std::string_view parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), parameter.size() + 1));
        const size_t equals = std::min(parameter.find('='), parameter.size());
        const std::string_view value = parameter.substr(std::min(equals + 1, parameter.size()));
        parameters.emplace_back(parameter.substr(0, equals), value);
    }
    std::sort(parameters.begin(), parameters.end());
    std::string out;
    for (const auto& [name, value] : parameters) {
        if (!out.empty()) out += '&';
        out += name + '=' + value;
    }
    return out;
}

std::string scope(const SigV4Key& key, const SigV4Request& request) {
    std::string out(request.amz_date.substr(0, 8));
    return out.append("/").append(key.region).append("/").append(key.service) + "/aws4_request";
}

}  // namespace

std::string sigv4_canonical_request(const SigV4Request& request) {
    const Fields fields = canonical_fields(request);
    std::string out(request.method);
    out.append("\n").append(request.path).append("\n");
    out.append(canonical_query(request.query)).append("\n");
    for (const auto& [name, value] : fields) out.append(name + ':' + value + '\n');
    return out.append("\n" + signed_names(fields) + "\n" + hex(sha256(request.body)));
}

std::string sigv4_string_to_sign(const SigV4Key& key, const SigV4Request& request) {
    std::string out = "AWS4-HMAC-SHA256\n";
    out.append(request.amz_date).append("\n" + scope(key, request) + "\n");
    return out + hex(sha256(sigv4_canonical_request(request)));
}

std::string sigv4_authorization(const SigV4Key& key, const SigV4Request& request) {
    const std::string secret = "AWS4" + std::string(key.secret_key);
    const Digest day = hmac(secret, request.amz_date.substr(0, 8));
    const Digest region = hmac(view(day), key.region);
    const Digest service = hmac(view(region), key.service);
    const Digest signing = hmac(view(service), "aws4_request");
    const Digest signature = hmac(view(signing), sigv4_string_to_sign(key, request));
    std::string out = "AWS4-HMAC-SHA256 Credential=" + std::string(key.access_key) + "/";
    out += scope(key, request) + ", SignedHeaders=" + signed_names(canonical_fields(request));
    return out + ", Signature=" + hex(signature);
}

}  // namespace net
