#!/bin/bash
# Checks a running server with curl: test/test_streaming.sh [BASE_URL]
# BASE_URL defaults to the variable of that name, else to http://127.0.0.1:8080; a key goes into API_KEY, another model into MODEL.
# Prints one line per check and exits with 1 when any of them failed.
set -u
base=${1:-${BASE_URL:-http://127.0.0.1:8080}}
base=${base%/}
base=${base%/v1}
model=${MODEL:-amazon-q}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

command -v curl >/dev/null || { echo "❌ curl is not installed"; exit 1; }

# ask BODY: the answer's head and body go to files.
ask() {
    local key=()
    [ -z "${API_KEY:-}" ] || key=(-H "Authorization: Bearer $API_KEY")
    curl -sS --no-buffer --max-time 60 -X POST "$base/v1/chat/completions" "${key[@]}" \
        -H 'Content-Type: application/json' -D "$work/head" -o "$work/body" -d "$1" 2>"$work/problem"
}

# body CONTENT [MEMBERS]: a request; CONTENT is JSON.
body() {
    printf '{"model":"%s","messages":[{"role":"user","content":%s}]%s}' "$model" "$1" "${2:-}"
}

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then
        echo "✅ $name"
    else
        echo "❌ $name"
        failures=$((failures + 1))
        sed 's/^/   /' "$work/problem" "$work/head" 2>/dev/null | head -5
        head -c 400 "$work/body" 2>/dev/null | sed 's/^/   /'
    fi
}

header() { grep -iq "^$1: $2" "$work/head"; }
is_ok() { head -1 "$work/head" | grep -q ' 200'; }
is_completion() {
    is_ok && header Content-Type application/json && grep -q '"object":"chat.completion"' "$work/body" &&
        grep -q '"role":"assistant"' "$work/body" && grep -q '"finish_reason":"stop"' "$work/body"
}
is_stream() {
    is_ok && header Content-Type text/event-stream && grep -q '^data: {.*"object":"chat.completion.chunk"' "$work/body"
}
# Each event is one line `data: ...` and a blank line; the last one is [DONE]. Comments may come between.
has_event_format() {
    awk '/^:/ { comment = 1; next }
         comment { comment = 0; if ($0 != "") bad = 1; next }
         NR && !data && !/^data: (\{.*\}|\[DONE\])$/ { bad = 1 }
         data && $0 != "" { bad = 1 }
         { data = !data }
         END { exit bad || data }' "$work/body"
}
ends_with_done() { [ "$(grep -v '^$' "$work/body" | tail -1)" = 'data: [DONE]' ] && [ "$(grep -c '^data: \[DONE\]$' "$work/body")" = 1 ]; }
has_role_once() { [ "$(grep -c '"role":"assistant"' "$work/body")" = 1 ] && grep -m1 '^data: ' "$work/body" | grep -q '"role":"assistant"'; }
has_finish_once() { [ "$(grep -c '"finish_reason":"stop"' "$work/body")" = 1 ]; }

echo "Checking $base"
array='[{"type":"text","text":"Hello"}]'

ask "$(body '"Hello"' ',"stream":false')"
check "Non-streaming mode works" is_completion
ask "$(body '"Hello"' ',"stream":true')"
check "Streaming mode works" is_stream
ask "$(body '"Hello"')"
check "The default is non-streaming" is_completion
ask "$(body '"Hello"' ',"stream":null')"
check "stream: null is non-streaming" is_completion
ask "$(body "$array")"
check "Array content works without streaming" is_completion
ask "$(body "$array" ',"stream":true')"
check "Array content works with streaming" is_stream
ask "$(body '"Tell me about streaming, please."' ',"stream":true')"
check "Streams are text/event-stream" header Content-Type text/event-stream
check "Streams are not cached" header Cache-Control no-cache
check "Streams may be read from any web page" header Access-Control-Allow-Origin '\*'
check "Each event is one data line and a blank line" has_event_format
check "The role comes once, first" has_role_once
check "The finish reason comes once" has_finish_once
check "The stream ends with [DONE]" ends_with_done

if [ $failures = 0 ]; then
    echo "All checks passed."
else
    echo "$failures checks failed."
    exit 1
fi
