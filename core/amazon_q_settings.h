#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/credentials.h"
#include "net/http_call.h"
#include "net/url.h"

namespace core {

// The start URL of everybody who has no organisation behind the login.
inline constexpr std::string_view builder_id_url = "https://view.awsapps.com/start";

// The region of Builder ID, and of the service when nothing else is said.
inline constexpr std::string_view default_region = "us-east-1";

// IamKey is the other way to be authorized: requests signed with AWS credentials (SigV4). Secret.
struct IamKey {
    std::string access_key, secret_key;
    std::string session_token;  // empty: the key is not temporary
    std::string region;         // of the environment; empty: it names none
};

// AmazonQSettings is all that can be said about Amazon Q and the account. What is not said has the
// default of the service as it is today; AWS is moving it.
struct AmazonQSettings {
    enum class Dialect { awsjson, rest };

    // A client that asks for the model `from` gets `to`.
    struct Alias {
        std::string from, to;
    };

    std::optional<net::Url> endpoint;             // chat
    std::optional<net::Url> management_endpoint;  // models and profiles
    std::optional<net::Url> oidc_endpoint;        // login
    std::string region;                           // empty: the profile's, else us-east-1
    // Not set: the one of the login, unless it is a Builder ID's. Empty: none is sent.
    std::optional<std::string> profile_arn;
    std::string start_url;  // of the login; empty: Builder ID's
    std::string origin = "CLI";
    Dialect dialect = Dialect::awsjson;
    std::string user_agent = "amazon-q-server/1.0.0";
    bool reasoning = false;      // reasoning_effort is passed on; only newer models take it
    bool share_content = false;  // AWS may use the content to improve its service
    std::vector<Alias> aliases;
    net::CallTimeouts timeouts;
    std::string ca_file;           // empty: the system's authorities
    std::string credentials_file;  // empty: where they are found
    bool rotate_foreign_login = false;
    std::optional<IamKey> iam;  // set: it is used in place of a login

    // Where chats, and models and profiles, are asked for with this profile (which may be empty):
    // the service lives in the profile's region, which need not be the login's.
    net::Url endpoint_for(std::string_view profile) const;
    net::Url management_endpoint_for(std::string_view profile) const;

    // Where a login of this region is made and renewed.
    net::Url oidc_endpoint_for(std::string_view login_region) const;
    // Where Kiro's logins by Google and GitHub are renewed.
    net::Url social_endpoint_for(std::string_view login_region) const;

    // Whether any of these is https.
    bool needs_tls() const;

    // The region that requests signed with an IAM key must name: the endpoint's.
    std::string signing_region() const;

    // The profile to send with this login; empty: none.
    std::string profile_for(const json::Credentials& login) const;
};

// Whether it can be a region's name, which becomes part of a host's.
bool is_region(std::string_view text);

}  // namespace core
