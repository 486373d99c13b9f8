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
    std::optional<JsonText> model;
    std::optional<JsonText> reasoning_effort;
    std::optional<bool> stream, include_usage;
    std::optional<Node> stream_options;
    std::optional<int64_t> n, max_tokens, max_completion_tokens;
    // Checked and then of no interest.
    std::optional<int64_t> ignored_integer;
    std::optional<bool> ignored_boolean;
    std::string_view ignored_object;
};

// One decode in progress.
struct Decoding {
    FieldReader& fields;
    ChatRequest& out;
    uint32_t messages_max;
    Seen seen = {};
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
    decoding.seen.stream_options.reset();
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

struct Field {
    std::string_view key;
    bool (*decode)(Decoding&, Node&, const Path&);
};

using Integers = FieldReader::Range<int64_t>;
using Decimals = FieldReader::Range<double>;

constexpr int64_t integer_min = std::numeric_limits<int64_t>::min();
constexpr int64_t integer_max = std::numeric_limits<int64_t>::max();
constexpr Integers at_least_one = {1, integer_max};
constexpr Decimals penalty = {-2, 2};

// All fields with a meaning, or with a type that every client agrees on; the others (user,
// metadata, store, prediction, ...) may hold anything. The commonest first.
constexpr Field known_fields[] = {
    {"model",
     [](Decoding& d, Node& node, const Path& path) {
         d.seen.has_model = !node.token.is_null() && node.token.text != R"("")";
         return d.fields.string(node, path, d.seen.model);
     }},
    {"messages",
     [](Decoding& d, Node& node, const Path& path) {
         d.seen.has_messages = true;
         return decode_messages(d.fields, node, path, d.messages_max, d.out);
     }},
    {"stream", [](Decoding& d, Node& node,
                  const Path& path) { return d.fields.boolean(node, path, d.seen.stream); }},
    {"stream_options", decode_stream_options},
    {"tools", [](Decoding& d, Node& node,
                 const Path& path) { return decode_tools(d.fields, node, path, d.out.tools); }},
    {"tool_choice",
     [](Decoding& d, Node& node, const Path& path) {
         return decode_tool_choice(d.fields, node, path, d.out.tool_choice);
     }},
    {"temperature",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.decimal(node, path, {0, 2}, d.out.temperature);
     }},
    {"top_p",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.decimal(node, path, {0, 1}, d.out.top_p);
     }},
    {"max_tokens",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.integer(node, path, at_least_one, d.seen.max_tokens);
     }},
    {"max_completion_tokens",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.integer(node, path, at_least_one, d.seen.max_completion_tokens);
     }},
    {"presence_penalty",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.decimal(node, path, penalty, d.out.presence_penalty);
     }},
    {"frequency_penalty",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.decimal(node, path, penalty, d.out.frequency_penalty);
     }},
    {"n",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.integer(node, path, {1, 128}, d.seen.n);
     }},
    {"stop", [](Decoding& d, Node& node,
                const Path& path) { return decode_stop(d.fields, node, path, d.out.stop); }},
    {"seed",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.integer(node, path, {integer_min, integer_max}, d.out.seed);
     }},
    {"response_format",
     [](Decoding& d, Node& node, const Path& path) {
         return decode_response_format(d.fields, node, path, d.out.response_format);
     }},
    {"parallel_tool_calls",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.boolean(node, path, d.out.parallel_tool_calls);
     }},
    {"reasoning_effort",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.string(node, path, d.seen.reasoning_effort);
     }},
    {"logprobs",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.boolean(node, path, d.seen.ignored_boolean);
     }},
    {"top_logprobs",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.integer(node, path, {0, 20}, d.seen.ignored_integer);
     }},
    {"logit_bias",
     [](Decoding& d, Node& node, const Path& path) {
         return d.fields.raw_object(node, path, d.seen.ignored_object);
     }},
};

bool decode_field(Decoding& decoding, std::string_view key, Node& node) {
    for (const Field& field : known_fields) {
        if (field.key == key) return field.decode(decoding, node, Path(field.key));
    }
    return decoding.fields.text().skip(node);
}

// Takes over what had to wait. False: the request is refused.
bool finish(Decoding& decoding, DecodeError& error) {
    auto& [fields, out, messages_max, seen] = decoding;
    if (!seen.has_model) {
        error = {"you must provide a model parameter", "", ""};
        return false;
    }
    if (!seen.has_messages) {
        error = {"Missing required parameter: 'messages'.", "messages",
                 "missing_required_parameter"};
        return false;
    }
    out.stream = seen.stream.value_or(false);
    if (seen.stream_options && !out.stream) {
        fields.wrong(*seen.stream_options, Path("stream_options"), "",
                     "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
    }
    if (fields.has_error()) {
        error = std::move(fields.error());
        return false;
    }
    out.model = *seen.model;
    out.include_usage = seen.include_usage.value_or(false);
    out.n = seen.n.value_or(1);
    out.max_tokens = seen.max_completion_tokens ? seen.max_completion_tokens : seen.max_tokens;
    out.reasoning_effort = seen.reasoning_effort.value_or(JsonText());
    return true;
}

// Empties a list; gives the memory of an unusually long one back.
template <class Element>
void empty(std::vector<Element>& list) {
    constexpr size_t kept_bytes_max = 1 << 20;
    list.clear();
    if (list.capacity() * sizeof(Element) > kept_bytes_max) list.shrink_to_fit();
}

}  // namespace

void ChatRequest::clear() {
    ChatRequest fresh;
    auto keep = [](auto& from, auto& to) {
        empty(from);
        to.swap(from);
    };
    keep(stop, fresh.stop);
    keep(messages, fresh.messages);
    keep(parts, fresh.parts);
    keep(calls, fresh.calls);
    keep(tools, fresh.tools);
    *this = std::move(fresh);
}

struct ChatDecoder::State {
    Limits limits;
    Reader reader;
    std::string padded;  // a copy with room after its end
};

ChatDecoder::ChatDecoder(Limits limits) : state_(new State{limits, Reader(limits.depth_max), {}}) {}

ChatDecoder::~ChatDecoder() = default;

bool ChatDecoder::decode(std::string_view body, ChatRequest& out, DecodeError& error) {
    out.clear();
    FieldReader fields(state_->reader);
    Decoding decoding{fields, out, state_->limits.messages_max};
    auto visit = [&decoding](std::string_view key, Node& node) {
        return decode_field(decoding, key, node);
    };
    if (state_->reader.read(body, visit)) return finish(decoding, error);
    error = {
        "We could not parse the JSON body of your request. (Hint: " + state_->reader.fault() + ".)",
        "", ""};
    return false;
}

bool ChatDecoder::is_object(const std::string& text) {
    state_->padded.assign(text).append(padding_bytes, ' ');
    auto visit = [this](std::string_view, Node& node) { return state_->reader.skip(node); };
    return state_->reader.read(std::string_view(state_->padded).substr(0, text.size()), visit);
}

}  // namespace json
