#include "core/answer_exchange.h"

#include <doctest.h>

#include "fake_responder.h"

using core::Answer;
using core::AnswerExchange;
using net::Progress;
using test::FakeResponder;

TEST_CASE("AnswerExchange sends an answer, whatever room there is") {
    std::string body;
    for (int i = 0; i < 20'000; ++i) body += std::to_string(i);
    for (const size_t limit : {size_t{1}, size_t{20'000}, size_t{1} << 30}) {
        Answer answer;
        answer.status = 404;
        answer.body = body;
        answer.path = "/path";
        AnswerExchange exchange(answer);
        CHECK(exchange.path() == "/path");
        FakeResponder out;
        int turns = 1;
        while (out.pump(exchange, limit) == Progress::waiting) {
            CHECK_FALSE(out.turn.empty());
            CHECK(out.turn.size() <= limit + 16 * 1024);
            ++turns;
        }
        CHECK(out.all == body);
        CHECK(out.complaints == 0);
        CHECK(out.head->status == 404);
        CHECK(out.head->content_length == static_cast<int64_t>(body.size()));
        CHECK(out.head->content_type == "application/json");
        CHECK((turns == 1) == (limit > body.size()));
    }
}

TEST_CASE("An answer without content is over at once") {
    Answer answer;
    answer.status = 204;
    answer.content_type = {};
    AnswerExchange exchange(answer);
    FakeResponder out;
    CHECK(out.pump(exchange) == Progress::finished);
    CHECK(out.head->content_type.empty());
    CHECK(out.all.empty());
}
