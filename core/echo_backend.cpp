#include "core/echo_backend.h"

#include <algorithm>
#include <optional>

#include "core/text_limits.h"
#include "json/fields.h"
#include "net/hex.h"
#include "net/http_text.h"
#include "net/random.h"

namespace core {
namespace {

using json::ChatRequest;
using json::JsonText;
using json::Message;
using json::Part;
using json::Role;

constexpr std::string_view previous_name = "amazon-q";

const Message* last_user_message(const ChatRequest& chat) {
    const auto found =
        std::find_if(chat.messages.rbegin(), chat.messages.rend(),
                     [](const Message& message) { return message.role == Role::user; });
    return found == chat.messages.rend() ? nullptr : &*found;
}

void own(const std::string& text, EchoGeneration::Reply& reply) {
    reply.owned = copy_of(text);
    reply.text = JsonText::trusted({reply.owned.get(), text.size()});
}

void join_text(std::span<const Part> parts, EchoGeneration::Reply& reply) {
    std::string joined;
    for (const Part& part : parts) {
        if (part.kind == Part::Kind::text) joined += part.text.view();
    }
    own(joined, reply);
}

// Points at the message's text, which is joined first when it comes in several parts.
void find_text(const ChatRequest& chat, const Message& message, EchoGeneration::Reply& reply) {
    const std::span<const Part> parts = chat.parts_of(message);
    for (const Part& part : parts) {
        if (part.kind != Part::Kind::text || part.text.empty()) continue;
        if (!reply.text.empty()) return join_text(parts, reply);
        reply.text = part.text;
    }
}

// Four bytes a token: an estimate, since an echo has no tokenizer.
uint32_t prompt_tokens(const ChatRequest& chat) {
    size_t bytes = 0;
    for (const Part& part : chat.parts) {
        if (part.kind == Part::Kind::text) bytes += part.text.size();
    }
    return static_cast<uint32_t>(std::max<size_t>(1, bytes / 4));
}

}  // namespace

EchoBackend::EchoBackend(const net::TimerWheel& clock, const EchoScript& script,
                         const std::string& model_name, int64_t created)
    : clock_(clock),
      script_(script),
      arguments_(json::ChatDecoder::Limits{}),
      next_call_id_(net::random_seed()) {
    models_.push_back({model_name, "amazon-q-server", created});
    if (model_name != previous_name) {
        models_.push_back({std::string(previous_name), "amazon-q-server", created});
    }
}

std::optional<FoundModel> EchoBackend::find_model(std::string_view name) {
    for (const json::Model& model : models_) {
        if (json::is_same(model.id, name)) return FoundModel{model.id, {}};
    }
    return std::nullopt;
}

std::unique_ptr<Generation> EchoBackend::start(const Call& call, Failure& failure) {
    std::optional<EchoScript> own_script;
    for (const net::Field& field : call.request.fields) {
        if (!net::equals_ignoring_case(field.name, "x-echo")) continue;
        if (!own_script) own_script = script_;
        std::string problem;
        if (!own_script->apply(field.value, problem)) {
            failure = invalid_request(400, "Invalid x-echo field: " + problem, "invalid_value");
            return nullptr;
        }
    }
    const EchoScript& script = own_script ? *own_script : script_;
    const ChatRequest& chat = call.chat;

    EchoGeneration::Reply reply;
    reply.prompt_tokens = prompt_tokens(chat);
    reply.in_one_piece = !chat.stream && !TextLimits::are_in(chat);
    if (const Message* message = last_user_message(chat)) find_text(chat, *message, reply);
    if (!script.tool.empty() && chat.messages.back().role == Role::user) {
        make_call(script.tool, reply);
    }
    return std::make_unique<EchoGeneration>(clock_, script, std::move(reply));
}

// The message itself is the arguments when it is a JSON object, {"text": message} otherwise.
void EchoBackend::make_call(const std::string& tool, EchoGeneration::Reply& reply) {
    std::string text;
    reply.text.unescape(text);
    std::string arguments;
    if (arguments_.is_object(text)) {
        arguments = reply.text.view();
    } else {
        std::string object = "{\"text\":\"";
        object += reply.text.view();
        object += "\"}";
        json::escape(object, arguments);
    }
    own(arguments, reply);
    char digits[16];
    net::write_hex(net::scatter(next_call_id_++), digits);
    reply.tool = std::make_unique<EchoGeneration::ToolCall>();
    reply.tool->name = tool;
    reply.tool->id = "call_" + std::string(digits, sizeof digits);
}

}  // namespace core
