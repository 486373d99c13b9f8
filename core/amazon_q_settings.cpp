#include "core/amazon_q_settings.h"

#include <algorithm>

namespace core {
namespace {

net::Url https(const std::string& host) {
    net::Url url;
    url.is_https = true;
    url.host = host;
    url.port = 443;
    return url;
}

// A region from a file becomes part of a host name, so that it must be one.
std::string region_or_default(std::string_view region) {
    return std::string(is_region(region) ? region : default_region);
}

}  // namespace

net::Url AmazonQSettings::endpoint_for(std::string_view profile) const {
    if (endpoint) return *endpoint;
    const std::string_view of_profile = json::region_of(profile);
    return https("q." + region_or_default(of_profile.empty() ? region : of_profile) +
                 ".amazonaws.com");
}

net::Url AmazonQSettings::management_endpoint_for(std::string_view profile) const {
    return management_endpoint ? *management_endpoint : endpoint_for(profile);
}

net::Url AmazonQSettings::oidc_endpoint_for(std::string_view login_region) const {
    if (oidc_endpoint) return *oidc_endpoint;
    return https("oidc." + region_or_default(login_region) + ".amazonaws.com");
}

net::Url AmazonQSettings::social_endpoint_for(std::string_view login_region) const {
    if (oidc_endpoint) return *oidc_endpoint;
    return https("prod." + region_or_default(login_region) + ".auth.desktop.kiro.dev");
}

bool AmazonQSettings::needs_tls() const {
    return endpoint_for({}).is_https || management_endpoint_for({}).is_https ||
           oidc_endpoint_for({}).is_https;
}

std::string AmazonQSettings::signing_region() const {
    if (!endpoint) return region_or_default(region);
    // q.us-east-1.amazonaws.com, runtime.us-east-1.kiro.dev
    const std::string_view host = endpoint->host;
    const size_t begin = host.find('.') + 1;
    const bool is_of_aws = host.ends_with(".amazonaws.com") || host.ends_with(".kiro.dev");
    if (is_of_aws) return region_or_default(host.substr(begin, host.find('.', begin) - begin));
    return region_or_default(region.empty() && iam ? iam->region : region);
}

std::string AmazonQSettings::profile_for(const json::Credentials& login) const {
    if (profile_arn) return *profile_arn;
    return login.start_url == builder_id_url ? std::string() : login.profile_arn;
}

bool is_region(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace core
