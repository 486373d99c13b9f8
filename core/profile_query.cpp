#include "core/profile_query.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/model_list.h"
#include "json/amazon_q_error.h"
#include "json/amazon_q_profiles.h"

namespace core {
namespace {

constexpr std::string_view operation = "ListAvailableProfiles";

// Where Amazon Q Developer is, in the reverse order of asking.
constexpr std::string_view regions[] = {"eu-central-1", "us-east-1"};

std::vector<net::Url> endpoints_of(const AmazonQSettings& settings) {
    if (settings.endpoint || settings.management_endpoint) {
        return {settings.management_endpoint_for({})};
    }
    std::vector<net::Url> endpoints;
    for (const std::string_view region : regions) {
        endpoints.push_back(
            settings.endpoint_for("arn:aws:codewhisperer:" + std::string(region) + ":"));
    }
    return endpoints;
}

// It becomes part of requests.
bool is_arn(const std::string& text) {
    return text.starts_with("arn:") && text.size() <= 512 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

ProfileQuery::ProfileQuery(const AmazonQSettings& settings, net::HttpClient& client,
                           net::Wakeup wakeup, const std::string& access_token)
    : settings_(settings),
      client_(client),
      wakeup_(wakeup),
      token_{access_token, {}, 0},
      endpoints_(endpoints_of(settings)),
      call_(ask()) {}

ServiceCall ProfileQuery::ask() {
    const bool is_rest = settings_.dialect == AmazonQSettings::Dialect::rest;
    const std::string path = is_rest ? "/" + std::string(operation) : "/";
    return {client_,
            {.url = endpoints_.back(),
             .path = path,
             .fields = service_fields(settings_, token_, operation),
             .body = "{}"},
            wakeup_};
}

bool ProfileQuery::is_done() {
    while (!endpoints_.empty() && call_.is_done()) {
        take_answer();
        endpoints_.pop_back();
        if (!endpoints_.empty()) call_ = ask();
    }
    return endpoints_.empty();
}

void ProfileQuery::take_answer() {
    std::vector<std::string> found;
    if (call_.status() == 0) {
        problem_ = call_.problem();
    } else if (!call_.is_good()) {
        problem_ =
            json::read_amazon_q_error(call_.status(), call_.error_type(), call_.body()).message;
    } else if (!json::read_profiles(call_.body(), found)) {
        problem_ = "the service answered with something else than its profiles";
    }
    std::copy_if(found.begin(), found.end(), std::back_inserter(arns_), is_arn);
}

}  // namespace core
