#include "core/echo_script.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "json/text.h"
#include "net/http_text.h"

namespace core {
namespace {

constexpr uint32_t milliseconds_max = 24 * 3600 * 1000;

// The numbers a key may have.
struct Numbers {
    std::string_view key;
    uint32_t least, most;
};

constexpr Numbers numbers[] = {{"delay", 0, milliseconds_max},
                               {"interval", 0, milliseconds_max},
                               {"tokens", 0, EchoScript::tokens_max},
                               {"error", 400, 599},
                               {"error-after", 0, EchoScript::tokens_max},
                               {"stall-after", 0, EchoScript::tokens_max}};

bool read_number(std::string_view key, std::string_view text, uint32_t& out, std::string& problem) {
    const auto range = std::find_if(std::begin(numbers), std::end(numbers),
                                    [key](const Numbers& each) { return each.key == key; });
    if (range == std::end(numbers)) return false;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    if (error == std::errc() && stop == end && out >= range->least && out <= range->most) {
        return true;
    }
    problem = "'" + std::string(key) + "' must be a number from " + std::to_string(range->least) +
              " to " + std::to_string(range->most) + ", not '" + json::quotable(text) + "'";
    return false;
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
        const size_t end = std::min({list.find(';'), list.find(','), list.size()});
        const std::string_view item = net::trim(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
        if (item.empty()) continue;
        const size_t equals = item.find('=');
        const std::string_view key = net::trim(item.substr(0, equals));
        const bool has_value = equals != std::string_view::npos;
        if (!apply(key, has_value ? net::trim(item.substr(equals + 1)) : "", problem)) return false;
    }
    return true;
}

bool EchoScript::apply(std::string_view key, std::string_view value, std::string& problem) {
    problem.clear();
    if (key == "reasoning" && value.empty()) {
        reasoning = true;
        return true;
    }
    if (key == "tool" && is_function_name(value)) {
        tool = value;
        return true;
    }
    uint32_t number = 0;
    if (!read_number(key, value, number, problem)) {
        if (problem.empty()) problem = "unknown or unusable: '" + json::quotable(key) + "'";
        return false;
    }
    if (key == "delay") delay = Milliseconds(number);
    if (key == "interval") interval = Milliseconds(number);
    if (key == "tokens") tokens = number;
    if (key == "error") error = static_cast<uint16_t>(number);
    if (key == "error-after") error_after = number;
    if (key == "stall-after") stall_after = number;
    return true;
}

}  // namespace core
