#!/bin/bash
# curl against the server at BASE_URL (and KEYED_URL with API_KEY): fields, uploads, old protocol versions.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chat=$BASE_URL/v1/chat/completions
passed=0 failed=0

# ask ARGUMENTS...: curl with the answer's head (without CR) and body in files.
ask() {
    curl -sS --max-time 60 -D "$work/raw" -o "$work/body" "$@" 2>"$work/trace"
    code=$?
    tr -d '\r' <"$work/raw" >"$work/head"
}

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        [ -z "${VERBOSE:-}" ] || echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "FAIL  $name (exit code $code)"
        sed 's/^/      /' "$work/head" | head -14
        head -c 300 "$work/body" | sed 's/^/      /'
        echo
    fi
}

status() { [ $code = 0 ] && [ "$(awk '/^HTTP/ { status = $2 } END { print status }' "$work/head")" = "$1" ]; }
field() { grep -iqx "$1: $2" "$work/head"; }
no_field() { ! grep -iq "^$1:" "$work/head"; }
says() { grep -qF -- "$1" "$work/body"; }
is() { [ "$(cat "$work/body")" = "$1" ]; }
empty_body() { [ ! -s "$work/body" ]; }
length_is_true() { field Content-Length "$(wc -c <"$work/body")"; }
ends_well() { [ "$(tail -c 14 "$work/body")" = 'data: [DONE]' ]; }
body='{"model":"amazon-q","messages":[{"role":"user","content":"Hello from curl"}]}'
stream='{"model":"amazon-q","messages":[{"role":"user","content":"Hello from curl"}],"stream":true}'
json='Content-Type: application/json'

ask "$chat" -H "$json" -d "$body"
check "completion: status" status 200
check "completion: type" grep -iqE '^content-type: application/json(;.*)?$' "$work/head"
check "completion: length" length_is_true
check "completion: text" says '"content":"Hello from curl"'
check "completion: origin" field Access-Control-Allow-Origin '\*'
check "completion: date" grep -iq '^date: ...,.* GMT$' "$work/head"
check "completion: request id" grep -iqE '^x-request-id: [A-Za-z0-9._-]+$' "$work/head"

ask -N "$chat" -H "$json" -d "$stream"
check "stream: status" status 200
check "stream: type" field Content-Type 'text/event-stream; charset=utf-8'
check "stream: cache" field Cache-Control no-cache
check "stream: connection" field Connection keep-alive
check "stream: origin" field Access-Control-Allow-Origin '\*'
check "stream: chunked" field Transfer-Encoding chunked
check "stream: no length" no_field Content-Length
check "stream: first event" grep -qE '^data: \{"id":"chatcmpl-.*"delta":\{"role":"assistant","content":"Hello' "$work/body"
check "stream: end" ends_well

ask "$chat" -d "$body" -H 'Content-Type:'
check "no content type" status 200
ask "$chat" -d "$body"
check "form content type" status 200
ask "$chat?api-version=2024&x=%20" -H "$json" -d "$body"
check "query string" status 200
ask "$BASE_URL/chat/completions" -H "$json" -d "$body"
check "route without /v1" status 200
ask "$chat" -H "$json" -H 'Transfer-Encoding: chunked' -d "$body"
check "chunked upload" status 200
check "chunked upload: text" says 'Hello from curl'

head -c 2000000 /dev/zero | tr '\0' x >"$work/text"
{ printf '{"model":"amazon-q","messages":[{"role":"user","content":"'; cat "$work/text"; printf '"}]}'; } >"$work/large"
ask "$chat" -H "$json" -H 'Expect: 100-continue' --data-binary "@$work/large" -v
check "2 MB with Expect: status" status 200
check "2 MB with Expect: 100 Continue first" grep -q '^HTTP/1.1 100' "$work/head"
check "2 MB with Expect: no waiting" grep -q '< HTTP/1.1 100 Continue' "$work/trace"
check "2 MB with Expect: all of it" [ "$(wc -c <"$work/body")" -gt 2000000 ]
ask "$chat" -H "$json" -H 'Transfer-Encoding: chunked' --data-binary "@$work/large"
check "2 MB in chunks" status 200
ask "$chat" -H "$json" -H 'Expect: something-else' -d "$body"
check "other expectations" status 417

ask --http1.0 "$chat" -H "$json" -d "$body"
check "HTTP/1.0: status" status 200
check "HTTP/1.0: not chunked" no_field Transfer-Encoding
ask --http1.0 -N "$chat" -H "$json" -d "$stream"
check "HTTP/1.0 stream: status" status 200
check "HTTP/1.0 stream: not chunked" no_field Transfer-Encoding
check "HTTP/1.0 stream: no length" no_field Content-Length
check "HTTP/1.0 stream: end" ends_well
ask --http2 "$chat" -H "$json" -d "$body"
check "an offer of HTTP/2 is passed over" status 200
check "an offer of HTTP/2 is passed over: version" grep -q '^HTTP/1.1 200' "$work/head"

ask -I "$BASE_URL/v1/models"
check "HEAD: status" status 200
check "HEAD: length" grep -iqE '^content-length: [1-9]' "$work/head"
ask -I "$chat"
check "HEAD on chat" status 405
ask -X OPTIONS "$chat" -H 'Origin: http://page.example' -H 'Access-Control-Request-Method: POST' \
    -H 'Access-Control-Request-Headers: authorization,content-type,x-stainless-os'
check "preflight: status" status 204
check "preflight: no body" empty_body
check "preflight: methods" grep -iq '^access-control-allow-methods:.*POST' "$work/head"
check "preflight: fields" grep -iq '^access-control-allow-headers:.*x-stainless-os' "$work/head"
check "preflight: age" grep -iqE '^access-control-max-age: [0-9]+$' "$work/head"

ask "$chat" -H "$json" -d '{'
check "malformed: status" status 400
check "malformed: error object" grep -qE '^\{"error":\{"message":".*","type":"invalid_request_error","param":null,"code":null\}\}' "$work/body"
ask "$BASE_URL/v1/nowhere"
check "unknown path" status 404
ask "$chat"
check "GET on chat" status 405
check "GET on chat: Allow" grep -iq '^allow:.*POST' "$work/head"
ask "$BASE_URL/health"
check "health" status 200
ask "$BASE_URL/metrics"
check "metrics" status 200
check "metrics: type" grep -iq '^content-type: text/plain' "$work/head"
ask "$chat" -H "$json" -H 'Accept-Encoding: gzip, br' --compressed -d "$body"
check "never encoded" no_field Content-Encoding
gzip -c <<<"$body" >"$work/zipped"
ask "$chat" -H "$json" -H 'Content-Encoding: gzip' --data-binary "@$work/zipped"
check "gzip request" status 415

ask "$KEYED_URL/v1/chat/completions" -H "$json" -d "$body"
check "no key" status 401
ask "$KEYED_URL/v1/chat/completions" -H "$json" -H "Authorization: Bearer $API_KEY" -d "$body"
check "right key" status 200
ask "$KEYED_URL/health"
check "health without a key" status 200

# Two requests in one call: the second must find the connection open.
curl -sS -v --max-time 60 "$chat" -H "$json" -d "$stream" --next -sS -v "$BASE_URL/health" >"$work/body" 2>"$work/trace"
code=$?
check "a connection is reused" grep -qiE 're-us(e|ing).*connection' "$work/trace"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
