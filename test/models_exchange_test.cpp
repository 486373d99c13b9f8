#include "core/models_exchange.h"

#include <doctest.h>

#include "fake_responder.h"

using core::ModelsExchange;
using net::Progress;
using test::FakeResponder;

namespace {

class FakeBackend final : public core::Backend {
public:
    std::unique_ptr<core::Generation> start(const core::Call&, core::Failure&) override {
        return nullptr;
    }
    std::span<const json::Model> models() override { return list; }
    bool awaits_models(core::Waiter& waiter) override {
        if (is_asking) waiters.post(waiter);
        return is_asking;
    }
    std::optional<core::FoundModel> find_model(std::string_view) override { return {}; }
    int64_t choices_max() const override { return 1; }
    std::string_view name() const override { return "fake"; }

    net::ReadyList waiters;
    std::vector<json::Model> list;
    bool is_asking = false;
};

struct Owner final : net::Task {
    void pump() override { ++woken; }
    int woken = 0;
};

struct Fixture {
    ModelsExchange ask(std::string_view id = {}) {
        return ModelsExchange(backend, metrics, net::Wakeup(ready, owner), "/v1/models", id);
    }
    FakeResponder answer(std::string_view id = {}, size_t room = 1 << 30) {
        ModelsExchange exchange = ask(id);
        FakeResponder out;
        while (out.pump(exchange, room) == Progress::waiting) REQUIRE(!out.turn.empty());
        CHECK(out.complaints == 0);
        REQUIRE(out.head);
        // A response to HEAD names the length of what it leaves out.
        CHECK(out.head->content_length == static_cast<int64_t>(out.all.size()));
        CHECK(out.head->content_type == "application/json");
        return out;
    }

    net::ReadyList ready;
    Owner owner;
    core::Metrics metrics;
    FakeBackend backend;
};

}  // namespace

TEST_CASE("ModelsExchange lists what the backend knows") {
    Fixture on;
    const FakeResponder none = on.answer();
    CHECK(none.head->status == 200);
    CHECK(none.all == R"({"object":"list","data":[]})");
    on.backend.list = {{"a", "x", 1}, {"b.c", "x", 2}};
    const std::string list =
        R"({"object":"list","data":[{"id":"a","object":"model","created":1,"owned_by":"x"},)"
        R"({"id":"b.c","object":"model","created":2,"owned_by":"x"}]})";
    CHECK(on.answer().all == list);
    CHECK(on.answer({}, 16).all == list);
}

TEST_CASE("ModelsExchange waits until the models are known") {
    Fixture on;
    on.backend.is_asking = true;
    ModelsExchange exchange = on.ask();
    CHECK(exchange.path() == "/v1/models");
    FakeResponder out;
    CHECK(out.pump(exchange) == Progress::waiting);
    CHECK(out.pump(exchange) == Progress::waiting);
    CHECK_FALSE(out.head);
    CHECK_FALSE(out.wakes_at);
    on.backend.is_asking = false;
    on.backend.list = {{"late", "x", 1}};
    on.backend.waiters.pump_all();
    on.ready.pump_all();
    CHECK(on.owner.woken == 1);
    CHECK(out.pump(exchange) == Progress::finished);
    CHECK(out.all.find("\"late\"") != std::string::npos);

    // Whoever goes away does not wait any more.
    on.backend.is_asking = true;
    {
        ModelsExchange gone = on.ask();
        CHECK(out.pump(gone) == Progress::waiting);
        CHECK_FALSE(on.backend.waiters.empty());
    }
    CHECK(on.backend.waiters.empty());
}

TEST_CASE("ModelsExchange tells of one model, by its percent-encoded id") {
    Fixture on;
    on.backend.list = {{"a", "x", 1}, {"vendor/b 1", "x", 2}};
    CHECK(on.answer("a").all == R"({"id":"a","object":"model","created":1,"owned_by":"x"})");
    CHECK(on.answer("vendor%2Fb%201").head->status == 200);
    CHECK(on.answer("vendor/b%201").head->status == 200);
    for (const std::string_view id : {"none", "A", "a%", "a%zz", "%61%00", "vendor"}) {
        CAPTURE(id);
        const FakeResponder out = on.answer(id);
        CHECK(out.head->status == 404);
        CHECK(out.all.find(R"("code":"model_not_found")") != std::string::npos);
        CHECK(out.all.find(R"("param":"model")") != std::string::npos);
    }
    on.backend.is_asking = true;
    ModelsExchange waiting = on.ask("a");
    FakeResponder out;
    CHECK(out.pump(waiting) == Progress::waiting);
}
