#include "core/amazon_q_backend.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "json/text.h"
#include "net/hex.h"
#include "net/random.h"

namespace core {
namespace {

// The model that the service chooses, under the name the previous server gave it.
constexpr std::string_view previous_name = "amazon-q";

// Spellings of model names that are kept; more come only from somebody who tries them out.
constexpr size_t names_max = 4096;
// No model has a longer one.
constexpr size_t name_bytes_max = 256;

Failure refused_request(const json::DecodeError& error) {
    Failure failure;
    failure.status = 400;
    failure.type = "invalid_request_error";
    failure.code = error.code;
    failure.message = error.message;
    failure.param = error.param;
    return failure;
}

json::AmazonQSettings body_settings(const AmazonQSettings& settings) {
    using Operation = json::AmazonQSettings::Operation;
    json::AmazonQSettings out;
    out.operation = settings.iam ? Operation::send_message : Operation::generate_assistant_response;
    out.origin = settings.origin;
    out.reasoning = settings.reasoning;
    return out;
}

}  // namespace

AmazonQBackend::AmazonQBackend(AmazonQServices& services, ModelSource& models,
                               const std::string& default_name, int64_t created)
    : services_(services),
      source_(models),
      default_name_(default_name.empty() ? std::string(previous_name) : default_name),
      created_(created),
      writer_(body_settings(services.settings), {}) {}

std::unique_ptr<Generation> AmazonQBackend::start(const Call& call, Failure& failure) {
    AmazonQGeneration::Question question;
    json::DecodeError error;
    const Uuid uuid = conversation_id();
    if (!writer_.write(call.chat, call.model_id, {uuid.data(), uuid.size()}, question.names,
                       question.body, error)) {
        failure = refused_request(error);
        return nullptr;
    }
    question.prompt_bytes = writer_.prompt_bytes();
    return std::make_unique<AmazonQGeneration>(services_, call.wakeup, std::move(question));
}

std::span<const json::Model> AmazonQBackend::models() {
    models_.clear();
    list(default_name_);
    for (const json::AmazonQModel& model : source_.models().models) list(model.id);
    for (const AmazonQSettings::Alias& alias : services_.settings.aliases) list(alias.from);
    return models_;
}

void AmazonQBackend::list(const std::string& id) {
    const auto is_it = [&](const json::Model& model) { return model.id == id; };
    if (std::any_of(models_.begin(), models_.end(), is_it)) return;
    models_.push_back({id, "amazon", created_});
}

// The id is empty for the service's default model. A name stands in answers as it is, and before
// its last slash it may be anything.
std::optional<FoundModel> AmazonQBackend::find_model(std::string_view name) {
    if (name.size() > name_bytes_max) return std::nullopt;
    const std::string_view meant = resolved(name);
    if (meant == default_name_ || meant == previous_name) return FoundModel{kept(name), {}};
    if (!json::is_plain_ascii(name)) return std::nullopt;
    std::string id = json::find_model(meant, source_.models().models);
    if (id.empty()) return std::nullopt;
    return FoundModel{kept(name), std::move(id)};
}

std::string_view AmazonQBackend::resolved(std::string_view name) const {
    for (const AmazonQSettings::Alias& alias : services_.settings.aliases) {
        if (alias.from == name) name = alias.to;
    }
    return name;
}

std::string_view AmazonQBackend::kept(std::string_view name) {
    if (name == default_name_) return default_name_;
    const auto known = names_.find(name);
    if (known != names_.end()) return *known;
    if (names_.size() >= names_max) return default_name_;
    return *names_.emplace(name).first;
}

// A UUID of its own for each request: the service keeps no history under it.
AmazonQBackend::Uuid AmazonQBackend::conversation_id() {
    char high[16], low[16];
    net::write_hex(net::scatter(services_.random++), high);
    net::write_hex(net::scatter(services_.random++), low);
    high[12] = '4';  // RFC 9562: version 4,
    low[0] = 'a';    // variant 10
    Uuid id;
    id.fill('-');
    char* const to = id.data();
    std::memcpy(to, high, 8);
    std::memcpy(to + 9, high + 8, 4);
    std::memcpy(to + 14, high + 12, 4);
    std::memcpy(to + 19, low, 4);
    std::memcpy(to + 24, low + 4, 12);
    return id;
}

}  // namespace core
