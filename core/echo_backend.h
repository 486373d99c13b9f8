#pragma once

#include <string>
#include <vector>

#include "core/backend.h"
#include "core/echo_generation.h"
#include "core/echo_script.h"
#include "net/timer_wheel.h"

namespace core {

// EchoBackend answers with the text of the last user message, byte for byte, in word-sized
// deltas. It needs nothing, and it can be scripted: it serves demos, tests and load tests.
class EchoBackend final : public Backend {
public:
    // Answers to `model_name` and to amazon-q, the previous server's name. `created`: Unix seconds.
    // References must outlive it.
    EchoBackend(const net::TimerWheel& clock, const EchoScript& script,
                const std::string& model_name, int64_t created);

    std::unique_ptr<Generation> start(const Call& call, Failure& failure) override;
    std::span<const json::Model> models() override { return models_; }
    bool awaits_models(Waiter&) override { return false; }
    std::optional<FoundModel> find_model(std::string_view name) override;
    int64_t choices_max() const override { return 8; }
    std::string_view name() const override { return "echo"; }

private:
    void make_call(const std::string& tool, EchoGeneration::Reply& reply);

    const net::TimerWheel& clock_;
    const EchoScript& script_;
    json::ChatDecoder arguments_;
    std::vector<json::Model> models_;
    uint64_t next_call_id_;
};

}  // namespace core
