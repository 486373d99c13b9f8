#include "json/tool_names.h"

#include <cstdint>

namespace json {
namespace {

constexpr size_t hash_digits = 8;

constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_legal(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_legal_name(std::string_view name) {
    if (name.empty() || name.size() > ToolNames::name_bytes_max || !is_letter(name[0])) {
        return false;
    }
    for (const char c : name) {
        if (!is_legal(c)) return false;
    }
    return true;
}

// FNV-1a. It need not be strong: a collision is seen and the next one tried.
uint32_t hash(std::string_view text, uint32_t value) {
    value ^= 0x811C9DC5;
    for (const char c : text) value = (value ^ static_cast<uint8_t>(c)) * 0x01000193;
    return value;
}

std::string legal_name(std::string_view name, uint32_t attempt) {
    std::string out;
    if (name.empty() || !is_letter(name[0])) out = "t_";
    for (const char c : name.substr(0, ToolNames::name_bytes_max)) out += is_legal(c) ? c : '_';
    if (out.size() > ToolNames::name_bytes_max - hash_digits - 1) {
        out.resize(ToolNames::name_bytes_max - hash_digits - 1);
    }
    out += '_';
    const uint32_t value = hash(name, attempt);
    for (size_t i = 0; i < hash_digits; ++i) {
        out += "0123456789abcdef"[value >> (28 - 4 * i) & 0xF];
    }
    return out;
}

}  // namespace

std::string_view ToolNames::to_service(JsonText name) {
    // A legal name has only one way to be written without escapes.
    if (is_legal_name(name.view())) return to_service(name.view(), name.view());
    std::string plain, key;
    name.unescape(plain);
    escape(plain, key);
    return to_service(plain, key);
}

std::string_view ToolNames::to_service(std::string_view plain, std::string_view key) {
    if (!names_) names_ = std::make_unique<Both>();
    Names& to_service = names_->to_service;
    if (const auto known = to_service.find(key); known != to_service.end()) return known->second;
    std::string made = is_legal_name(plain) ? std::string(plain) : legal_name(plain, 0);
    for (uint32_t attempt = 1; names_->to_client.contains(made); ++attempt) {
        made = legal_name(plain, attempt);
    }
    names_->to_client.emplace(made, key);
    return to_service.emplace(key, std::move(made)).first->second;
}

JsonText ToolNames::to_client(JsonText name) const {
    if (!names_) return name;
    const auto known = names_->to_client.find(name.view());
    return known == names_->to_client.end() ? name : JsonText::trusted(known->second);
}

}  // namespace json
