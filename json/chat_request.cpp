#include "json/chat_request.h"

#include <limits>

#include "json/decode_messages.h"
#include "json/decode_tools.h"
#include "json/fields.h"
#include "json/reader.h"

namespace json {
namespace {

static_assert(ChatDecoder::padding_bytes == Reader::padding_bytes);

constexpr size_t stop_max = 4;

// Fields that count only when the whole body has been seen.
struct Seen {
    bool has_model = false;  // true also if it is of a wrong type
    bool has_messages = false;
    std::optional<bool> stream, include_usage;
    std::optional<int64_t> n, max_completion_tokens;
    Node stream_options;  // of kind wrong: there are none
};

// One decode in progress.
struct Decoding {
    FieldReader& fields;
    ChatRequest& out;
    uint32_t messages_max;
    Seen seen = {};

    // The place of a value that needs nothing but its check.
    template <class Value>
    Value& at(Value Seen::*member) {
        return seen.*member;
    }
    template <class Value>
    Value& at(Value ChatOptions::*member) {
        return out.*member;
    }
};

bool decode_stop(FieldReader& fields, Node& node, const Path& path, std::vector<JsonText>& out) {
    out.clear();
    auto add = [&out](JsonText text) {
        if (!text.empty() && out.size() < stop_max) out.push_back(text);
    };
    if (node.token.is_null()) return true;
    if (node.token.is_string()) {
        add(node.token.string());
        return true;
    }
    if (!node.is(Token::Kind::array)) {
        return fields.wrong_type(node, path, "one of a string or array of strings");
    }
    size_t count = 0;
    auto visit = [&](size_t index, Node& element) {
        count = index + 1;
        std::optional<JsonText> text;
        if (!fields.required_string(element, Path(path, index), text)) return false;
        add(text.value_or(JsonText()));
        return true;
    };
    if (!fields.text().elements(node, visit)) return false;
    if (count == 0) {
        fields.wrong(node, path, "empty_array",
                     "Invalid 'stop': empty array. Expected an array with minimum length 1, but "
                     "got an empty array instead.");
    } else if (count > stop_max) {
        fields.wrong(node, path, "array_above_max_length",
                     "Invalid 'stop': array too long. Expected an array with maximum length 4, but "
                     "got an array with length " +
                         std::to_string(count) + " instead.");
    }
    return true;
}

bool decode_stream_options(Decoding& decoding, Node& node, const Path& path) {
    decoding.seen.stream_options = {};
    decoding.seen.include_usage.reset();
    if (node.token.is_null()) return true;
    FieldReader& fields = decoding.fields;
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    decoding.seen.stream_options = node;
    auto visit = [&](std::string_view key, Node& value) {
        if (key != "include_usage") return fields.text().skip(value);
        return fields.boolean(value, Path(path, key), decoding.seen.include_usage);
    };
    return fields.text().fields(node, visit);
}

bool decode_model(Decoding& decoding, Node& node, const Path& path) {
    decoding.seen.has_model = !node.token.is_null() && node.token.text != R"("")";
    return decoding.fields.string(node, path, decoding.out.model);
}

bool decode_reasoning_effort(Decoding& decoding, Node& node, const Path& path) {
    return decoding.fields.string(node, path, decoding.out.reasoning_effort);
}

bool decode_logit_bias(Decoding& decoding, Node& node, const Path& path) {
    std::string_view ignored;
    return decoding.fields.raw_object(node, path, ignored);
}

bool decode_all_messages(Decoding& decoding, Node& node, const Path& path) {
    decoding.seen.has_messages = true;
    return decode_messages(decoding.fields, node, path, decoding.messages_max, decoding.out);
}

constexpr int64_t integer_min = std::numeric_limits<int64_t>::min();
constexpr int64_t integer_max = std::numeric_limits<int64_t>::max();

template <auto member>
bool boolean(Decoding& decoding, Node& node, const Path& path) {
    return decoding.fields.boolean(node, path, decoding.at(member));
}

template <auto member, int64_t min, int64_t max>
bool integer(Decoding& decoding, Node& node, const Path& path) {
    return decoding.fields.integer(node, path, {min, max}, decoding.at(member));
}

template <int64_t min, int64_t max>
bool ignored_integer(Decoding& decoding, Node& node, const Path& path) {
    std::optional<int64_t> ignored;
    return decoding.fields.integer(node, path, {min, max}, ignored);
}

bool ignored_boolean(Decoding& decoding, Node& node, const Path& path) {
    std::optional<bool> ignored;
    return decoding.fields.boolean(node, path, ignored);
}

template <auto member, int min, int max>
bool decimal(Decoding& decoding, Node& node, const Path& path) {
    return decoding.fields.decimal(node, path, {min, max}, decoding.at(member));
}

// What has a decoder of its own.
template <auto decode, auto member>
bool whole(Decoding& decoding, Node& node, const Path& path) {
    return decode(decoding.fields, node, path, decoding.out.*member);
}

struct Field {
    std::string_view key;
    bool (*decode)(Decoding&, Node&, const Path&);
};

// All fields with a meaning, or with a type that every client agrees on; the others (user,
// metadata, store, prediction, ...) may hold anything. The commonest first.
constexpr Field known_fields[] = {
    {"model", decode_model},
    {"messages", decode_all_messages},
    {"stream", boolean<&Seen::stream>},
    {"stream_options", decode_stream_options},
    {"tools", whole<decode_tools, &ChatRequest::tools>},
    {"tool_choice", whole<decode_tool_choice, &ChatRequest::tool_choice>},
    {"temperature", decimal<&ChatRequest::temperature, 0, 2>},
    {"top_p", decimal<&ChatRequest::top_p, 0, 1>},
    {"max_tokens", integer<&ChatRequest::max_tokens, 1, integer_max>},
    {"max_completion_tokens", integer<&Seen::max_completion_tokens, 1, integer_max>},
    {"presence_penalty", decimal<&ChatRequest::presence_penalty, -2, 2>},
    {"frequency_penalty", decimal<&ChatRequest::frequency_penalty, -2, 2>},
    {"n", integer<&Seen::n, 1, 128>},
    {"stop", whole<decode_stop, &ChatRequest::stop>},
    {"seed", integer<&ChatRequest::seed, integer_min, integer_max>},
    {"response_format", whole<decode_response_format, &ChatRequest::response_format>},
    {"parallel_tool_calls", boolean<&ChatRequest::parallel_tool_calls>},
    {"reasoning_effort", decode_reasoning_effort},
    {"logprobs", ignored_boolean},
    {"top_logprobs", ignored_integer<0, 20>},
    {"logit_bias", decode_logit_bias},
};

bool decode_field(Decoding& decoding, std::string_view key, Node& node) {
    for (const Field& field : known_fields) {
        if (is_same(field.key, key)) return field.decode(decoding, node, Path(field.key));
    }
    return decoding.fields.text().skip(node);
}

[[gnu::cold]] DecodeError missing(const Seen& seen) {
    if (!seen.has_model) return {"you must provide a model parameter", "", ""};
    return {"Missing required parameter: 'messages'.", "messages", "missing_required_parameter"};
}

// Takes over what had to wait. False: the request is refused.
bool finish(Decoding& decoding, DecodeError& error) {
    auto& [fields, out, messages_max, seen] = decoding;
    if (!seen.has_model || !seen.has_messages) {
        error = missing(seen);
        return false;
    }
    out.stream = seen.stream.value_or(false);
    if (!seen.stream_options.is(Token::Kind::wrong) && !out.stream) {
        fields.wrong(seen.stream_options, Path("stream_options"), "",
                     "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    }
    if (fields.has_error()) return false;
    out.include_usage = seen.include_usage.value_or(false);
    out.n = seen.n.value_or(1);
    if (seen.max_completion_tokens) out.max_tokens = seen.max_completion_tokens;
    return true;
}

[[gnu::cold]] DecodeError malformed(const std::string& fault) {
    return {"We could not parse the JSON body of your request. (Hint: " + fault + ".)", "", ""};
}

// Empties a list; gives the memory of an unusually long one back.
template <class Element>
void empty(std::vector<Element>& list) {
    constexpr size_t kept_bytes_max = 1 << 20;
    list.clear();
    if (list.capacity() * sizeof(Element) > kept_bytes_max) list = std::vector<Element>();
}

}  // namespace

void ChatRequest::clear() {
    static_cast<ChatOptions&>(*this) = {};
    empty(stop);
    empty(messages);
    empty(parts);
    empty(calls);
    empty(tools);
}

struct ChatDecoder::State {
    Limits limits;
    Reader reader;
    std::string padded;  // a copy with room after its end
};

ChatDecoder::ChatDecoder(Limits limits) : state_(new State{limits, Reader(limits.depth_max), {}}) {}

ChatDecoder::~ChatDecoder() = default;

bool ChatDecoder::decode(std::string_view body, ChatRequest& out, DecodeError& error) {
    FieldReader fields(state_->reader, error);
    Decoding decoding{fields, out, state_->limits.messages_max};
    auto visit = [&decoding](std::string_view key, Node& node) {
        return decode_field(decoding, key, node);
    };
    if (state_->reader.read(body, visit)) return finish(decoding, error);
    error = malformed(state_->reader.fault());
    return false;
}

bool ChatDecoder::is_object(const std::string& text) {
    state_->padded.assign(text).append(padding_bytes, ' ');
    auto visit = [this](std::string_view, Node& node) { return state_->reader.skip(node); };
    return state_->reader.read(std::string_view(state_->padded).substr(0, text.size()), visit);
}

}  // namespace json
