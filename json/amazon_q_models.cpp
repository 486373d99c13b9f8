#include "json/amazon_q_models.h"

#include <algorithm>

#include "json/reader.h"
#include "json/text.h"
#include "json/values.h"

namespace json {
namespace {

constexpr size_t date_digits = 8;

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// claude-sonnet-4-5-20250929-v1:0 -> claude-sonnet-4-5
void cut_date(std::string& name) {
    for (size_t dash = name.find('-'); dash != std::string::npos; dash = name.find('-', dash + 1)) {
        const std::string_view rest = std::string_view(name).substr(dash + 1);
        const std::string_view digits = rest.substr(0, rest.find_first_of("-:@"));
        if (digits.size() == date_digits && all_digits(digits)) {
            name.resize(dash);
            return;
        }
    }
}

// claude-sonnet-4-5 -> claude-sonnet-4.5: a dash between numbers of at most two digits.
void join_versions(std::string& name) {
    for (size_t i = 1; i + 1 < name.size(); ++i) {
        if (name[i] != '-' || !is_digit(name[i - 1]) || !is_digit(name[i + 1])) continue;
        const size_t end = std::min(name.find_first_not_of("0123456789", i + 1), name.size());
        const size_t last_other = name.find_last_not_of("0123456789", i - 1);
        const size_t begin = last_other == std::string::npos ? 0 : last_other + 1;
        const bool is_after_dash = begin == 0 || name[begin - 1] == '-';
        if (is_after_dash && i - begin <= 2 && end - i - 1 <= 2) name[i] = '.';
    }
}

std::string normal_form(std::string_view text) {
    std::string name(text.substr(text.rfind('/') + 1));
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
        if (c == '_') c = '-';
    }
    cut_date(name);
    join_versions(name);
    return name;
}

bool read_limits(Reader& reader, Node& node, AmazonQModel& out) {
    return reader.fields(node, [&](std::string_view key, Node& value) {
        if (key == "maxInputTokens") take(value, out.input_tokens_max);
        return reader.skip(value);
    });
}

bool read_model(Reader& reader, Node& node, AmazonQModel& out) {
    return reader.fields(node, [&](std::string_view key, Node& value) {
        if (key == "modelId") take(value, out.id);
        if (key == "modelName") take(value, out.name);
        if (key == "tokenLimits" && value.is(Token::Kind::object)) {
            return read_limits(reader, value, out);
        }
        if (key == "supportedInputTypes" && value.is(Token::Kind::array)) {
            return reader.elements(value, [&](size_t, Node& type) {
                if (type.token.text == "\"IMAGE\"") out.takes_images = true;
                return reader.skip(type);
            });
        }
        return reader.skip(value);
    });
}

void write_member(std::string_view key, std::string_view value, std::string& out) {
    if (value.empty()) return;
    if (out.back() != '{') out += ',';
    out.append("\"").append(key).append("\":\"");
    escape(value, out);
    out += '"';
}

}  // namespace

void write_list_models(std::string_view origin, std::string_view profile_arn,
                       std::string_view next_token, std::string& out) {
    out += '{';
    write_member("origin", origin, out);
    write_member("profileArn", profile_arn, out);
    write_member("nextToken", next_token, out);
    out += '}';
}

bool read_models(std::string_view body, AmazonQModels& out) {
    Reader reader(64);
    PaddedCopy copy;
    bool has_models = false;
    const bool ok = reader.read(copy.of(body), [&](std::string_view key, Node& node) {
        if (key == "nextToken") take(node, out.next_token);
        if (key == "defaultModel" && node.is(Token::Kind::object)) {
            AmazonQModel model;
            if (!read_model(reader, node, model)) return false;
            out.default_id = model.id;
            return true;
        }
        if (key != "models" || !node.is(Token::Kind::array)) return reader.skip(node);
        has_models = true;
        return reader.elements(node, [&](size_t, Node& element) {
            if (!element.is(Token::Kind::object)) return reader.skip(element);
            AmazonQModel model;
            if (!read_model(reader, element, model)) return false;
            if (!model.id.empty()) out.models.push_back(std::move(model));
            return true;
        });
    });
    return ok && has_models;
}

std::string find_model(std::string_view name, std::span<const AmazonQModel> models) {
    for (const AmazonQModel& model : models) {
        if (model.id == name) return model.id;
    }
    const std::string normal = normal_form(name);
    if (models.empty()) return normal;
    for (const AmazonQModel& model : models) {
        if (normal_form(model.id) == normal) return model.id;
    }
    return {};
}

}  // namespace json
