#include "core/models_exchange.h"

#include "core/routes.h"

namespace core {

ModelsExchange::ModelsExchange(Backend& backend, Metrics& metrics, net::Wakeup wakeup,
                               std::string path, std::string_view id)
    : backend_(backend), metrics_(metrics), waiter_(wakeup), path_(std::move(path)), id_(id) {}

net::Progress ModelsExchange::pump(net::Responder& out) {
    if (!answer_) {
        if (backend_.awaits_models(waiter_)) return net::Progress::waiting;
        Answer made = answer();
        metrics_.count_response(id_.empty() ? Route::models : Route::model, made.status);
        answer_.emplace(std::move(made));
    }
    return answer_->pump(out);
}

Answer ModelsExchange::answer() {
    Answer answer;
    if (id_.empty()) {
        json::write_models(backend_.models(), answer.body);
        return answer;
    }
    const std::optional<std::string> id = percent_decoded(id_);
    for (const json::Model& model : backend_.models()) {
        if (model.id != id) continue;
        json::write_model(model, answer.body);
        return answer;
    }
    Failure failure = unknown_model(id.value_or(id_));
    failure.param = "model";
    return error_answer(failure);
}

}  // namespace core
