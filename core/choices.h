#pragma once

#include <memory>
#include <vector>

#include "core/backend.h"

namespace core {

// Choices is several generations as one. It asks them in turn, so that the choices of an answer
// grow side by side and none waits for another.
class Choices final : public Generation {
public:
    // One at least; what the i-th says is choice i of the answer.
    explicit Choices(std::vector<std::unique_ptr<Generation>> choices);

    // REQUIRES: it has not returned Next::end.
    Next next(json::Delta& out) override;
    net::TimePoint deadline() const override;
    const Failure& failure() const override { return choices_[current_]->failure(); }
    json::Usage usage() const override;
    void set_aside() override;

private:
    void close_current();
    void advance();

    std::vector<std::unique_ptr<Generation>> choices_;  // null: it has ended
    json::Usage ended_;                                 // of those that have
    uint32_t open_;
    uint32_t current_ = 0;
};

}  // namespace core
