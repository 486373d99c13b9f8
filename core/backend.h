#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/failure.h"
#include "core/waiter.h"
#include "json/chat_request.h"
#include "json/delta.h"
#include "json/models.h"
#include "net/exchange.h"
#include "net/task.h"
#include "net/timer_wheel.h"

namespace core {

enum class Next : uint8_t {
    delta,   // `out` holds one
    wait,    // nothing now; the wakeup comes when there is
    end,     // all deltas were handed out, the last of them a finish
    failed,  // failure() says why; nothing follows
};

// Generation is one running completion: a pulled sequence of deltas. Its exchange owns it, and
// destroying it cancels whatever runs for it.
class Generation {
public:
    virtual ~Generation() = default;

    // No slice in `out` is left of the delta before. Those of this one are valid until the next
    // call, and no longer than the pump in which they were given: what came from upstream moves
    // between pumps.
    virtual Next next(json::Delta& out) = 0;

    // After a delta of text: what follows it, as far as that is at hand, is text too, and fits in
    // `out`; each piece is as good as a delta, and none is empty. Returns how many there are; none
    // says nothing but that next() is to be asked. Valid as what next() hands out.
    virtual size_t more_text(std::span<json::JsonText>) { return 0; }

    // After Next::wait: when to ask again even without a wakeup; TimePoint::max() for never.
    virtual net::TimePoint deadline() const = 0;

    // After Next::failed; valid as long as the generation.
    virtual const Failure& failure() const = 0;

    // What was counted so far; final after the finish.
    virtual json::Usage usage() const = 0;

    // The request's bytes are about to go: keep what is still needed. Called at most once.
    virtual void set_aside() = 0;
};

// FoundModel is the model a client means by a name.
struct FoundModel {
    std::string_view name;  // plain ASCII, as it stands in answers; lives as long as the backend
    std::string id;         // what the backend itself calls it
};

// What a generation is started with. Views are valid until set_aside().
struct Call {
    const json::ChatRequest& chat;
    const net::Request& request;
    net::Wakeup wakeup;           // of the exchange that will pull
    std::string_view model_id{};  // of the model that was found; needed until start() returns
};

// Backend makes generations: a kind of upstream, or something that needs none. One per worker; it
// outlives all generations.
class Backend {
public:
    virtual ~Backend() = default;

    // Null when the request cannot even be tried, with `failure` filled.
    virtual std::unique_ptr<Generation> start(const Call& call, Failure& failure) = 0;

    // What GET /v1/models lists now. Ids are printable ASCII without quote and backslash.
    virtual std::span<const json::Model> models() = 0;

    // Whether the models are still being asked for; the wakeup comes when they are known.
    virtual bool awaits_models(Waiter& waiter) = 0;

    // Nothing when there is no such model.
    virtual std::optional<FoundModel> find_model(std::string_view name) = 0;

    // The most choices (n) one request may ask for.
    virtual int64_t choices_max() const = 0;

    // For logs and metrics; static.
    virtual std::string_view name() const = 0;
};

}  // namespace core
