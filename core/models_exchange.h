#pragma once

#include <optional>
#include <string>

#include "core/answer_exchange.h"
#include "core/backend.h"
#include "core/metrics.h"

namespace core {

// ModelsExchange answers GET /v1/models and GET /v1/models/{id}: when the backend knows its models.
class ModelsExchange final : public net::Exchange {
public:
    // `id`: as the target names it, percent-encoded; empty asks for all. References must outlive
    // the exchange.
    ModelsExchange(Backend& backend, Metrics& metrics, net::Wakeup wakeup, std::string path,
                   std::string_view id);

    net::Progress pump(net::Responder& out) override;
    std::string_view path() const override { return path_; }

private:
    Answer answer();

    Backend& backend_;
    Metrics& metrics_;
    Waiter waiter_;
    const std::string path_;
    const std::string id_;
    std::optional<AnswerExchange> answer_;
};

}  // namespace core
