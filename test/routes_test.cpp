#include "core/routes.h"

#include <doctest.h>

#include "core/failure.h"

using core::percent_decoded;
using core::Route;
using core::Target;
using net::Method;

TEST_CASE("Target finds the route of every path, with and without /v1") {
    struct Case {
        const char* path;
        Route route;
        const char* model;
        bool needs_key;
    };
    for (const Case& c : {
             Case{"/health", Route::health, "", false},
             Case{"/metrics", Route::metrics, "", false},
             Case{"/v1/chat/completions", Route::chat, "", true},
             Case{"/chat/completions", Route::chat, "", true},
             Case{"/v1/models", Route::models, "", true},
             Case{"/models", Route::models, "", true},
             Case{"/v1/models/echo", Route::model, "echo", true},
             Case{"/models/org/name:tag", Route::model, "org/name:tag", true},
             Case{"/v1/models/a%2Fb", Route::model, "a%2Fb", true},
             Case{"/v1/models//", Route::model, "/", true},
             Case{"/v1/completions", Route::other, "", true},
             Case{"/v1/", Route::other, "", true},
             Case{"/v1/health", Route::other, "", true},
             Case{"/v1/v1/models", Route::other, "", true},
             Case{"/v1", Route::other, "", false},
             Case{"/v1models", Route::other, "", false},
             Case{"/", Route::other, "", false},
             Case{"", Route::other, "", false},
             Case{"*", Route::other, "", false},
             Case{"/health/", Route::other, "", false},
             Case{"/Health", Route::other, "", false},
             Case{"/models/", Route::other, "", false},
             Case{"/modelsx", Route::other, "", false},
             Case{"/v1/chat/completions/", Route::other, "", true},
             Case{"/v1/chat/completionsx", Route::other, "", true},
         }) {
        CAPTURE(c.path);
        const Target target = Target::of(c.path);
        CHECK(target.route == c.route);
        CHECK(target.model_id == c.model);
        CHECK(target.needs_key == c.needs_key);
    }
}

TEST_CASE("Each route answers to its methods, and says which") {
    for (const Route route : {Route::models, Route::model, Route::health, Route::metrics}) {
        CHECK(core::is_allowed(route, Method::get));
        CHECK(core::is_allowed(route, Method::head));
        CHECK_FALSE(core::is_allowed(route, Method::post));
        CHECK_FALSE(core::is_allowed(route, Method::other));
        CHECK(core::allowed_methods(route) == "GET, HEAD, OPTIONS");
    }
    CHECK(core::is_allowed(Route::chat, Method::post));
    CHECK_FALSE(core::is_allowed(Route::chat, Method::get));
    CHECK_FALSE(core::is_allowed(Route::chat, Method::head));
    CHECK(core::allowed_methods(Route::chat) == "POST, OPTIONS");
}

TEST_CASE("percent_decoded follows RFC 3986, and refuses what is malformed") {
    CHECK(percent_decoded("") == "");
    CHECK(percent_decoded("abc+d") == "abc+d");
    CHECK(percent_decoded("a%2Fb%2fc") == "a/b/c");
    CHECK(percent_decoded("%41%c3%A9%00") == std::string("A\xC3\xA9\0", 4));
    CHECK(percent_decoded("%25%32%35") == "%25");  // once, not twice
    for (const char* text : {"%", "a%", "%4", "%4g", "%g4", "%%41", "% 41", "%+1", "%-1"}) {
        CAPTURE(text);
        CHECK_FALSE(percent_decoded(text));
    }
}

TEST_CASE("A failure has the type and code that its status has at OpenAI") {
    struct Case {
        uint16_t status;
        const char* type;
        const char* code;
        bool retries;
    };
    for (const Case& c :
         {Case{400, "invalid_request_error", "", false},
          Case{401, "invalid_request_error", "invalid_api_key", false},
          Case{404, "invalid_request_error", "model_not_found", false},
          Case{413, "invalid_request_error", "", false},
          Case{429, "requests", "rate_limit_exceeded", true}, Case{500, "server_error", "", false},
          Case{502, "server_error", "", false}, Case{503, "server_error", "", true},
          Case{504, "server_error", "", false}}) {
        const core::Failure failure = core::failure_for_status(c.status, "m");
        CHECK(failure.status == c.status);
        CHECK(failure.message == "m");
        CHECK(failure.type == c.type);
        CHECK(failure.code == c.code);
        CHECK((failure.retry_after_seconds != 0) == c.retries);
    }
}
