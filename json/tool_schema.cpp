#include "json/tool_schema.h"

#include <algorithm>
#include <array>

namespace json {
namespace {

// Of remembered schemas: several clients' tools. With more it forgets all and begins again.
constexpr size_t known_bytes_max = 256 * 1024;

constexpr std::string_view empty_schema = R"({"type":"object","properties":{}})";

// Keywords whose value is any JSON, and those that map names to schemas (JSON Schema 2020-12).
constexpr std::array<std::string_view, 5> literals = {"const", "default", "enum", "example",
                                                      "examples"};
constexpr std::array<std::string_view, 5> maps = {"properties", "patternProperties", "$defs",
                                                  "definitions", "dependentSchemas"};

template <size_t size>
bool is_one_of(const std::array<std::string_view, size>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void write_comma(std::string& out) {
    if (out.back() != '{' && out.back() != '[') out += ',';
}

void write_key(std::string_view key, std::string& out) {
    write_comma(out);
    out += '"';
    escape(key, out);
    out += "\":";
}

}  // namespace

void ToolSchema::write(std::string_view parameters, std::string& out) {
    if (parameters.empty()) {
        out += empty_schema;
        return;
    }
    if (const auto known = known_.find(parameters); known != known_.end()) {
        out += known->second;
        return;
    }
    const size_t begin = out.size();
    if (!write_root(copy_.of(parameters), out)) {
        out.resize(begin);
        out += empty_schema;
    }
    remember(parameters, std::string_view(out).substr(begin));
}

void ToolSchema::remember(std::string_view parameters, std::string_view schema) {
    const size_t bytes = parameters.size() + schema.size();
    if (bytes > known_bytes_max) return;
    if (known_bytes_ + bytes > known_bytes_max) {
        known_.clear();
        known_bytes_ = 0;
    }
    known_.emplace(parameters, schema);
    known_bytes_ += bytes;
}

bool ToolSchema::write_root(std::string_view parameters, std::string& out) {
    out += R"({"type":"object")";
    bool has_properties = false;
    const bool ok = reader_.read(parameters, [&](std::string_view key, Node& node) {
        if (key == "type") return reader_.skip(node);
        if (key == "properties") {
            if (has_properties || !node.is(Token::Kind::object)) return reader_.skip(node);
            has_properties = true;
        }
        return write_field(key, node, Inside::schema, out);
    });
    if (!ok) return false;
    if (!has_properties) out += R"(,"properties":{})";
    out += '}';
    return true;
}

bool ToolSchema::write_field(std::string_view key, Node& node, Inside inside, std::string& out) {
    const bool is_keyword = inside == Inside::schema;
    if (is_keyword && is_one_of(literals, key)) {
        write_key(key, out);
        return write_raw(node, out);
    }
    if (node.token.is_null()) return true;
    const bool is_required = is_keyword && key == "required";
    const size_t begin = out.size();
    write_key(key, out);
    const Inside next =
        is_keyword && is_one_of(maps, key) ? Inside::map_of_schemas : Inside::schema;
    if (!write_value(node, next, out)) return false;
    if (is_required && out.ends_with("[]")) out.resize(begin);
    return true;
}

bool ToolSchema::write_value(Node& node, Inside inside, std::string& out) {
    if (node.is(Token::Kind::object)) {
        out += '{';
        const bool ok = reader_.fields(node, [&](std::string_view key, Node& field) {
            return write_field(key, field, inside, out);
        });
        out += '}';
        return ok;
    }
    if (node.is(Token::Kind::array)) {
        out += '[';
        const bool ok = reader_.elements(node, [&](size_t, Node& element) {
            write_comma(out);
            return write_value(element, Inside::schema, out);
        });
        out += ']';
        return ok;
    }
    out += node.token.text;
    return true;
}

bool ToolSchema::write_raw(Node& node, std::string& out) {
    if (!reader_.skip(node)) return false;
    const bool is_container = node.is(Token::Kind::object) || node.is(Token::Kind::array);
    out += is_container ? reader_.raw(node) : node.token.text;
    return true;
}

}  // namespace json
