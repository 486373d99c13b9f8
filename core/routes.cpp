#include "core/routes.h"

#include "json/text.h"
#include "net/http_text.h"

namespace core {
namespace {

constexpr std::string_view version_prefix = "/v1";
constexpr std::string_view models_path = "/models";

}  // namespace

Target Target::of(std::string_view path) {
    const std::string_view whole = path;
    const bool has_version = path.starts_with("/v1/");
    if (has_version) path.remove_prefix(version_prefix.size());
    if (path == "/chat/completions") return {Route::chat, {}, true};
    if (whole == "/health") return {Route::health, {}, false};
    if (whole == "/metrics") return {Route::metrics, {}, false};
    if (path == models_path) return {Route::models, {}, true};
    if (path.starts_with(models_path) && path.size() > models_path.size() + 1 &&
        path[models_path.size()] == '/') {
        return {Route::model, path.substr(models_path.size() + 1), true};
    }
    return {Route::other, {}, has_version};
}

std::string_view allowed_methods(Route route) {
    if (route == Route::other) return "GET, HEAD, POST, OPTIONS";
    return route == Route::chat ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
}

bool is_allowed(Route route, net::Method method) {
    if (route == Route::chat) return method == net::Method::post;
    return method == net::Method::get || method == net::Method::head;
}

Failure no_such_route(const net::Request& request) {
    return invalid_request(404, "Invalid URL (" + std::string(request.method_name) + " " +
                                    json::quotable(request.path) + ")");
}

Failure no_such_method(const net::Request& request) {
    return invalid_request(405,
                           "Not allowed to " + std::string(request.method_name) + " on " +
                               json::quotable(request.path) + ".",
                           "method_not_supported");
}

Failure unknown_model(std::string_view id) {
    return invalid_request(
        404,
        "The model `" + json::quotable(id) + "` does not exist or you do not have access to it.",
        "model_not_found");
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = net::hex_value(text[i + 1]);
        const int low = net::hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

}  // namespace core
