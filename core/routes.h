#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/failure.h"
#include "core/metrics.h"
#include "net/exchange.h"

namespace core {

// Target is where a request's path leads. With and without /v1 the routes are the same.
struct Target {
    Route route = Route::other;
    std::string_view model_id;  // Route::model: still percent-encoded; a view into the path
    bool needs_key = false;

    static Target of(std::string_view path);
};

// The methods a route answers to, as in an Allow field.
std::string_view allowed_methods(Route route);
bool is_allowed(Route route, net::Method method);

// Why a request with this path or method has no route.
[[gnu::cold]] Failure no_such_route(const net::Request& request);
[[gnu::cold]] Failure no_such_method(const net::Request& request);

// Why a model is not served.
[[gnu::cold]] Failure unknown_model(std::string_view id);

// Percent-decoding (RFC 3986 section 2.1); nothing for a malformed text.
std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace core
