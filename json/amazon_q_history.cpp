#include "json/amazon_q_history.h"

#include <algorithm>

#include "json/data_url.h"

namespace json {
namespace {

constexpr JsonText left_out_image = JsonText::trusted("(an earlier image was left out)");
constexpr JsonText orphan_title = JsonText::trusted("Tool result:");
// After an assistant's message at the end, which OpenAI's clients send to have it continued.
constexpr JsonText go_on = JsonText::trusted("Go on exactly where your last message ended.");
constexpr size_t id_bytes_max = 64;

bool is_same(JsonText a, JsonText b) {
    if (a.view() == b.view()) return true;
    if (!a.has_escapes() && !b.has_escapes()) return false;
    std::string plain_a, plain_b;
    a.unescape(plain_a);
    b.unescape(plain_b);
    return plain_a == plain_b;
}

bool is_legal_id(std::string_view id) {
    const auto is_legal = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !id.empty() && id.size() <= id_bytes_max && std::all_of(id.begin(), id.end(), is_legal);
}

std::string_view image_format(std::string_view media_type) {
    if (media_type == "image/png") return "png";
    if (media_type == "image/jpeg" || media_type == "image/jpg") return "jpeg";
    if (media_type == "image/gif") return "gif";
    if (media_type == "image/webp") return "webp";
    return {};
}

[[gnu::cold]] std::string path(uint32_t message) {
    return "messages[" + std::to_string(message) + "]";
}

[[gnu::cold]] std::string path(uint32_t message, size_t part) {
    return path(message) + ".content[" + std::to_string(part) + "]";
}

[[gnu::cold]] bool fail(DecodeError& error, std::string param, std::string message,
                        std::string_view code = "invalid_value") {
    error = {std::move(message), std::move(param), code};
    return false;
}

// What cannot be sent, at `at`.
[[gnu::cold]] bool refuse_part(Part::Kind kind, const std::string& at, DecodeError& error) {
    constexpr std::string_view code = "unsupported_value";
    const std::string invalid = "Invalid '" + at + "': ";
    if (kind == Part::Kind::input_audio) {
        return fail(error, at, invalid + "this service takes no audio.", code);
    }
    if (kind == Part::Kind::file) {
        return fail(error, at, invalid + "this service takes no files; send their text.", code);
    }
    return fail(error, at + ".type",
                invalid + "only parts of the types text and image_url can be sent.", code);
}

// Characters of a text: every escape is one, and so is every UTF-8 sequence.
size_t count_chars(JsonText text) {
    const std::string_view inside = text.view();
    size_t count = 0;
    for (size_t i = 0; i < inside.size(); ++i, ++count) {
        if (inside[i] == '\\') {
            i += inside[i + 1] == 'u' ? 5 : 1;
        } else {
            while (i + 1 < inside.size() && (inside[i + 1] & 0xC0) == 0x80) ++i;
        }
    }
    return count;
}

}  // namespace

bool is_blank(JsonText text) {
    const std::string_view inside = text.view();
    for (size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] == ' ') continue;
        if (inside[i] != '\\' ||
            std::string_view("ntr").find(inside[++i]) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

void AmazonQHistory::clear() {
    turns_.clear();
    texts_.clear();
    images_.clear();
    calls_.clear();
    ids_.clear();
    kept_.clear();
    bytes_ = 0;
}

JsonText AmazonQHistory::keep(std::string_view plain) {
    escape(plain, kept_.emplace_back());
    return JsonText::trusted(kept_.back());
}

void AmazonQHistory::add_user_text(JsonText text) {
    if (!is_blank(text)) add_text(turn_of(true), text);
}

AmazonQHistory::Turn& AmazonQHistory::turn_of(bool is_user) {
    if (turns_.empty() && !is_user) turn_of(true);  // the first turn is always a user's
    if (turns_.empty() || turns_.back().is_user != is_user) {
        Turn& turn = turns_.emplace_back();
        turn.is_user = is_user;
        turn.texts_begin = turn.texts_end = static_cast<uint32_t>(texts_.size());
        turn.images_begin = turn.images_end = static_cast<uint32_t>(images_.size());
        turn.calls_begin = turn.calls_end = static_cast<uint32_t>(calls_.size());
    }
    return turns_.back();
}

void AmazonQHistory::add_text(Turn& turn, JsonText text) {
    if (is_blank(text)) return;
    texts_.push_back(text);
    turn.texts_end = static_cast<uint32_t>(texts_.size());
    turn.bytes += text.size();
    bytes_ += text.size();
}

bool AmazonQHistory::add(const ChatRequest& request, ToolNames& names, DecodeError& error) {
    const auto images = static_cast<uint32_t>(
        std::count_if(request.parts.begin(), request.parts.end(),
                      [](const Part& part) { return part.kind == Part::Kind::image_url; }));
    images_to_skip_ = images - std::min(images, limits_.images_max);
    uint32_t index = 0;
    for (const Message& message : request.messages) {
        const Source source{request, message, index++, error};
        bool ok = false;
        switch (message.role) {
            case Role::assistant:
                ok = add_assistant(source, names);
                break;
            case Role::tool:
            case Role::function:
                ok = add_result(source);
                break;
            case Role::system:
            case Role::developer:
            case Role::user:
                ok = add_user(source);
                break;
        }
        if (!ok) return false;
    }
    if (!turns_.empty() && !turns_.back().is_user &&
        turns_.back().calls_begin == turns_.back().calls_end) {
        add_user_text(go_on);
    }
    return true;
}

bool AmazonQHistory::add_user(const Source& source) {
    Turn& turn = turn_of(true);
    turn.last_message = source.index;
    const size_t parts = source.request.parts_of(source.message).size();
    for (size_t i = 0; i < parts; ++i) {
        if (!add_part(source, i, turn, true)) return false;
    }
    return true;
}

bool AmazonQHistory::add_assistant(const Source& source, ToolNames& names) {
    const auto parts = source.request.parts_of(source.message);
    const auto calls = source.request.calls_of(source.message);
    const auto is_empty = [](const Part& part) { return is_blank(part.text); };
    if (calls.empty() && std::all_of(parts.begin(), parts.end(), is_empty)) return true;
    const bool opens = turns_.empty() || turns_.back().is_user;
    Turn& turn = turn_of(false);
    turn.last_message = source.index;
    if (opens) next_call_ = turn.calls_begin;
    for (const Part& part : parts) {
        if (part.kind == Part::Kind::text || part.kind == Part::Kind::refusal) {
            add_text(turn, part.text);
        }
    }
    for (const ToolCall& call : calls) {
        Call& added = calls_.emplace_back();
        added.id = call.id;
        added.client_name = call.name;
        added.given_id = given_id(call.id);
        added.name = names.to_service(call.name);
        added.arguments = call.arguments;
        bytes_ += call.arguments.size();
    }
    turn.calls_end = static_cast<uint32_t>(calls_.size());
    if (turn.calls_end - turn.calls_begin <= limits_.turn_calls_max) return true;
    return fail(source.error, path(source.index) + ".tool_calls",
                "Invalid '" + path(source.index) + ".tool_calls': more than " +
                    std::to_string(limits_.turn_calls_max) + " tool calls in one turn.");
}

bool AmazonQHistory::add_result(const Source& source) {
    Turn& turn = turn_of(true);
    turn.last_message = source.index;
    Call* const call = find_call(source);
    if (call != nullptr) {
        call->result = &source.message;
    } else {
        add_text(turn, orphan_title);
    }
    const auto parts = source.request.parts_of(source.message);
    for (size_t i = 0; i < parts.size(); ++i) {
        if (!add_part(source, i, turn, call == nullptr)) return false;
        bytes_ += parts[i].kind == Part::Kind::text ? parts[i].text.size() : 0;
    }
    return true;
}

bool AmazonQHistory::add_part(const Source& source, size_t part_index, Turn& turn, bool with_text) {
    const Part& part = source.request.parts_of(source.message)[part_index];
    switch (part.kind) {
        case Part::Kind::text:
        case Part::Kind::refusal:
            if (with_text) add_text(turn, part.text);
            return true;
        case Part::Kind::image_url:
            return add_image(source, part, part_index, turn);
        case Part::Kind::input_audio:
        case Part::Kind::file:
        case Part::Kind::other:
            break;
    }
    return refuse_part(part.kind, path(source.index, part_index), source.error);
}

bool AmazonQHistory::add_image(const Source& source, const Part& part, size_t part_index,
                               Turn& turn) {
    const auto refuse = [&](std::string_view problem) {
        const std::string at = path(source.index, part_index) + ".image_url.url";
        return fail(source.error, at, "Invalid '" + at + "': " + std::string(problem));
    };
    DataUrl image;
    const DataUrlError problem = read_data_url(part.text, image, kept_.emplace_back());
    if (problem == DataUrlError::other_scheme) {
        return refuse(
            "images are taken as data URLs only (data:image/png;base64,...); the server fetches "
            "none.");
    }
    if (problem == DataUrlError::malformed) return refuse("this data URL holds no base64 data.");
    const std::string_view format = image_format(image.media_type);
    if (format.empty()) return refuse("images must be png, jpeg, gif or webp.");
    if (images_to_skip_ > 0) {
        --images_to_skip_;
        add_text(turn, left_out_image);
        return true;
    }
    images_.push_back({format, image.base64});
    turn.images_end = static_cast<uint32_t>(images_.size());
    bytes_ += image.base64.size();
    return true;
}

// The call that a result belongs to: of those in the turn before, an unanswered one with its id,
// else an answered one. A result of the older kind names the function instead.
AmazonQHistory::Call* AmazonQHistory::find_call(const Source& source) {
    if (turns_.size() < 2) return nullptr;
    const Turn& turn = turns_[turns_.size() - 2];
    const uint32_t count = turn.calls_end - turn.calls_begin;
    const JsonText id = source.message.tool_call_id;
    Call* answered = nullptr;
    for (uint32_t i = 0; i < count; ++i) {
        // Results mostly come in the order of the calls: begin after the last one.
        const uint32_t at = turn.calls_begin + (next_call_ - turn.calls_begin + i) % count;
        Call& call = calls_[at];
        const bool matches =
            id.empty() ? is_same(call.client_name, source.message.name) : is_same(call.id, id);
        if (!matches) continue;
        if (call.result == nullptr) {
            next_call_ = at + 1 == turn.calls_end ? turn.calls_begin : at + 1;
            return &call;
        }
        if (answered == nullptr) answered = &call;
    }
    return id.empty() ? nullptr : answered;
}

JsonText AmazonQHistory::given_id(JsonText id) {
    if (is_legal_id(id.view()) && ids_.insert(id.view()).second) return id;
    for (size_t number = calls_.size() + 1;; ++number) {
        std::string made = "call_" + std::to_string(number);
        if (ids_.contains(made)) continue;
        const std::string& kept = kept_.emplace_back(std::move(made));
        ids_.insert(kept);
        return JsonText::trusted(kept);
    }
}

bool AmazonQHistory::close(DecodeError& error) {
    turn_of(true);
    if (turns_.size() - 1 > limits_.turns_max) {
        return fail(error, "messages",
                    "This conversation is longer than this service's maximum context length of " +
                        std::to_string(limits_.turns_max) + " messages. Please shorten it.",
                    "context_length_exceeded");
    }
    for (const Turn& turn : turns_) {
        if (!turn.is_user || turn.bytes <= limits_.turn_chars_max) continue;
        size_t chars = 0;
        for (const JsonText text : texts_of(turn)) chars += count_chars(text);
        if (chars <= limits_.turn_chars_max) continue;
        return fail(error, path(turn.last_message),
                    "This service's maximum context length is " +
                        std::to_string(limits_.turn_chars_max) +
                        " characters for one user message. However, " + path(turn.last_message) +
                        " together with the messages merged into it has " + std::to_string(chars) +
                        ". Please shorten it.",
                    "context_length_exceeded");
    }
    return true;
}

}  // namespace json
