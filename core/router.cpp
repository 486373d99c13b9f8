#include "core/router.h"

#include <algorithm>
#include <ctime>

#include "core/choices.h"
#include "core/models_exchange.h"
#include "core/routes.h"
#include "core/text_limits.h"
#include "json/text.h"
#include "net/http_text.h"
#include "net/random.h"

namespace core {

using net::Exchange;
using net::Request;

namespace {

// Bodies are decoded where net leaves them.
static_assert(net::InputBuffer::tail_slack >= json::ChatDecoder::padding_bytes);

constexpr size_t requested_fields_bytes_max = 2048;

[[gnu::cold]] Failure key_failure(ApiKeys::Verdict verdict) {
    if (verdict == ApiKeys::Verdict::missing) {
        return invalid_request(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).");
    }
    return invalid_request(401, "Incorrect API key provided.", "invalid_api_key");
}

[[gnu::cold]] Failure decode_failure(const json::DecodeError& error) {
    return invalid_request(400, error.message, error.code, error.param);
}

[[gnu::cold]] Failure too_many_choices(int64_t asked, int64_t most) {
    return invalid_request(400,
                           "Unsupported value: 'n' = " + std::to_string(asked) +
                               ". This model gives at most " + std::to_string(most) + " choice(s).",
                           "unsupported_value", "n");
}

[[gnu::cold]] Failure coded_body(std::string_view coding) {
    return invalid_request(415,
                           "Content-Encoding '" + json::quotable(coding) + "' is not supported.");
}

std::string plain(json::JsonText text) {
    std::string unescaped;
    text.unescape(unescaped);
    return unescaped;
}

// A list of field names as it may be sent back (RFC 9110 section 5.6.1), or nothing.
bool is_field_list(std::string_view list) {
    if (list.empty() || list.size() > requested_fields_bytes_max) return false;
    while (!list.empty()) {
        const size_t end = std::min(list.find(','), list.size());
        if (!net::is_token(net::trim(list.substr(0, end)))) return false;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return true;
}

}  // namespace

Router::Router(const Setup& setup)
    : setup_(setup),
      decoder_({setup.services.limits.json_depth_max, setup.services.limits.messages_max}),
      next_id_(net::random_seed()) {}

bool Router::wants_body(const Request& head) {
    const Target target = Target::of(head.path);
    return target.route == Route::chat && head.method == net::Method::post &&
           setup_.keys.check(head) == ApiKeys::Verdict::good;
}

std::unique_ptr<Exchange> Router::open(const Request& request, net::Wakeup wakeup) {
    const Target target = Target::of(request.path);
    if (request.method == net::Method::options) {
        return answer(Route::preflight, request, preflight(request, target.route));
    }
    if (target.needs_key) {
        const ApiKeys::Verdict verdict = setup_.keys.check(request);
        if (verdict != ApiKeys::Verdict::good) {
            return answer(target.route, request,
                          fail(Metrics::Kind::unauthorized, key_failure(verdict)));
        }
    }
    if (target.route == Route::other) {
        return answer(target.route, request,
                      fail(Metrics::Kind::bad_request, no_such_route(request)));
    }
    if (!is_allowed(target.route, request.method)) {
        Answer refused = fail(Metrics::Kind::bad_request, no_such_method(request));
        refused.fields += "Allow: " + std::string(allowed_methods(target.route)) + "\r\n";
        return answer(target.route, request, std::move(refused));
    }
    switch (target.route) {
        case Route::chat: {
            auto exchange = open_chat(request, wakeup);
            chat_.clear();  // its views are about to die, and a long list's memory goes back
            return exchange;
        }
        case Route::models:
        case Route::model:
            return std::make_unique<ModelsExchange>(setup_.backend, setup_.metrics, wakeup,
                                                    std::string(request.path), target.model_id);
        case Route::health:
            return answer(target.route, request, health());
        case Route::metrics:
            return answer(target.route, request, metrics());
        case Route::preflight:
        case Route::other:
            break;
    }
    return nullptr;
}

std::unique_ptr<Exchange> Router::open_chat(const Request& request, net::Wakeup wakeup) {
    const std::string_view coding = request.field("content-encoding");
    if (!coding.empty() && !net::equals_ignoring_case(coding, "identity")) {
        return refuse_chat(request, Metrics::Kind::bad_request, coded_body(coding));
    }
    if (!decoder_.decode(request.body, chat_, decode_error_)) {
        return refuse_chat(request, Metrics::Kind::bad_request, decode_failure(decode_error_));
    }
    const std::optional<FoundModel> model = find_model(chat_.model);
    if (!model) {
        return refuse_chat(request, Metrics::Kind::bad_request, unknown_model(plain(chat_.model)));
    }
    if (chat_.n > setup_.backend.choices_max()) {
        return refuse_chat(request, Metrics::Kind::bad_request,
                           too_many_choices(chat_.n, setup_.backend.choices_max()));
    }
    if (!TextLimits::are_good(chat_, setup_.services.limits.stop_bytes_max, failure_)) {
        return refuse_chat(request, Metrics::Kind::bad_request, failure_);
    }
    const Call call = {chat_, request, wakeup, model->id};
    auto generation = chat_.n == 1 ? start_choice(call, failure_) : start_choices(call, failure_);
    if (!generation) return refuse_chat(request, Metrics::Kind::backend, failure_);
    ChatExchange::Setup setup;
    setup.head.id = net::scatter(next_id_++);
    setup.head.created = ::time(nullptr);
    setup.head.model = json::JsonText::trusted(model->name);
    setup.has_version = request.path.starts_with("/v1/");
    setup.is_stream = chat_.stream;
    setup.includes_usage = chat_.include_usage;
    setup.choices = static_cast<uint8_t>(chat_.n);
    return std::make_unique<ChatExchange>(setup_.services, setup, std::move(generation));
}

std::unique_ptr<Exchange> Router::refuse_chat(const Request& request, Metrics::Kind kind,
                                              const Failure& failure) {
    return answer(Route::chat, request, fail(kind, failure));
}

// Null when a choice cannot be started, with `failure` filled.
std::unique_ptr<Generation> Router::start_choices(const Call& call, Failure& failure) {
    std::vector<std::unique_ptr<Generation>> choices(static_cast<size_t>(call.chat.n));
    for (auto& choice : choices) {
        choice = start_choice(call, failure);
        if (!choice) return nullptr;
    }
    return std::make_unique<Choices>(std::move(choices));
}

std::unique_ptr<Generation> Router::start_choice(const Call& call, Failure& failure) {
    auto generation = setup_.backend.start(call, failure);
    if (!generation || !TextLimits::are_in(call.chat)) return generation;
    return std::make_unique<TextLimits>(std::move(generation), call.chat);
}

std::optional<FoundModel> Router::find_model(json::JsonText name) {
    if (!name.has_escapes()) return setup_.backend.find_model(name.view());
    return setup_.backend.find_model(plain(name));
}

Answer Router::preflight(const Request& request, Route route) const {
    Answer answer;
    answer.status = 204;
    answer.content_type = {};
    answer.fields += "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n";
    answer.fields += "Access-Control-Max-Age: 86400\r\n";
    const std::string_view asked = request.field("access-control-request-headers");
    answer.fields += "Access-Control-Allow-Headers: ";
    // A wildcard would not cover Authorization, so the names asked for are sent back.
    answer.fields += is_field_list(asked) ? asked : "Authorization, Content-Type, x-request-id";
    answer.fields += "\r\nAllow: " + std::string(allowed_methods(route)) + "\r\n";
    return answer;
}

Answer Router::health() const {
    Answer answer;
    answer.status = is_draining_ ? 503 : 200;
    answer.body = is_draining_ ? R"({"status":"draining"})" : R"({"status":"ok"})";
    return answer;
}

Answer Router::metrics() const {
    Answer answer;
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    write_metrics(setup_.all_metrics, setup_.backend.name(), answer.body);
    return answer;
}

Answer Router::fail(Metrics::Kind kind, const Failure& failure) {
    setup_.metrics.count_error(kind);
    setup_.services.log.event(net::LogLevel::debug, "request failed", failure.message);
    return error_answer(failure);
}

std::unique_ptr<Exchange> Router::answer(Route route, const Request& request, Answer answer) {
    setup_.metrics.count_response(route, answer.status);
    answer.path = request.path;
    return std::make_unique<AnswerExchange>(std::move(answer));
}

std::unique_ptr<Exchange> Router::refuse(const net::Refusal& refusal) {
    Failure failure = failure_for_status(refusal.status, std::string(refusal.reason) + '.');
    failure.message[0] = static_cast<char>(std::toupper(failure.message[0]));
    Answer refused = fail(Metrics::Kind::refused, failure);
    refused.path = "-";
    setup_.metrics.count_response(Route::other, refusal.status);
    return std::make_unique<AnswerExchange>(std::move(refused));
}

Answer shed_answer() {
    return error_answer(failure_for_status(503, "Too many connections. Try again in a moment."));
}

}  // namespace core
