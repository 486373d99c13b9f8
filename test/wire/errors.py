"""The error table of the OpenAI contract, row by row; API keys; what peers' suites ask for."""
import json
import os
import tempfile

import harness
from harness import CHAT, Client, Server, ask, check, equal, get, post, request

server = Server()
USER = {"role": "user", "content": "hi"}


def body(**members):
    """A good body with members replaced; a value of ... removes the member."""
    whole = {"model": "echo", "messages": [USER], **members}
    return json.dumps({key: value for key, value in whole.items() if value is not ...}).encode()


def messages(*list_of_messages):
    return body(messages=list(list_of_messages))


def expect(client, name, data, status, param, code, *words, kind="invalid_request_error"):
    """One row. `param` and `code`: the exact value, or a tuple of allowed ones, or ... for any."""
    answer = client.ask(data)
    if not equal(f"{name}: status", answer.status, status):
        print("      " + harness.shorten(repr(answer)))
        return answer
    error = answer.error()
    if not check(f"{name}: error object with its four keys", error, repr(answer)):
        return answer
    equal(f"{name}: content type", (answer.field("content-type") or "").split(";")[0], "application/json")
    for key, want in (("type", kind), ("param", param), ("code", code)):
        if want is not ...:
            allowed = want if isinstance(want, tuple) else (want,)
            check(f"{name}: {key}", error[key] in allowed, f"got {error[key]!r}, expected {want!r}; {error}")
    for word in words:
        check(f"{name}: message says {word!r}", word.lower() in error["message"].lower(), error["message"])
    return answer


def each_mode(name, members, status, param, code, *words):
    """The row as it stands and with stream: true, which must still be a plain error."""
    with Client(server) as client:
        expect(client, name, post(body(**members)), status, param, code, *words)
        if "stream" not in members and "stream_options" not in members:
            expect(client, name + ", stream", post(body(stream=True, **members)), status, param, code, *words)


def test_not_a_json_object():
    with Client(server) as client:
        for raw in [b"", b" ", b"{", b"}", b"nope", b"[]", b'"text"', b"1", b"null", b"true", b"[{}]", b'{"model":}',
                    body() + b"x", body() + b"{}", body()[:-1], b"{'model':'echo'}", b'{"model":"echo",}', b"\xff\xfe",
                    b'{"model":"\xff"}', b'{"a":"\x01"}', b'{"a":"\\x"}', b'{"a":"\\u12g4"}', b'{"a":01}', b'{"a":.5}',
                    b'{"a":1.}', b'{"a":+1}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":tru}', b'{"a":nulll}', b'{"a":"b" "c"}',
                    b"model=echo&messages=x", b"\x00", b'{"a":1}\x00', b"/* */{}", b'{"a":"unterminated',
                    b"\xef\xbb\xbf" + body() + b"x"]:
            expect(client, f"body {raw[:30]!r}", post(raw), 400, None, None, "JSON")


