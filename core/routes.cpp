#include "core/routes.h"

namespace core {
namespace {

constexpr std::string_view version_prefix = "/v1";
constexpr std::string_view models_path = "/models";

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

}  // namespace

Target Target::of(std::string_view path) {
    if (path == "/health") return {Route::health, {}, false};
    if (path == "/metrics") return {Route::metrics, {}, false};
    const bool has_version = path.starts_with("/v1/");
    if (has_version) path.remove_prefix(version_prefix.size());
    if (path == "/chat/completions") return {Route::chat, {}, true};
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
    Failure failure;
    failure.status = 404;
    failure.type = "invalid_request_error";
    failure.message =
        "Invalid URL (" + std::string(request.method_name) + " " + quotable(request.path) + ")";
    return failure;
}

Failure no_such_method(const net::Request& request) {
    Failure failure;
    failure.status = 405;
    failure.type = "invalid_request_error";
    failure.code = "method_not_supported";
    failure.message = "Not allowed to " + std::string(request.method_name) + " on " +
                      quotable(request.path) + ".";
    return failure;
}

Failure unknown_model(std::string_view id) {
    Failure failure;
    failure.status = 404;
    failure.type = "invalid_request_error";
    failure.code = "model_not_found";
    failure.message =
        "The model `" + quotable(id) + "` does not exist or you do not have access to it.";
    return failure;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

std::string quotable(std::string_view text) {
    constexpr size_t bytes_max = 100;
    std::string quoted(text.substr(0, bytes_max));
    for (char& c : quoted) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    }
    // A cut UTF-8 sequence at the end becomes U+FFFD when the message is escaped.
    return quoted.size() < text.size() ? quoted + "..." : quoted;
}

}  // namespace core
