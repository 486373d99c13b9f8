#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "net/task.h"

namespace net {

// Batch is a few that wait to do the same step, and do it one after the other. The kernel's way
// from the wire, ours through a request and the kernel's to the wire evict each other from the
// processor's first cache: walked in turns for a few requests each, all three get cheaper.
//
// add() posts the batch, and its steps are done when its turn comes. It is urgent, so that whoever
// is posted after that has its turn behind the batch; who has been before may be pumped while it
// waits for its step.
template <class Item>
class Batch final : public Task {
public:
    using Step = void (*)(const Item&);

    // `ready` must outlive it.
    Batch(ReadyList& ready, Step step) : ready_(ready), step_(step) { set_urgent(true); }

    bool is_empty() const { return count_ == 0; }
    bool is_full() const { return count_ == items_max; }

    // REQUIRES: not is_full().
    void add(const Item& item) {
        items_[count_++] = item;
        ready_.post(*this);
    }

    // Does the steps now. They may add to the batch again.
    void flush() {
        const std::array<Item, items_max> items = items_;
        const size_t count = std::exchange(count_, 0);
        for (size_t i = 0; i < count; ++i) step_(items[i]);
    }
    void pump() override { flush(); }

private:
    static constexpr size_t items_max = group_max;

    ReadyList& ready_;
    const Step step_;
    size_t count_ = 0;
    std::array<Item, items_max> items_{};
};

}  // namespace net