def test_errors_in_ignored_places():
    """Malformed JSON anywhere is refused, also where nobody looks."""
    with Client(server) as client:
        good = body()[:-1]
        for bad in [b"1.2.3", b"01", b"tru", b"[1,]", b'{"a":1,}', b'"\\q"', b'"\\ud8"', b'"\xff"', b'"\x1f"', b"[1 2]", b"-",
                    b'{"a" 1}', b"{1:2}", b"[[[]]", b"'x'", b"0x1", b"1e", b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"']:
            expect(client, f"unknown field {bad!r}", post(good + b',"x":' + bad + b"}"), 400, None, None, "JSON")
            expect(client, f"in metadata {bad!r}", post(good + b',"metadata":{"a":' + bad + b"}}"), 400, None, None, "JSON")
            inside = b'{"model":"echo","messages":[{"role":"user","content":"x","y":' + bad + b"}]}"
            expect(client, f"in a message {bad!r}", post(inside), 400, None, None, "JSON")
            tool = (good + b',"tools":[{"type":"function","function":{"name":"f","parameters":{"a":' + bad + b"}}}]}")
            expect(client, f"in a tool {bad!r}", post(tool), 400, None, None, "JSON")


def test_model_and_messages():
    each_mode("no model", {"model": ...}, 400, None, None, "model")
    each_mode("null model", {"model": None}, 400, (None, "model"), ..., "model")
    each_mode("empty object", {"model": ..., "messages": ...}, 400, None, None, "model")
    each_mode("model of a wrong type", {"model": 1}, 400, "model", "invalid_type", "string", "integer")
    each_mode("unknown model", {"model": "nope"}, 404, None, "model_not_found", "`nope`", "does not exist")
    each_mode("unknown model with odd letters", {"model": "a\n\"b\" \u00e9"}, 404, None, "model_not_found", "does not exist")
    each_mode("no messages", {"messages": ...}, 400, "messages", "missing_required_parameter",
              "Missing required parameter: 'messages'")
    each_mode("null messages", {"messages": None}, 400, "messages", ("missing_required_parameter", "invalid_type"))
    each_mode("empty messages", {"messages": []}, 400, "messages", "empty_array", "Invalid 'messages'", "empty array")
    for name, value, word in [("string", "x", "a string"), ("number", 1, "an integer"), ("object", {}, "an object"),
                              ("boolean", True, "a boolean"), ("decimal", 1.5, "a decimal")]:
        each_mode(f"messages is a {name}", {"messages": value}, 400, "messages", "invalid_type",
                  "Invalid type for 'messages'", "array of objects", word)
    for name, value, word in [("number", 123, "an integer"), ("string", "x", "a string"), ("null", None, "null"),
                              ("array", [], "an array")]:
        each_mode(f"messages[0] is a {name}", {"messages": [value]}, 400, "messages[0]", "invalid_type", "an object", word)
    each_mode("second message bad", {"messages": [USER, 5]}, 400, "messages[1]", "invalid_type", "messages[1]")


def test_roles_and_contents():
    each_mode("no role", {"messages": [{"content": "x"}]}, 400, "messages[0].role", "missing_required_parameter",
              "messages[0].role")
    each_mode("empty message", {"messages": [{}]}, 400, "messages[0].role", "missing_required_parameter")
    each_mode("role is a number", {"messages": [{"role": 123, "content": "x"}]}, 400, "messages[0].role", "invalid_type")
    each_mode("role unknown", {"messages": [{"role": "x", "content": "x"}]}, 400, "messages[0].role", "invalid_value",
              "Invalid value: 'x'", "'system', 'assistant', 'user', 'function', 'tool', and 'developer'")
    each_mode("role in upper case", {"messages": [{"role": "User", "content": "x"}]}, 400, "messages[0].role", "invalid_value")
    each_mode("second role unknown", {"messages": [USER, {"role": "x", "content": "x"}]}, 400, "messages[1].role",
              "invalid_value")
    for value, word in [(123, "an integer"), (1.5, "a decimal"), (True, "a boolean"), ({}, "an object")]:
        each_mode(f"content {value!r}", {"messages": [{"role": "user", "content": value}]}, 400, "messages[0].content",
                  "invalid_type", "string or array of objects", word)
    each_mode("content of the second message", {"messages": [USER, {"role": "user", "content": 1}]}, 400,
              "messages[1].content", "invalid_type")
    each_mode("part is a number", {"messages": [{"role": "user", "content": [1]}]}, 400, "messages[0].content[0]",
              "invalid_type", "an object")
    each_mode("part without type", {"messages": [{"role": "user", "content": [{"text": "x"}]}]}, 400,
              "messages[0].content[0].type", "missing_required_parameter")
    each_mode("second part without type",
              {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"text": "x"}]}]}, 400,
              "messages[0].content[1].type", "missing_required_parameter")
    each_mode("text part without text", {"messages": [{"role": "user", "content": [{"type": "text"}]}]}, 400,
              "messages[0].content[0].text", "missing_required_parameter")
    each_mode("text is a number", {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}, 400,
              "messages[0].content[0].text", "invalid_type")


