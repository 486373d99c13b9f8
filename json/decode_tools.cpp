#include "json/decode_tools.h"

#include <array>

namespace json {
namespace {

// The fields of a function, which stand in `function` or, in the flat form of the Responses API,
// in the tool itself.
struct Function {
    std::optional<JsonText> name;
    std::optional<JsonText> description;
    std::string_view parameters;
};

bool decode_function_field(FieldReader& fields, std::string_view key, Node& value, const Path& path,
                           Function& out) {
    if (key == "name") return fields.required_string(value, Path(path, key), out.name);
    if (key == "description") return fields.string(value, Path(path, key), out.description);
    if (key == "parameters") return fields.raw_object(value, Path(path, key), out.parameters);
    return fields.text().skip(value);
}

bool decode_function(FieldReader& fields, Node& node, const Path& path, Function& out) {
    out = {};
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    auto visit = [&](std::string_view key, Node& value) {
        return decode_function_field(fields, key, value, path, out);
    };
    return fields.text().fields(node, visit);
}

// What `tools` elements and `tool_choice` objects have in common.
struct TypedFunction {
    std::optional<JsonText> type;
    bool has_function = false;
    Function function;  // from `function`
    Function flat;      // from the object itself

    // Without a type it is a function if it looks like one.
    bool is_function() const {
        static constexpr std::array<std::string_view, 1> names = {"function"};
        return type ? index_among(names, *type) == 0 : has_function;
    }
    const Function& chosen() const { return has_function ? function : flat; }
};

bool decode_typed_function(FieldReader& fields, Node& node, const Path& path, TypedFunction& out) {
    auto visit = [&](std::string_view key, Node& value) {
        if (key == "type") return fields.required_string(value, Path(path, key), out.type);
        if (key != "function") return decode_function_field(fields, key, value, path, out.flat);
        out.has_function = true;
        return decode_function(fields, value, Path(path, key), out.function);
    };
    if (!fields.text().fields(node, visit)) return false;
    if (!out.type && !out.has_function) fields.missing(node, path, "type");
    if (!out.is_function()) return true;
    if (!out.has_function && !out.flat.name) {
        fields.missing(node, path, "function");
    } else if (!out.chosen().name) {
        fields.missing(node, Path(path, "function"), "name");
    }
    return true;
}

bool decode_tool(FieldReader& fields, Node& node, const Path& path, std::vector<Tool>& out) {
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    TypedFunction tool;
    if (!decode_typed_function(fields, node, path, tool)) return false;
    if (!tool.is_function()) return true;
    const Function& function = tool.chosen();
    out.push_back({function.name.value_or(JsonText()), function.description.value_or(JsonText()),
                   function.parameters});
    return true;
}

// The member json_schema of a response format.
bool decode_schema(FieldReader& fields, Node& node, const Path& path, Function& out) {
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    auto visit = [&](std::string_view key, Node& value) {
        if (key == "name") return fields.required_string(value, Path(path, key), out.name);
        if (key == "schema") return fields.raw_object(value, Path(path, key), out.parameters);
        return fields.text().skip(value);
    };
    return fields.text().fields(node, visit);
}

}  // namespace

bool decode_tools(FieldReader& fields, Node& node, const Path& path, std::vector<Tool>& out) {
    out.clear();
    if (node.token.is_null()) return true;
    if (!node.is(Token::Kind::array)) return fields.wrong_type(node, path, "an array of objects");
    auto visit = [&](size_t index, Node& element) {
        return decode_tool(fields, element, Path(path, index), out);
    };
    return fields.text().elements(node, visit);
}

bool decode_tool_choice(FieldReader& fields, Node& node, const Path& path, ToolChoice& out) {
    // In the order of ToolChoice::Kind and of OpenAI's message.
    static constexpr std::array<std::string_view, 3> names = {"none", "auto", "required"};
    static constexpr std::array<ToolChoice::Kind, 3> kinds = {
        ToolChoice::Kind::none, ToolChoice::Kind::automatic, ToolChoice::Kind::required};
    out = {};
    if (node.token.is_null()) return true;
    if (node.token.is_string()) {
        size_t index = index_among(names, node.token.string());
        if (index == names.size()) {
            fields.wrong_value(node, path, names);
        } else {
            out.kind = kinds[index];
        }
        return true;
    }
    if (!node.is(Token::Kind::object)) {
        return fields.wrong_type(node, path, "one of a string or object");
    }
    TypedFunction choice;
    if (!decode_typed_function(fields, node, path, choice)) return false;
    out.kind = choice.is_function() ? ToolChoice::Kind::function : ToolChoice::Kind::other;
    if (choice.is_function()) out.name = choice.chosen().name.value_or(JsonText());
    return true;
}

bool decode_response_format(FieldReader& fields, Node& node, const Path& path,
                            ResponseFormat& out) {
    static constexpr std::array<std::string_view, 3> names = {"json_object", "json_schema", "text"};
    static constexpr std::array<ResponseFormat::Kind, 3> kinds = {ResponseFormat::Kind::json_object,
                                                                  ResponseFormat::Kind::json_schema,
                                                                  ResponseFormat::Kind::text};
    out = {};
    if (node.token.is_null()) return true;
    if (!node.is(Token::Kind::object)) return fields.wrong_type(node, path, "an object");
    bool has_type = false, has_schema = false;
    Function schema;
    auto visit = [&](std::string_view key, Node& value) {
        if (key == "type") {
            has_type = true;
            if (!value.token.is_string()) {
                return fields.wrong_type(value, Path(path, key), "a string");
            }
            size_t index = index_among(names, value.token.string());
            if (index == names.size()) {
                fields.wrong_value(value, Path(path, key), names);
            } else {
                out.kind = kinds[index];
            }
            return true;
        }
        if (key != "json_schema" || value.token.is_null()) return fields.text().skip(value);
        has_schema = true;
        return decode_schema(fields, value, Path(path, key), schema);
    };
    if (!fields.text().fields(node, visit)) return false;
    if (!has_type) fields.missing(node, path, "type");
    if (out.kind != ResponseFormat::Kind::json_schema) return true;
    if (!has_schema) {
        fields.missing(node, path, "json_schema");
    } else if (!schema.name) {
        fields.missing(node, Path(path, "json_schema"), "name");
    }
    out.schema = schema.parameters;
    return true;
}

}  // namespace json
