#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "core/amazon_q_generation.h"
#include "core/backend.h"
#include "core/model_source.h"
#include "json/amazon_q_models.h"
#include "json/amazon_q_request.h"

namespace core {

// AmazonQBackend answers by way of Amazon Q Developer: it puts a request into the service's form
// and lets an AmazonQGeneration fetch the answer. One per worker.
class AmazonQBackend final : public Backend {
public:
    // `default_name` is the name of the service's default model; empty: amazon-q, the previous
    // server's, which is good in any case. `created`: Unix seconds. All references must outlive it.
    AmazonQBackend(AmazonQServices& services, ModelSource& models, const std::string& default_name,
                   int64_t created);

    std::unique_ptr<Generation> start(const Call& call, Failure& failure) override;
    std::span<const json::Model> models() override;
    bool awaits_models(Waiter& waiter) override { return source_.awaits_models(waiter); }
    std::optional<FoundModel> find_model(std::string_view name) override;
    int64_t choices_max() const override { return 8; }
    std::string_view name() const override { return "amazon-q"; }

private:
    using Uuid = std::array<char, 36>;

    // What an alias stands for, or the name itself.
    std::string_view resolved(std::string_view name) const;
    // A copy of the name that stays.
    std::string_view kept(std::string_view name);
    Uuid conversation_id();
    void list(const std::string& id);

    AmazonQServices& services_;
    ModelSource& source_;
    const std::string default_name_;
    const int64_t created_;
    json::AmazonQRequestWriter writer_;
    std::vector<json::Model> models_;
    std::set<std::string, std::less<>> names_;  // that answers were given under
};

}  // namespace core