def test_scalar_types():
    for field, expected in [("temperature", "a decimal"), ("top_p", "a decimal"), ("presence_penalty", "a decimal"),
                            ("frequency_penalty", "a decimal"), ("n", "an integer"), ("max_tokens", "an integer"),
                            ("max_completion_tokens", "an integer"), ("seed", "an integer")]:
        for value, word in [("x", "a string"), (True, "a boolean"), ([], "an array"), ({}, "an object")]:
            each_mode(f"{field}: {value!r}", {field: value}, 400, field, "invalid_type", field, expected, word)
    for field in ["n", "max_tokens", "max_completion_tokens"]:
        each_mode(f"{field}: 1.5", {field: 1.5}, 400, field, "invalid_type", "an integer", "a decimal")
    for value, word in [("yes", "a string"), (1, "an integer"), ([], "an array"), ({}, "an object"), (0.5, "a decimal")]:
        each_mode(f"stream: {value!r}", {"stream": value}, 400, "stream", "invalid_type", "a boolean", word)
    each_mode("parallel_tool_calls: 1", {"parallel_tool_calls": 1}, 400, "parallel_tool_calls", "invalid_type", "a boolean")
    with Client(server) as client:
        expect(client, "include_usage: 1", post(body(stream=True, stream_options={"include_usage": 1})), 400,
               "stream_options.include_usage", "invalid_type", "a boolean")
        expect(client, "stream_options: 1", post(body(stream=True, stream_options=1)), 400, "stream_options",
               "invalid_type", "an object")
    each_mode("stop: 1", {"stop": 1}, 400, "stop", "invalid_type")
    each_mode("stop: [1]", {"stop": [1]}, 400, ("stop[0]", "stop"), "invalid_type")
    each_mode("stop of five", {"stop": ["a", "b", "c", "d", "e"]}, 400, "stop", ...)
    each_mode("tools: 1", {"tools": 1}, 400, "tools", "invalid_type")
    each_mode("tools: [1]", {"tools": [1]}, 400, "tools[0]", "invalid_type")
    each_mode("response_format: 1", {"response_format": 1}, 400, "response_format", "invalid_type")


