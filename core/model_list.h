#pragma once

#include <string>
#include <vector>

#include "core/amazon_q_settings.h"
#include "core/service_call.h"
#include "core/token_source.h"
#include "json/amazon_q_models.h"

namespace core {

// ModelList is what the account may use, as last heard.
struct ModelList {
    std::vector<json::AmazonQModel> models;
    std::string default_id;  // empty: unknown
    std::string problem;     // not empty: the service was not heard yet, for this reason, and the
                             // models are those that are common

    static ModelList common(std::string problem);
};

// ModelQuery asks the service for all pages of its list.
class ModelQuery {
public:
    enum class Outcome {
        running,
        done,      // list() is complete
        rejected,  // the token was not accepted
        failed,
    };

    // References must outlive it; `wakeup` is of the owner, who asks poll() then.
    ModelQuery(const AmazonQSettings& settings, net::HttpClient& client, net::Wakeup wakeup,
               const Token& token);

    Outcome poll();

    ModelList& list() { return list_; }
    const Token& token() const { return token_; }
    const std::string& problem() const { return problem_; }

private:
    ServiceCall ask(std::string_view page);
    Outcome refused();

    const AmazonQSettings& settings_;
    net::HttpClient& client_;
    net::Wakeup wakeup_;
    Token token_;
    int pages_ = 0;
    ServiceCall call_;
    ModelList list_;
    std::string problem_;
};

// A call to the service's control side that is not a stream: `operation` as in
// ListAvailableModels.
std::string service_fields(const AmazonQSettings& settings, const Token& token,
                           std::string_view operation);

}  // namespace core
