#include "json/amazon_q_events.h"

#include "json/flat_object.h"
#include "json/values.h"

namespace json {
namespace {

static_assert(Reader::padding_bytes >= FlatObject::padding_bytes);

constexpr JsonText no_arguments = JsonText::trusted("{}");
constexpr std::string_view text_member = "content";
constexpr size_t bytes_per_token = 4;  // a rough rule for English text and for code

bool is_text_event(std::string_view event_type) {
    return event_type == "assistantResponseEvent" || event_type == "codeEvent";
}

// Visits the fields of an object that is flat. False: it is not, and Reader must begin anew.
template <class Visit>
bool read_flat(std::string_view payload, const Visit& visit) {
    FlatObject object(payload);
    FlatObject::Step step;
    std::string_view key;
    JsonText value;
    while ((step = object.next(key, value)) == FlatObject::Step::field) visit(key, value);
    return step == FlatObject::Step::end;
}

// A negative count is none.
void take_count(const Node& node, int64_t& out) {
    const int64_t before = out;
    take(node, out);
    if (out < 0) out = before;
}

}  // namespace

bool AmazonQEvents::feed(std::string_view event_type, std::string_view payload) {
    if (is_text_event(event_type)) {
        return read_piece(payload, text_member, Delta::Kind::text);
    }
    if (event_type == "toolUseEvent") return read_tool_use(payload);
    if (event_type == "reasoningContentEvent") {
        return read_piece(payload, "text", Delta::Kind::reasoning);
    }
    if (event_type == "metadataEvent") return read_metadata(payload);
    if (event_type == "invalidStateEvent") return read_invalid_state(payload);
    return true;
}

bool AmazonQEvents::feed_text(std::string_view event_type, std::string_view payload,
                              JsonText& text) {
    const bool is_text = is_text_event(event_type) && read_flat_piece(payload, text_member);
    if (!is_text || piece_.empty()) return false;
    text = piece_;
    answer_bytes_ += piece_.size();
    has_text_ = true;
    return true;
}

bool AmazonQEvents::read_piece(std::string_view payload, std::string_view member,
                               Delta::Kind kind) {
    if (!read_flat_piece(payload, member) && !read_any_piece(payload, member)) return false;
    if (piece_.empty()) return true;
    piece_kind_ = kind;
    steps_ |= hand_piece;
    has_text_ = true;
    return true;
}

bool AmazonQEvents::read_flat_piece(std::string_view payload, std::string_view member) {
    if (FlatObject::read_only_field(payload, member, piece_)) return true;
    piece_ = JsonText();
    return read_flat(payload, [&](std::string_view key, JsonText value) {
        if (key == member) piece_ = value;
    });
}

bool AmazonQEvents::read_any_piece(std::string_view payload, std::string_view member) {
    piece_ = JsonText();
    return reader_.read(payload, [&](std::string_view key, Node& node) {
        if (key == member && node.token.is_string()) piece_ = node.token.string();
        return reader_.skip(node);
    });
}

// ToolUseEvent: a call begins, then come pieces of its input, then its stop; all three may also
// come in one event, and the stop may be missing when the next call begins.
bool AmazonQEvents::read_tool_use(std::string_view payload) {
    if (!call_) call_ = std::make_unique<ToolCall>();
    ToolUse use;
    if (!read_flat_use(payload, use) && !read_any_use(payload, use)) return false;
    const auto& [id, name, stops] = use;
    const bool is_same = calls_ > 0 && (id.empty() || id.view() == call_->id);
    if (is_same && !is_call_open_) return true;  // its stop has come already
    if (!is_same) {
        if (is_call_open_) end_tool(end_last_call);
        begin_tool(id, name);
    }
    if (!piece_.empty()) {
        std::string& input = call_->input;
        call_->arguments.add(piece_);
        // It may have to wait behind the begin of its call, while the payload moves.
        if (piece_.view().data() != input.data()) input.assign(piece_.view());
        piece_ = JsonText::trusted(input);
        piece_kind_ = Delta::Kind::tool_arguments;
        steps_ |= hand_piece;
    }
    if (stops) end_tool(end_call);
    return true;
}

bool AmazonQEvents::read_flat_use(std::string_view payload, ToolUse& use) {
    piece_ = JsonText();
    return read_flat(payload, [&](std::string_view key, JsonText value) {
        if (key == "toolUseId") use.id = value;
        if (key == "name") use.name = value;
        if (key == "input") piece_ = value;
    });
}

bool AmazonQEvents::read_any_use(std::string_view payload, ToolUse& use) {
    piece_ = JsonText();
    use = ToolUse();
    return reader_.read(payload, [&](std::string_view key, Node& node) {
        if (key == "toolUseId" && node.token.is_string()) use.id = node.token.string();
        if (key == "name" && node.token.is_string()) use.name = node.token.string();
        if (key == "stop") take(node, use.stops);
        return key == "input" ? read_input(node) : reader_.skip(node);
    });
}

bool AmazonQEvents::read_input(Node& node) {
    if (node.token.is_string()) {
        piece_ = node.token.string();
        return true;
    }
    if (!reader_.skip(node)) return false;
    if (node.is(Token::Kind::object)) {
        call_->input.clear();
        escape(reader_.raw(node), call_->input);
        piece_ = JsonText::trusted(call_->input);
    }
    return true;
}

void AmazonQEvents::begin_tool(JsonText id, JsonText name) {
    call_->id.assign(id.view());
    if (call_->id.empty()) call_->id = "call_" + std::to_string(calls_);
    call_->name.assign(names_.to_client(name).view());
    call_->arguments = ArgumentsCheck();
    ++calls_;
    is_call_open_ = true;
    steps_ |= begin_call;
}

void AmazonQEvents::end_tool(Step step) {
    is_call_open_ = false;
    if (call_->arguments.is_empty()) {
        steps_ |= step;
        has_whole_call_ = true;
    } else if (call_->arguments.is_whole()) {
        has_whole_call_ = true;
    } else {
        is_cut_ = true;
    }
}

bool AmazonQEvents::read_metadata(std::string_view payload) {
    int64_t fresh = 0, written = 0, cached = -1;
    return reader_.read(payload, [&](std::string_view key, Node& node) {
        if (key == "stopReason" && node.token.is_string()) {
            const std::string_view reason = node.token.string().view();
            if (reason == "MAX_TOKENS" || reason == "MODEL_CONTEXT_WINDOW_EXCEEDED") {
                stop_ = Stop::length;
            } else if (reason == "CONTENT_FILTERED") {
                stop_ = Stop::content_filter;
            }
        }
        if (key != "tokenUsage" || !node.is(Token::Kind::object)) return reader_.skip(node);
        has_counts_ = true;
        const auto count = [&](std::string_view name, Node& value) {
            if (name == "uncachedInputTokens") take_count(value, fresh);
            if (name == "cacheReadInputTokens") take_count(value, cached);
            if (name == "cacheWriteInputTokens") take_count(value, written);
            if (name == "outputTokens") take_count(value, counted_.completion_tokens);
            return reader_.skip(value);
        };
        if (!reader_.fields(node, count)) return false;
        counted_.prompt_tokens = fresh + written + (cached > 0 ? cached : 0);
        counted_.cached_tokens = cached;
        return true;
    });
}

bool AmazonQEvents::read_invalid_state(std::string_view payload) {
    std::string reason, message;
    const bool ok = reader_.read(payload, [&](std::string_view key, Node& node) {
        if (key == "reason") take(node, reason);
        if (key == "message") take(node, message);
        return reader_.skip(node);
    });
    if (ok) fault_ = message.empty() ? reason : message;
    return ok;
}

bool AmazonQEvents::next(Delta& out) {
    if (steps_ == 0) return false;
    out = Delta{};
    out.tool_index = calls_ == 0 ? 0 : calls_ - 1;
    switch (take_step()) {
        case end_last_call:
            out.kind = Delta::Kind::tool_arguments;
            out.tool_index = calls_ - 2;  // the next one has begun already
            out.text = no_arguments;
            break;
        case begin_call:
            out.kind = Delta::Kind::tool_call;
            out.tool_id = JsonText::trusted(call_->id);
            out.tool_name = JsonText::trusted(call_->name);
            break;
        case hand_piece:
            out.kind = piece_kind_;
            out.text = piece_;
            answer_bytes_ += piece_.size();
            break;
        case end_call:
            out.kind = Delta::Kind::tool_arguments;
            out.text = no_arguments;
            break;
        case hand_finish:
            out.kind = Delta::Kind::finish;
            out.finish = finish();
            break;
        case hand_usage:
            out.kind = Delta::Kind::usage;
            out.usage = usage();
            break;
    }
    return true;
}

AmazonQEvents::Step AmazonQEvents::take_step() {
    const auto step = static_cast<Step>(steps_ & -steps_);  // the lowest
    steps_ &= static_cast<uint8_t>(steps_ - 1);
    return step;
}

bool AmazonQEvents::end() {
    if (!has_text_ && calls_ == 0) return false;
    if (is_call_open_) is_cut_ = true;
    steps_ = hand_finish | hand_usage;
    return true;
}

// A cut call counts first, since nobody may run it; then whole calls, which clients must run.
Finish AmazonQEvents::finish() const {
    if (is_cut_) return Finish::length;
    if (has_whole_call_) return Finish::tool_calls;
    if (stop_ == Stop::length) return Finish::length;
    return stop_ == Stop::content_filter ? Finish::content_filter : Finish::stop;
}

Usage AmazonQEvents::usage() const {
    if (has_counts_) return counted_;
    Usage estimate;
    estimate.prompt_tokens = static_cast<int64_t>(prompt_bytes_ / bytes_per_token);
    estimate.completion_tokens =
        static_cast<int64_t>((answer_bytes_ + bytes_per_token - 1) / bytes_per_token);
    return estimate;
}

}  // namespace json
