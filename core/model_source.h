#pragma once

#include "core/model_list.h"
#include "core/waiter.h"

namespace core {

// ModelSource knows which models the account may use. It never blocks.
class ModelSource {
public:
    virtual ~ModelSource() = default;

    // True while they are asked for the first time; `waiter` is woken when that has ended.
    virtual bool awaits_models(Waiter& waiter) = 0;
    // As they are known now; none while they are asked for the first time. Valid until the next
    // call.
    virtual const ModelList& models() = 0;
};

}  // namespace core
