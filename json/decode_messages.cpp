#include "json/decode_messages.h"

#include <array>

namespace json {
namespace {

// In the order of OpenAI's message; `role_of` has the same order.
constexpr std::array<std::string_view, 6> role_names = {"system",   "assistant", "user",
                                                        "function", "tool",      "developer"};
constexpr std::array<Role, 6> role_of = {Role::system,   Role::assistant, Role::user,
                                         Role::function, Role::tool,      Role::developer};

[[gnu::noinline]] bool decode_rare_role(FieldReader& fields, Node& node, const Path& path,
                                        Role& out) {
    if (!node.token.is_string()) {
        static const std::string expected = "one of " + list_of(role_names);
        return fields.wrong_type(node, path, expected);
    }
    size_t index = index_among(role_names, node.token.string());
    if (index == role_names.size()) {
        fields.wrong_value(node, path, role_names);
    } else {
        out = role_of[index];
    }
    return true;
}

// `parent` is the path of the message. Nearly all have one of three roles: these take no search.
bool decode_role(FieldReader& fields, Node& node, const Path& parent, Role& out) {
    const std::string_view quoted = node.token.text;
    if (quoted == R"("user")") {
        out = Role::user;
    } else if (quoted == R"("assistant")") {
        out = Role::assistant;
    } else if (quoted == R"("system")") {
        out = Role::system;
    } else {
        return decode_rare_role(fields, node, Path(parent, "role"), out);
    }
    return true;
}

[[gnu::noinline]] bool decode_rare_content(FieldReader& fields, Node& node, const Path& path,
                                           Message& message, std::vector<Part>& parts) {
    message.has_content = !node.token.is_null();
    if (node.is(Token::Kind::array)) {
        if (!decode_parts(fields, node, path, parts)) return false;
    } else if (message.has_content) {
        if (!fields.wrong_type(node, path, "one of a string or array of objects")) return false;
    }
    message.parts_end = static_cast<uint32_t>(parts.size());
    return true;
}

// `parent` is the path of the message.
bool decode_content(FieldReader& fields, Node& node, const Path& parent, Message& message,
                    std::vector<Part>& parts) {
    message.parts_begin = static_cast<uint32_t>(parts.size());
    if (!node.token.is_string()) {
        return decode_rare_content(fields, node, Path(parent, "content"), message, parts);
    }
    message.has_content = true;
    parts.push_back({Part::Kind::text, node.token.string(), {}});
    message.parts_end = message.parts_begin + 1;
    return true;
}

bool decode_called_function(FieldReader& fields, Node& node, const Path& path, ToolCall& out) {
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    std::optional<JsonText> name, arguments;
    auto visit = [&](std::string_view key, Node& value) {
        if (key == "name") return fields.required_string(value, Path(path, key), name);
        if (key == "arguments") return fields.required_string(value, Path(path, key), arguments);
        return fields.text().skip(value);
    };
    if (!fields.text().fields(node, visit)) return false;
    if (!name) fields.missing(node, path, "name");
    if (!arguments) fields.missing(node, path, "arguments");
    out.name = name.value_or(JsonText());
    out.arguments = arguments.value_or(JsonText());
    return true;
}

bool decode_call(FieldReader& fields, Node& node, const Path& path, std::vector<ToolCall>& out) {
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    ToolCall call;
    std::optional<JsonText> id, type;
    bool has_function = false;
    auto visit = [&](std::string_view key, Node& value) {
        if (key == "id") return fields.required_string(value, Path(path, key), id);
        if (key == "type") return fields.string(value, Path(path, key), type);
        if (key != "function") return fields.text().skip(value);
        has_function = true;
        return decode_called_function(fields, value, Path(path, key), call);
    };
    if (!fields.text().fields(node, visit)) return false;
    if (!id) fields.missing(node, path, "id");
    // Calls of custom tools are accepted and left out, like the tools themselves.
    if (type && type->view() != "function") return true;
    if (!has_function) fields.missing(node, path, "function");
    call.id = id.value_or(JsonText());
    out.push_back(call);
    return true;
}

// Kept out of the way of messages without calls.
[[gnu::noinline]] bool decode_calls(FieldReader& fields, Node& node, const Path& path,
                                    Message& message, std::vector<ToolCall>& calls) {
    message.calls_begin = static_cast<uint32_t>(calls.size());
    if (node.is(Token::Kind::array)) {
        auto visit = [&](size_t index, Node& element) {
            return decode_call(fields, element, Path(path, index), calls);
        };
        if (!fields.text().elements(node, visit)) return false;
    } else if (!node.token.is_null()) {
        if (!fields.wrong_type(node, path, "an array of objects")) return false;
    }
    message.calls_end = static_cast<uint32_t>(calls.size());
    return true;
}

bool decode_message(FieldReader& fields, Node& node, const Path& path, ChatRequest& out) {
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    Message& message = out.messages.emplace_back();
    bool has_role = false, has_tool_call_id = false;
    auto visit = [&](std::string_view key, Node& value) {
        if (key == "role") {
            has_role = true;
            return decode_role(fields, value, path, message.role);
        }
        if (key == "content") {
            return decode_content(fields, value, path, message, out.parts);
        }
        if (key == "tool_calls") {
            return decode_calls(fields, value, Path(path, key), message, out.calls);
        }
        if (key == "tool_call_id") {
            has_tool_call_id = !value.token.is_null();
            return fields.string(value, Path(path, key), message.tool_call_id);
        }
        if (key == "name") return fields.string(value, Path(path, key), message.name);
        return fields.text().skip(value);
    };
    if (!fields.text().fields(node, visit)) return false;
    if (!has_role) fields.missing(node, path, "role");
    if (message.role == Role::tool && !has_tool_call_id) {
        fields.missing(node, path, "tool_call_id");
    }
    return true;
}

// What is wrong with how many messages there are.
[[gnu::cold]] void wrong_count(FieldReader& fields, const Node& node, const Path& path,
                               size_t count, uint32_t messages_max) {
    if (count == 0) {
        fields.wrong(node, path, "empty_array",
                     "Invalid 'messages': empty array. Expected an array with minimum length 1, "
                     "but got an empty array instead.");
    } else {
        fields.wrong(node, path, "array_above_max_length",
                     "Invalid 'messages': array too long. Expected an array with maximum length " +
                         std::to_string(messages_max) + ", but got an array with length " +
                         std::to_string(count) + " instead.");
    }
}

}  // namespace

bool decode_messages(FieldReader& fields, Node& node, const Path& path, uint32_t messages_max,
                     ChatRequest& out) {
    out.messages.clear();
    out.parts.clear();
    out.calls.clear();
    if (!node.is(Token::Kind::array)) return fields.wrong_type(node, path, "an array of objects");
    size_t count = 0;
    auto visit = [&](size_t index, Node& element) {
        count = index + 1;
        if (count > messages_max) return fields.text().skip(element);
        return decode_message(fields, element, Path(path, index), out);
    };
    if (!fields.text().elements(node, visit)) return false;
    if (count == 0 || count > messages_max) wrong_count(fields, node, path, count, messages_max);
    return true;
}

}  // namespace json
