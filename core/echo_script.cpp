#include "core/echo_script.h"

#include <algorithm>
#include <charconv>

namespace core {
namespace {

constexpr uint32_t milliseconds_max = 24 * 3600 * 1000;

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool read_number(std::string_view text, uint32_t least, uint32_t most, uint32_t& out) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return error == std::errc() && stop == end && out >= least && out <= most;
}

// What OpenAI allows as a function's name.
bool is_function_name(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

}  // namespace

bool EchoScript::apply(std::string_view list, std::string& problem) {
    while (!list.empty()) {
        const size_t end = std::min(list.find_first_of(";,"), list.size());
        const std::string_view item = trim(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
        if (item.empty()) continue;
        const size_t equals = item.find('=');
        const std::string_view key = trim(item.substr(0, equals));
        const bool has_value = equals != std::string_view::npos;
        if (!apply(key, has_value ? trim(item.substr(equals + 1)) : "", problem)) return false;
    }
    return true;
}

bool EchoScript::apply(std::string_view key, std::string_view value, std::string& problem) {
    uint32_t number = 0;
    if (key == "reasoning" && value.empty()) {
        reasoning = true;
    } else if (key == "tool" && is_function_name(value)) {
        tool = value;
    } else if (key == "delay" && read_number(value, 0, milliseconds_max, number)) {
        delay = Milliseconds(number);
    } else if (key == "interval" && read_number(value, 0, milliseconds_max, number)) {
        interval = Milliseconds(number);
    } else if (key == "tokens" && read_number(value, 0, tokens_max, number)) {
        tokens = number;
    } else if (key == "error" && read_number(value, 400, 599, number)) {
        error = static_cast<uint16_t>(number);
    } else if (key == "error-after" && read_number(value, 0, tokens_max, number)) {
        error_after = number;
    } else if (key == "stall-after" && read_number(value, 0, tokens_max, number)) {
        stall_after = number;
    } else {
        problem = "unknown or unusable: '" + std::string(key) + "'";
        return false;
    }
    return true;
}

}  // namespace core
