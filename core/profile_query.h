#pragma once

#include <string>
#include <vector>

#include "core/amazon_q_settings.h"
#include "core/service_call.h"
#include "core/token_source.h"

namespace core {

// ProfileQuery asks which profile the members of an organisation have: Amazon Q does not know them
// without. The service of each region knows its own profiles only.
class ProfileQuery {
public:
    // References must outlive it; `wakeup` is of the owner, who asks is_done() then.
    ProfileQuery(const AmazonQSettings& settings, net::HttpClient& client, net::Wakeup wakeup,
                 const std::string& access_token);

    bool is_done();

    // All that were found, and what kept others from it.
    const std::vector<std::string>& arns() const { return arns_; }
    const std::string& problem() const { return problem_; }

private:
    ServiceCall ask();
    void take_answer();

    const AmazonQSettings& settings_;
    net::HttpClient& client_;
    net::Wakeup wakeup_;
    const Token token_;
    std::vector<net::Url> endpoints_;  // the one asked now is the last
    ServiceCall call_;
    std::vector<std::string> arns_;
    std::string problem_;
};

}  // namespace core
