#pragma once

#include "net/task.h"

namespace core {

// Waiter stands in the list of those who wait for something that all workers share: the token, the
// models. It is woken at most once for each time it is put there, and leaves the list when it is
// destroyed.
class Waiter final : public net::Task {
public:
    explicit Waiter(net::Wakeup wakeup) : wakeup_(wakeup) {}
    void pump() override { wakeup_.wake(); }

private:
    net::Wakeup wakeup_;
};

}  // namespace core