def test_bounds():
    each_mode("n: 0", {"n": 0}, 400, "n", "integer_below_min_value", "Invalid 'n'", "Expected a value >= 1, but got 0 instead")
    each_mode("n: -1", {"n": -1}, 400, "n", "integer_below_min_value", ">= 1", "-1")
    each_mode("n: 129", {"n": 129}, 400, "n", ("integer_above_max_value", "unsupported_value"), "129")
    each_mode("n: 9", {"n": 9}, 400, "n", ("integer_above_max_value", "unsupported_value"), "9")
    each_mode("n: 10^30", {"n": 10 ** 30}, 400, "n", ...)
    for field in ["max_tokens", "max_completion_tokens"]:
        each_mode(f"{field}: 0", {field: 0}, 400, field, "integer_below_min_value", f"Invalid '{field}'", ">= 1", "got 0")
        each_mode(f"{field}: -5", {field: -5}, 400, field, "integer_below_min_value", "-5")
    for field, low, high in [("temperature", -0.1, 2.1), ("top_p", -0.1, 1.1), ("presence_penalty", -2.5, 2.5),
                             ("frequency_penalty", -2.5, 2.5)]:
        each_mode(f"{field}: {low}", {field: low}, 400, field, "decimal_below_min_value", f"Invalid '{field}'", "decimal",
                  ">=", str(low))
        each_mode(f"{field}: {high}", {field: high}, 400, field, "decimal_above_max_value", f"Invalid '{field}'", "decimal",
                  "<=", str(high))
    each_mode("temperature: 3", {"temperature": 3}, 400, "temperature", "decimal_above_max_value", "3")
    each_mode("top_logprobs: 21", {"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs", "integer_above_max_value")
    with Client(server) as client:
        answer = client.ask(post(body()[:-1] + b',"temperature":1e400}'))
        check("temperature: 1e400", answer.status == 400 and answer.error(), repr(answer))


def test_enums_and_tools():
    each_mode("response_format unknown", {"response_format": {"type": "xml"}}, 400, "response_format.type", "invalid_value",
              "Invalid value: 'xml'", "Supported values are")
    each_mode("response_format without type", {"response_format": {}}, 400, "response_format.type",
              "missing_required_parameter")
    each_mode("json_schema without its object", {"response_format": {"type": "json_schema"}}, 400,
              "response_format.json_schema", "missing_required_parameter")
    each_mode("json_schema without a name", {"response_format": {"type": "json_schema", "json_schema": {}}}, 400,
              "response_format.json_schema.name", "missing_required_parameter")
    each_mode("tool without function", {"tools": [{"type": "function"}]}, 400, "tools[0].function",
              "missing_required_parameter")
    each_mode("tool without name", {"tools": [{"type": "function", "function": {}}]}, 400, "tools[0].function.name",
              "missing_required_parameter")
    each_mode("second tool without name",
              {"tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {}}]}, 400,
              "tools[1].function.name", "missing_required_parameter")
    with Client(server) as client:
        for stream in (False, None, ...):
            expect(client, f"stream_options with stream {stream}",
                   post(body(stream=stream, stream_options={"include_usage": True})), 400, "stream_options", None, "stream")


def test_order_of_errors():
    with Client(server) as client:
        expect(client, "JSON before model", post(b'{"messages":[1],"n":0'), 400, None, None, "JSON")
        expect(client, "model before messages", post(b'{"n":0}'), 400, None, None, "model")
        expect(client, "messages before bounds", post(b'{"model":"echo","n":0}'), 400, "messages", "missing_required_parameter")
        first, second = b'"n":0', b'"temperature":9'
        good = body()[:-1]
        expect(client, "fields in the body's order", post(good + b"," + first + b"," + second + b"}"), 400, "n", ...)
        expect(client, "fields in the body's order, swapped", post(good + b"," + second + b"," + first + b"}"), 400,
               "temperature", ...)


def test_size_limits_of_json():
    good = body()[:-1]
    with Client(server) as client:
        for depth, status in [(100, 200), (200, 400), (5000, 400), (100_000, 400)]:
            answer = client.ask(post(good + b',"x":' + b"[" * depth + b"]" * depth + b"}"))
            check(f"arrays {depth} deep", answer.status == status and (status == 200 or answer.error()), repr(answer))
            answer = client.ask(post(good + b',"x":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"))
            check(f"objects {depth} deep", answer.status == status and (status == 200 or answer.error()), repr(answer))
        equal("10,000 messages", client.ask(post(messages(*[USER] * 10_000))).status, 200)
        answer = client.ask(post(messages(*[USER] * 10_001)))
        check("10,001 messages", answer.status == 400 and answer.error() and answer.error()["param"] == "messages",
              repr(answer))
        check("usable afterwards", client.usable())


def test_accepted():
    """What clients send and what must not be refused."""
    many = {f"unknown_{index}": [index, {"a": None}] for index in range(50)}
    null_fields = dict.fromkeys(["stream", "stream_options", "max_completion_tokens", "max_tokens", "temperature", "top_p",
                                 "presence_penalty", "frequency_penalty", "n", "stop", "seed", "logit_bias", "logprobs",
                                 "top_logprobs", "response_format", "tools", "tool_choice", "parallel_tool_calls",
                                 "functions", "function_call", "user", "metadata", "store", "service_tier",
                                 "reasoning_effort", "verbosity", "modalities", "audio", "prediction"])
    tool = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}}
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
    text = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    for name, members in [
        ("unknown fields", many), ("every optional field null", null_fields), ("no tools", {"tools": []}),
        ("integers for decimals", {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": -2}),
        ("bounds", {"temperature": 2, "top_p": 0, "presence_penalty": 2, "frequency_penalty": 2, "n": 1, "max_tokens": 1000}),
        ("exponents", {"temperature": 1.5e0}), ("big seed", {"seed": 2 ** 62}), ("negative seed", {"seed": -1}),
        ("ignored ones", {"logit_bias": {"50256": -100}, "logprobs": True, "top_logprobs": 2, "user": {"id": 1},
                          "metadata": {"a": "b"}, "store": True, "service_tier": "auto", "reasoning_effort": "high",
                          "verbosity": "low", "modalities": ["text"], "safety_identifier": "x", "prompt_cache_key": "y",
                          "thinking": {"type": "enabled"}, "top_k": 40, "provider": {}, "reasoning": {"effort": "low"}}),
        ("tools", {"tools": [tool] * 25}), ("custom tool", {"tools": [{"type": "custom", "custom": {"name": "c"}}]}),
        ("tool_choice none", {"tools": [tool], "tool_choice": "none"}),
        ("tool_choice auto", {"tools": [tool], "tool_choice": "auto"}),
        ("tool_choice required", {"tools": [tool], "tool_choice": "required"}),
        ("tool_choice function", {"tools": [tool], "tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ("tool_choice allowed_tools", {"tools": [tool], "tool_choice": {"type": "allowed_tools", "allowed_tools": {
            "mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}}}),
        ("response_format text", {"response_format": {"type": "text"}}),
        ("response_format json_object", {"response_format": {"type": "json_object"}}),
        ("response_format json_schema", {"response_format": {"type": "json_schema", "json_schema": {
            "name": "n", "schema": {"type": "object"}, "strict": True}}}),
        ("functions", {"functions": [{"name": "f", "parameters": {}}], "function_call": "auto"}),
        ("stop string", {"stop": "zzz"}), ("stop of four", {"stop": ["z1", "z2", "z3", "z4"]}),
        ("all roles", {"messages": [{"role": "system", "content": "s"}, {"role": "developer", "content": [text]},
                                    {"role": "user", "content": "x", "name": "n"},
                                    {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "r"},
                                    {"role": "tool", "tool_call_id": "call_1", "content": "t"}, {"role": "user", "content": "hi"}]}),
        ("assistant without content", {"messages": [USER, {"role": "assistant", "tool_calls": [call]},
                                                    {"role": "tool", "tool_call_id": "call_1", "content": [text]}]}),
        ("assistant with refusal", {"messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}],
                                                  "refusal": "no"}, USER]}),
        ("function role", {"messages": [USER, {"role": "assistant", "content": None, "function_call": {
            "name": "f", "arguments": "{}"}}, {"role": "function", "name": "f", "content": None}]}),
        ("image part", {"messages": [{"role": "user", "content": [image, text]}]}),
        ("audio and file parts", {"messages": [{"role": "user", "content": [
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "file", "file": {"file_id": "f"}}, text]}]}),
        ("several parts", {"messages": [{"role": "user", "content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]}]}),
        ("two user messages", {"messages": [{"role": "user", "content": "first"}, USER]}),
        ("system message late", {"messages": [USER, {"role": "system", "content": "s"}]}),
        ("include_obfuscation", {"stream": True, "stream_options": {"include_obfuscation": False, "x": 1}}),
    ]:
        for stream in ([members["stream"]] if "stream" in members else [False, True]):
            answer = ask(server, post(body(**{**members, "stream": stream})))
            if check(f"{name}, stream {stream}", answer.status == 200, repr(answer)):
                equal(f"{name}, stream {stream}: text", answer.text(), "hi")
    for name, raw in [
        ("byte order of members", b'{"messages":[{"content":"hi","role":"user"}],"model":"echo"}'),
        ("white space", b' \r\n\t{ "model" : "echo" ,\n"messages" : [ { "role" : "user" , "content" : "hi" } ] } \r\n'),
        ("escaped names", rb'{"m\u006fdel":"ech\u006f","mess\u0061ges":[{"r\u006fle":"us\u0065r","c\u006fntent":"hi"}]}'),
        ("a member twice: the last one counts", b'{"model":"nope","model":"echo","messages":[{"role":"user","content":"first"}],'
         b'"messages":[{"role":"user","role":"user","content":"second","content":"hi"}]}'),
        ("escaped values", rb'{"model":"echo","messages":[{"role":"user","content":[{"type":"te\u0078t","text":"hi"}]}],'
         rb'"response_format":{"type":"t\u0065xt"},"tool_choice":"\u0061uto"}'),
        ("empty names", b'{"":1,"":2,"model":"echo","messages":[{"role":"user","content":"hi","":0}]}'),
        ("huge number in an unknown field", body()[:-1] + b',"x":' + b"9" * 500 + b',"y":1e999,"z":-0}'),
    ]:
        answer = ask(server, post(raw))
        check(name, answer.status == 200 and answer.text() == "hi", repr(answer))
    answer = ask(server, post(body(messages=[{"role": "system", "content": "only this"}])))
    equal("no user message at all", answer.status, 200)
    for content in [..., None]:
        message = {"role": "user"} if content is ... else {"role": "user", "content": content}
        answer = ask(server, post(messages(message)))
        check(f"user content {content}", answer.status in (200, 400), repr(answer))


def test_routes():
    with Client(server) as client:
        expect(client, "unknown URL", request("POST", "/v1/x", body=b"{}"), 404, None, None, "Invalid URL (POST /v1/x)")
        expect(client, "unknown URL, GET", get("/v1/y"), 404, None, None, "Invalid URL (GET /v1/y)")
        answer = expect(client, "wrong method", get(CHAT), 405, None, (None, "method_not_supported"), "GET")
        check("wrong method: Allow", "POST" in (answer.field("allow") or ""), answer.head)
        expect(client, "unknown model by URL", get("/v1/models/nope"), 404, "model", "model_not_found", "nope")
        expect(client, "compressed", post(body(), [("Content-Encoding", "gzip")]), 415, None, ...)
    with Client(server) as client:
        expect(client, "body too large", request("POST", CHAT, [("Content-Length", 10 ** 9)]), 413, None, None)


def test_scripted_errors():
    with Client(server) as client:
        for status, kind, code in [(429, ("requests", "tokens"), "rate_limit_exceeded"), (500, "server_error", None),
                                   (502, "server_error", None), (503, "server_error", None), (504, "server_error", None)]:
            for stream in (False, True):
                answer = client.ask(post(body(stream=stream), echo=f"error={status}"))
                if not check(f"{status}, stream {stream}", answer.status == status and answer.error(), repr(answer)):
                    continue
                allowed = kind if isinstance(kind, tuple) else (kind,)
                check(f"{status}, stream {stream}: type", answer.error()["type"] in allowed, repr(answer))
                check(f"{status}, stream {stream}: code", code is None or answer.error()["code"] == code, repr(answer))
                if status in (429, 503):
                    check(f"{status}, stream {stream}: Retry-After", (answer.field("retry-after") or "").isdigit(), answer.head)
                equal(f"{status}: type of the body", answer.field("content-type").split(";")[0], "application/json")
        for status in (400, 401, 403, 404, 409, 422):
            answer = client.ask(post(body(), echo=f"error={status}"))
            check(f"{status}", answer.status == status and answer.error(), repr(answer))
        for script in ["error=200", "error=99", "error=1000", "error=x", "nonsense", "delay=-1", "delay=x", "tokens=x",
                       "=", ";;", "tokens=99999999999999999999", "stall-after=x", "tool="]:
            answer = client.ask(post(body(), echo=script))
            check(f"x-echo: {script}", answer.status in (200, 400) and (answer.status == 200 or answer.error()), repr(answer))


# --- API keys -----------------------------------------------------------------------------------

KEY, OTHER = "sk-first-0123456789abcdef", "sk-second-fedcba9876543210"


def unauthorized(keyed, name, fields, code):
    with Client(keyed) as client:
        answer = client.ask(post(body(), fields))
        if not equal(name, answer.status, 401):
            return
        error = answer.error()
        check(f"{name}: error", error and error["type"] == "invalid_request_error" and error["param"] is None and
              error["code"] == code, repr(answer))
        check(f"{name}: WWW-Authenticate", (answer.field("www-authenticate") or "").lower().startswith("bearer"), answer.head)
        check(f"{name}: usable afterwards", client.usable())


def test_api_keys():
    keyed = Server("--api-key", KEY, "--api-key", OTHER, log_level="debug")
    unauthorized(keyed, "no key", [], None)
    for name, fields in [("wrong key", [("Authorization", "Bearer sk-wrong-key-value-000")]),
                         ("prefix of a key", [("Authorization", f"Bearer {KEY[:-1]}")]),
                         ("key and more", [("Authorization", f"Bearer {KEY}x")]),
                         ("key in upper case", [("Authorization", f"Bearer {KEY.upper()}")]),
                         ("two keys", [("Authorization", f"Bearer {KEY}, {OTHER}")]),
                         ("wrong x-api-key", [("X-Api-Key", "sk-wrong-key-value-000")]),
                         ("wrong api-key", [("api-key", "sk-wrong-key-value-000")])]:
        unauthorized(keyed, name, fields, "invalid_api_key")
    for name, fields in [("other scheme", [("Authorization", f"Basic {KEY}")]), ("empty", [("Authorization", "")]),
                         ("Bearer alone", [("Authorization", "Bearer")]), ("Bearer and spaces", [("Authorization", "Bearer   ")]),
                         ("no scheme", [("Authorization", KEY)]), ("empty x-api-key", [("X-Api-Key", "")])]:
        equal(name, ask(keyed, post(body(), fields)).status, 401)
    for key in (KEY, OTHER):
        for name, fields in [("Bearer", [("Authorization", f"Bearer {key}")]), ("bearer", [("authorization", f"bearer {key}")]),
                             ("BEARER", [("AUTHORIZATION", f"BEARER {key}")]), ("two spaces", [("Authorization", f"Bearer  {key}")]),
                             ("x-api-key", [("x-api-key", key)]), ("X-API-KEY", [("X-API-KEY", key)]), ("api-key", [("api-key", key)]),
                             ("both", [("x-api-key", key), ("Authorization", f"Bearer {key}")])]:
            answer = ask(keyed, post(body(), fields))
            check(f"{name} with {key[:8]}", answer.status == 200, repr(answer))
    good = [("Authorization", f"Bearer {KEY}")]
    for target in ["/v1/models", "/v1/models/echo", "/models"]:
        equal(f"{target} without a key", ask(keyed, get(target), "GET").status, 401)
        equal(f"{target} with a key", ask(keyed, get(target, good), "GET").status, 200)
    equal("/health is open", ask(keyed, get("/health"), "GET").status, 200)
    equal("OPTIONS is open", ask(keyed, request("OPTIONS", CHAT), "OPTIONS").status, 204)
    equal("the key comes before the body's errors", ask(keyed, post(b"{")).status, 401)
    answer = ask(keyed, post(b"{", good))
    equal("with the key the body counts", answer.status, 400)
    with Client(keyed) as client:
        equal("a key holds for one request only",
              [client.ask(post(body(), good)).status, client.ask(post(body())).status], [200, 401])
    answer = ask(keyed, post(body(), [("Authorization", "Bearer sk-wrong-key-value-000")]))
    check("a wrong key is not repeated whole", b"sk-wrong-key-value-000" not in answer.head + answer.body, repr(answer))
    check("no key in the log", KEY not in keyed.log() and OTHER not in keyed.log() and
          "sk-wrong-key-value-000" not in keyed.log(), keyed.log()[-800:])
    for target in ["/metrics", "/health", "/v1/models"]:
        answer = ask(keyed, get(target, good), "GET")
        check(f"no key in {target}", KEY.encode() not in answer.head + answer.body)
    keyed.stop()


def test_key_sources():
    path = tempfile.mkstemp(prefix="amazon-q-keys-")[1]
    with open(path, "w") as file:
        file.write(f"{KEY}\n\n{OTHER}\r\n")
    os.chmod(path, 0o600)
    with Server("--api-key-file", path) as keyed:
        for key in (KEY, OTHER):
            equal("key file", ask(keyed, post(body(), [("Authorization", f"Bearer {key}")])).status, 200)
        equal("key file: no key", ask(keyed, post(body())).status, 401)
        equal("key file: an empty line is no key", ask(keyed, post(body(), [("Authorization", "Bearer ")])).status, 401)
    os.unlink(path)
    with Server(env={"AMAZON_Q_SERVER_API_KEY": KEY}) as keyed:
        equal("environment", ask(keyed, post(body(), [("Authorization", f"Bearer {KEY}")])).status, 200)
        equal("environment: no key", ask(keyed, post(body())).status, 401)
    with Server("--api-key", OTHER, env={"AMAZON_Q_SERVER_API_KEY": KEY}) as keyed:
        equal("option beside environment", ask(keyed, post(body(), [("Authorization", f"Bearer {OTHER}")])).status, 200)
        equal("option beside environment: no key", ask(keyed, post(body())).status, 401)
    for fields in [[], [("Authorization", "Bearer anything")], [("Authorization", "Basic x")], [("x-api-key", "y")]]:
        equal("no key configured: everything is taken", ask(server, post(body(), fields)).status, 200)


# --- what the suites of peers ask for -----------------------------------------------------------

def test_models():
    answer = ask(server, get("/v1/models"), "GET")
    listing = answer.json()
    equal("list object", listing["object"], "list")
    identifiers = [model["id"] for model in listing["data"]]
    check("both names are listed", {"echo", "amazon-q"} <= set(identifiers), repr(identifiers))
    for model in listing["data"]:
        check(f"{model['id']}: members", model["object"] == "model" and isinstance(model["created"], int) and
              isinstance(model["owned_by"], str), repr(model))
        equal(f"{model['id']}: alone", ask(server, get(f"/v1/models/{model['id']}"), "GET").json(), model)
    equal("created is stable", ask(server, get("/v1/models"), "GET").json(), listing)
    equal("percent-encoded", ask(server, get("/v1/models/amazon%2Dq"), "GET").status, 200)
    equal("percent-encoded, lower case", ask(server, get("/v1/models/amazon%2dq"), "GET").status, 200)
    for target in ["/v1/models/", "/v1/models/%", "/v1/models/%2", "/v1/models/%zz", "/v1/models/%00", "/v1/models/%ff",
                   "/v1/models/echo/x", "/v1/models/ECHO", "/v1/models/%0d%0aX:%20y"]:
        answer = ask(server, get(target), "GET")
        check(f"GET {target}", answer.status in (400, 404) and answer.error(), repr(answer))
    with Server("--model-name", "org/name:tag") as named:
        for target in ["org/name:tag", "org%2Fname%3Atag", "amazon-q"]:
            answer = ask(named, get("/v1/models/" + target), "GET")
            equal(f"named model by {target}", answer.status, 200)
        for model in ["org/name:tag", "amazon-q"]:
            answer = ask(named, post(body(model=model)))
            check(f"named model in a request: {model}", answer.status == 200 and answer.json()["model"] == model, repr(answer))


def test_peer_behaviours():
    answer = ask(server, post(body(stream=True)))
    frames = answer.frames()
    check("the id contains cmpl", all("cmpl" in frame["id"] for frame in frames))
    completion = ask(server, post(body())).json()
    check("the id of a completion too", "cmpl" in completion["id"])
    usage = completion["usage"]
    equal("total is the sum", usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])
    check("counts are estimated, not zero", usage["prompt_tokens"] > 0 and usage["completion_tokens"] > 0, repr(usage))
    with Client(server) as client:
        equal("top_logprobs 21", client.ask(post(body(logprobs=True, top_logprobs=21))).status, 400)
        check("and the server works on", client.usable())
        for raw in [b'["model","echo"]', b'"x"', b"12", b"null"]:
            equal(f"non-object body {raw!r}", client.ask(post(raw)).status, 400)
    for fields in [{"tools": None, "tool_choice": None}, {"tool_choice": None}]:
        equal(f"{fields}", ask(server, post(body(**fields))).status, 200)
    identifiers = {ask(server, post(body())).json()["id"] for _ in range(20)}
    equal("ids are unique", len(identifiers), 20)


def test_health():
    answer = ask(server, get("/health"), "GET")
    equal("status", answer.status, 200)
    check("a JSON body", isinstance(answer.json(), dict), repr(answer))


harness.main(globals())
