#include "core/amazon_q_options.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "json/credentials.h"
#include "json/text.h"

namespace core {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// Tokens must not cross the network in the clear.
net::Url read_endpoint(std::string_view text) {
    net::Url url;
    const std::string_view problem = net::Url::parse(text, url);
    if (!problem.empty()) throw UsageError("'" + std::string(text) + "': " + std::string(problem));
    if (!url.is_https && !url.is_loopback()) reject(text, "an https URL; http is for loopback");
    return url;
}

// What becomes part of a request's field or of a JSON text as it is.
std::string read_plain(std::string_view text, std::string_view wanted) {
    if (!json::is_plain_ascii(text) || text.empty() || text.size() > 512) reject(text, wanted);
    return std::string(text);
}

void set_region(Options& options, std::string_view value) {
    if (!is_region(value)) reject(value, "a region, such as us-east-1");
    options.amazon_q.region = value;
}

void set_profile(Options& options, std::string_view value) {
    const bool is_none = value == "none";
    if (!is_none && !value.starts_with("arn:")) reject(value, "the ARN of a profile, or none");
    options.amazon_q.profile_arn =
        is_none ? std::string() : read_plain(value, "the ARN of a profile");
}

void set_start_url(Options& options, std::string_view value) {
    if (!value.starts_with("https://")) reject(value, "an https URL");
    options.amazon_q.start_url = read_plain(value, "a URL");
}

void set_dialect(Options& options, std::string_view value) {
    using Dialect = AmazonQSettings::Dialect;
    if (value != "awsjson" && value != "rest") reject(value, "one of awsjson, rest");
    options.amazon_q.dialect = value == "rest" ? Dialect::rest : Dialect::awsjson;
}

bool read_switch(std::string_view value) {
    if (value.empty() || value == "1" || value == "true" || value == "yes") return true;
    if (value == "0" || value == "false" || value == "no") return false;
    reject(value, "one of true, false");
}

void add_alias(Options& options, std::string_view value) {
    const size_t equals = value.rfind('=');
    if (equals == std::string_view::npos) reject(value, "FROM=TO");
    constexpr std::string_view wanted = "FROM=TO, two model names without spaces and quotes";
    if (value.find(' ') != std::string_view::npos) reject(value, wanted);
    options.amazon_q.aliases.push_back({read_plain(value.substr(0, equals), wanted),
                                        read_plain(value.substr(equals + 1), wanted)});
}

constexpr Option table[] = {
    {"endpoint", "URL", "the service (https://q.REGION.amazonaws.com)",
     [](Options& o, std::string_view v) { o.amazon_q.endpoint = read_endpoint(v); }},
    {"management-endpoint", "URL", "where models and profiles are listed (the endpoint)",
     [](Options& o, std::string_view v) { o.amazon_q.management_endpoint = read_endpoint(v); }},
    {"oidc-endpoint", "URL", "the login service (https://oidc.REGION.amazonaws.com)",
     [](Options& o, std::string_view v) { o.amazon_q.oidc_endpoint = read_endpoint(v); }},
    {"region", "REGION", "of the service; login: of the login", set_region},
    {"start-url", "URL", "login: the organisation's (Builder ID)", set_start_url},
    {"profile-arn", "ARN", "the profile to use, or none (the login's)", set_profile},
    {"credentials", "FILE", "the login, kept up to date (found by itself, see status)",
     [](Options& o, std::string_view v) {
         o.amazon_q.credentials_file = read_plain(v, "the name of a file");
     }},
    {"rotate-foreign-login", "", "renew logins of Kiro or the Q CLI too, which ends theirs",
     [](Options& o, std::string_view v) { o.amazon_q.rotate_foreign_login = read_switch(v); }},
    {"dialect", "NAME", "how the service is spoken to: awsjson or rest (awsjson)", set_dialect},
    {"origin", "NAME", "what the service is told to be used by (CLI)",
     [](Options& o, std::string_view v) { o.amazon_q.origin = read_plain(v, "an origin"); }},
    {"user-agent", "TEXT", "what this server calls itself (amazon-q-server/1.0.0)",
     [](Options& o, std::string_view v) { o.amazon_q.user_agent = read_plain(v, "plain text"); }},
    {"share-content", "", "let AWS use the content to improve its service",
     [](Options& o, std::string_view v) { o.amazon_q.share_content = read_switch(v); }},
    {"reasoning", "", "pass reasoning_effort on; only newer models take it",
     [](Options& o, std::string_view v) { o.amazon_q.reasoning = read_switch(v); }},
    {"model-alias", "FROM=TO", "answer to the model name FROM with TO; repeatable", add_alias},
    {"ca-file", "FILE", "the authorities to trust, in PEM (the system's)",
     [](Options& o, std::string_view v) {
         o.amazon_q.ca_file = read_plain(v, "the name of a file");
     }},
    {"upstream-connect-timeout", "S", "for a connection to the service (10)",
     [](Options& o, std::string_view v) { o.amazon_q.timeouts.connect = seconds(v); }},
    {"upstream-head-timeout", "S", "for the service's first byte (120)",
     [](Options& o, std::string_view v) { o.amazon_q.timeouts.head = seconds(v); }},
    {"upstream-silence-timeout", "S", "between two pieces of its answer (120)",
     [](Options& o, std::string_view v) { o.amazon_q.timeouts.silence = seconds(v); }},
    {"upstream-timeout", "S", "for a whole answer (3600)",
     [](Options& o, std::string_view v) { o.amazon_q.timeouts.total = seconds(v); }},
};

// --model-alias is AMAZON_Q_MODEL_ALIAS.
std::string variable_of(std::string_view option) {
    std::string name = "AMAZON_Q_";
    for (const char c : option) {
        name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c & ~0x20 : c);
    }
    return name;
}

// Amazon Q's own client goes by these names too.
void read_iam_key(Options& options) {
    if (variable("AMAZON_Q_SIGV4").empty()) return;
    using Named = std::pair<std::string_view, std::string_view>;
    IamKey key;
    key.access_key = variable("AWS_ACCESS_KEY_ID");
    key.secret_key = variable("AWS_SECRET_ACCESS_KEY");
    key.session_token = variable("AWS_SESSION_TOKEN");
    key.region = variable("AWS_REGION");
    if (key.access_key.empty() || key.secret_key.empty()) {
        throw UsageError(
            "AMAZON_Q_SIGV4 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY beside it");
    }
    for (const auto& [name, value] :
         {Named{"AWS_ACCESS_KEY_ID", key.access_key}, Named{"AWS_SESSION_TOKEN", key.session_token},
          Named{"AWS_REGION", key.region}}) {
        if (!json::is_visible_ascii(value)) {
            throw UsageError(std::string(name) + " holds what cannot stand in a request's field");
        }
    }
    options.amazon_q.iam = key;
}

}  // namespace

std::span<const Option> amazon_q_options() {
    return table;
}

void read_amazon_q_environment(Options& options) {
    for (const Option& option : table) {
        const std::string name = variable_of(option.name);
        const std::string_view value = variable(name.c_str());
        if (value.empty()) continue;
        try {
            option.apply(options, value);
        } catch (const UsageError& error) {
            throw UsageError(name + ": " + error.what());
        }
    }
    read_iam_key(options);
}

}  // namespace core
