#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/answer_exchange.h"
#include "core/api_keys.h"
#include "core/backend.h"
#include "core/chat_exchange.h"
#include "core/metrics.h"
#include "json/chat_request.h"
#include "net/exchange.h"

namespace core {

// Router makes exchanges out of requests: it finds the route, checks the key and the method, and
// decodes what the route needs. One per worker.
class Router final : public net::Handler {
public:
    struct Setup {
        const ApiKeys& keys;
        Backend& backend;
        ChatServices& services;
        Metrics& metrics;                                       // of this worker
        const std::vector<const WorkerCounters*>& all_metrics;  // may grow until the loops run
    };

    // All references must outlive the router.
    explicit Router(const Setup& setup);

    // From now on /health says that the server is going away.
    void drain() { is_draining_ = true; }

    bool wants_body(const net::Request& head) override;
    std::unique_ptr<net::Exchange> open(const net::Request& request, net::Wakeup wakeup) override;
    std::unique_ptr<net::Exchange> refuse(const net::Refusal& refusal) override;

private:
    std::unique_ptr<net::Exchange> open_chat(const net::Request& request, net::Wakeup wakeup);
    [[gnu::cold]] std::unique_ptr<net::Exchange> refuse_chat(const net::Request& request,
                                                             Metrics::Kind kind,
                                                             const Failure& failure);
    std::unique_ptr<Generation> start_choices(const Call& call, Failure& failure);
    std::unique_ptr<Generation> start_choice(const Call& call, Failure& failure);
    std::optional<FoundModel> find_model(json::JsonText name);
    Answer preflight(const net::Request& request, Route route) const;
    Answer health() const;
    Answer metrics() const;
    [[gnu::cold]] Answer fail(Metrics::Kind kind, const Failure& failure);
    std::unique_ptr<net::Exchange> answer(Route route, const net::Request& request, Answer answer);

    Setup setup_;
    json::ChatDecoder decoder_;
    json::ChatRequest chat_;
    // Why a chat was refused. Here because most are not, and making room costs.
    json::DecodeError decode_error_;
    Failure failure_;
    uint64_t next_id_;
    bool is_draining_ = false;
};

// What a connection over the limit gets.
Answer shed_answer();

}  // namespace core
