"""The bytes of answers and streams against the contract, and how they behave in time."""
import json
import re
import time

import harness
from harness import (CHAT, Client, Closed, Server, ask, chat_body, check, equal, get, post, stream, wait_until,
                     within)

server = Server(log_level="info")

TEXTS = [
    "Hello", "Hello! How can I help you?", "a", " ", "\n", "  leading and trailing  ", "tabs\tand\nlines\r\nand\rmore",
    'quotes " and \\ backslashes \\" \\\\', "slash / and </script>", "\u0000\u0001\u0007\b\f\u001f", "del \u007f, nel \u0085",
    "line \u2028 and paragraph \u2029 separators", "caf\u00e9 na\u00efve \u00df \u00d8", "\u6f22\u5b57 \u3072\u3089\u304c\u306a \ud55c\uad6d\uc5b4",
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea", "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea",
    "e\u0301 \u0300\u0301\u0302\u0303 Z\u0351\u036b\u0343", "\ufeff BOM \ufffd \ufffe \uffff \U0010ffff", "\u202e right to left \u200b\u200d\u2060",
    "data: [DONE]\n\n", "data: {\"x\":1}\n\n: ping\n\nevent: x\nid: 1\nretry: 5", "0\r\n\r\n", "\\u0041 \\n \\ud83d \\\\u0041",
    "\u6f22" * 500, "\U0001f600" * 300, "a" * 5000, "word " * 1000, "\n" * 200, "\u2028" * 100, "\\" * 301, '"' * 301,
    "".join(chr(code) for code in range(0x20)), "".join(chr(code) for code in range(0x20, 0x250)),
    "".join(chr(code) for code in range(0x2000, 0x2070)),
]

ID = r"chatcmpl-[0-9A-Za-z_-]+"
STRING = r'"(?:[^"\\]|\\.)*"'
CHUNK = (r'\{"id":"(?P<id>' + ID + r')","object":"chat\.completion\.chunk","created":(?P<created>\d+),'
         r'"model":"(?P<model>[^"]*)","choices":(?P<choices>\[.*\]),"system_fingerprint":null,"service_tier":null'
         r'(?P<usage>,"usage":.*)?\}')
USAGE = (r'\{"prompt_tokens":\d+,"completion_tokens":\d+,"total_tokens":\d+,"completion_tokens_details":(?:null|\{.*\}),'
         r'"prompt_tokens_details":(?:null|\{.*\})\}')


def raw_choices(event):
    """The text of a chunk's choices; fails loudly when the rest is not the contract's."""
    match = re.fullmatch(CHUNK, event)
    if not match:
        raise ValueError(f"not a chunk of the contract: {event[:300]}")
    return match.group("choices")


def test_completion_bytes():
    for target in [CHAT, "/chat/completions"]:
        answer = ask(server, post(chat_body("Hello there"), target=target))
        text = answer.body.decode()
        pattern = (r'\{"id":"' + ID + r'","object":"chat\.completion","created":\d+,"model":"amazon-q","choices":\[\{"index":0,'
                   r'"message":\{"role":"assistant","content":"Hello there","refusal":null,"tool_calls":null,"function_call":null\},'
                   r'"logprobs":null,"finish_reason":"stop"\}\],"usage":' + USAGE + r',"system_fingerprint":null,'
                   r'"service_tier":null,"prompt_logprobs":null,"kv_transfer_params":null\}\n?')
        check(f"{target}: keys in the contract's order", re.fullmatch(pattern, text), text)
        check("created is now, in seconds", abs(answer.json()["created"] - time.time()) < 60, text)
        equal("type", answer.field("content-type").split(";")[0], "application/json")
        equal("length", answer.field("content-length"), str(len(answer.body)))
        equal("not chunked", answer.field("transfer-encoding"), None)


def test_stream_bytes():
    answer = ask(server, stream("Hello there"))
    events = answer.events()
    equal("the last event", events[-1], "[DONE]")
    chunks = events[:-1]
    for name in ("id", "created", "model"):
        values = {re.fullmatch(CHUNK, chunk).group(name) for chunk in chunks}
        check(f"one {name} in all chunks", len(values) == 1, repr(values))
    check("no usage unless asked", all(re.fullmatch(CHUNK, chunk).group("usage") is None for chunk in chunks))
    shapes = [r'\[\{"index":0,"delta":\{"role":"assistant","content":' + STRING + r'\},"finish_reason":null\}\]']
    shapes += [r'\[\{"index":0,"delta":\{"content":' + STRING + r'\},"finish_reason":null\}\]'] * (len(chunks) - 2)
    shapes += [r'\[\{"index":0,"delta":\{\},"finish_reason":"stop"\}\]']
    for index, (chunk, shape) in enumerate(zip(chunks, shapes)):
        check(f"chunk {index}", re.fullmatch(shape, raw_choices(chunk)), chunk)
    equal("text", answer.text(), "Hello there")
    check("cut into words", len(chunks) == 3, f"{len(chunks)} chunks")
    check("no CR in the body", b"\r" not in answer.body)


def test_stream_head():
    answer = ask(server, stream())
    for name, value in [("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"),
                        ("connection", "keep-alive"), ("access-control-allow-origin", "*"), ("x-accel-buffering", "no"),
                        ("transfer-encoding", "chunked"), ("content-length", None), ("content-encoding", None)]:
        equal(name, answer.field(name), value)
    with Client(server) as client:
        for turn in range(5):
            equal("streams on one connection", client.ask(stream(f"turn {turn}")).text(), f"turn {turn}")
        check("usable after streams", client.usable())


def test_modes():
    for name, members, streams in [("true", {"stream": True}, True), ("false", {"stream": False}, False),
                                   ("null", {"stream": None}, False), ("absent", {}, False)]:
        for content in ["Hello", [{"type": "text", "text": "Hello"}],
                        [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]]:
            body = json.dumps({"model": "amazon-q", "messages": [{"role": "user", "content": content}], **members}).encode()
            answer = ask(server, post(body))
            kind = answer.field("content-type").split(";")[0]
            equal(f"stream {name}: type", kind, "text/event-stream" if streams else "application/json")
            equal(f"stream {name}: text", answer.text(), "Hello")


def test_texts_come_back():
    with Client(server) as client:
        for text in TEXTS:
            for ascii_only in (True, False):
                for mode in (True, False):
                    body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": text}], "stream": mode},
                                      ensure_ascii=ascii_only).encode()
                    answer = client.ask(post(body))
                    name = f"{text[:30]!r}, ASCII {ascii_only}, stream {mode}"
                    if not check(name + ": status", answer.status == 200, repr(answer)):
                        continue
                    equal(name, answer.text(), text)
                    if mode:
                        check(name + ": nothing that breaks lines is bare", not re.search(
                            rb"\xe2\x80[\xa8\xa9]|\xc2\x85|\x7f|[\x00-\x09\x0b-\x1f]", answer.body), repr(answer.body[:500]))
                        pieces = [choice["delta"]["content"] for frame in answer.frames() for choice in frame["choices"]
                                  if "content" in choice["delta"]]
                        check(name + ": no empty piece", all(pieces) or pieces == [""], repr(pieces[:10]))


def test_whole_code_points():
    """No delta may end within a code point: each one must be encodable by itself."""
    for text in ["\U0001f600" * 300, "a\U0001f600" * 200, "\u6f22" * 300 + "\U0010ffff" * 50]:
        for ascii_only in (True, False):
            body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": text}], "stream": True},
                              ensure_ascii=ascii_only).encode()
            answer = ask(server, post(body))
            halves = [choice["delta"]["content"] for frame in answer.frames() for choice in frame["choices"]
                      if re.search("[\ud800-\udfff]", choice["delta"].get("content", ""))]
            check(f"{text[:2]!r}, ASCII {ascii_only}", not halves, repr(halves[:3]))


def test_escapes_of_all_kinds():
    for escaped in [rb"\u0048ello", rb"\/ \b \f \n \r \t \" \\", rb"\u0000", rb"\ud83d\ude00", rb"\uD83D\uDE00", rb"\u2028\u2029",
                    rb"\u007f\u0085", rb"\uFFFD\uffff", b"\xc3\xa9\\u00e9", rb"\\\\u0041\\\"", b"\xe2\x80\xa8 raw"]:
        body = b'{"model":"echo","stream":%s,"messages":[{"role":"user","content":"' + escaped + b' x"}]}'
        want = json.loads(b'"' + escaped + b' x"')
        for mode in (b"true", b"false"):
            answer = ask(server, post(body.replace(b"%s", mode)))
            equal(f"{escaped!r}, stream {mode.decode()}", answer.status == 200 and answer.text(), want)


def test_lone_surrogates():
    for escaped in [rb"\ud800", rb"x \ud83d y", rb"\ude00 z", rb"\ude00\ud83d", rb"\ud83d\ud83d\ude00", rb"\ud83dx", rb"\ud83d\n",
                    rb"\uDFFF\uD800 tail"]:
        want = json.loads(b'"' + escaped + b'"')
        for mode in (b"true", b"false"):
            answer = ask(server, post(b'{"model":"echo","stream":' + mode + b',"messages":[{"role":"user","content":"' + escaped +
                                      b'"}]}'))
            name = f"{escaped!r}, stream {mode.decode()}"
            try:
                answer.body.decode("utf-8")
            except UnicodeDecodeError:
                check(name + ": valid UTF-8", False, repr(answer))
                continue
            check(name, (answer.status == 200 and answer.text() == want) or (answer.status == 400 and answer.error()),
                  repr(answer))


def test_last_user_message():
    def reply(*messages):
        body = json.dumps({"model": "echo", "messages": list(messages)}).encode()
        return ask(server, post(body)).text()

    user, second = {"role": "user", "content": "first"}, {"role": "user", "content": "second"}
    call = {"role": "assistant", "content": None, "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}
    tool = {"role": "tool", "tool_call_id": "c", "content": "result"}
    equal("one", reply(user), "first")
    equal("two in a row", reply(user, second), "second")
    equal("system before", reply({"role": "system", "content": "s"}, user), "first")
    equal("system after", reply(user, {"role": "system", "content": "s"}), "first")
    equal("assistant after", reply(user, {"role": "assistant", "content": "a"}), "first")
    equal("tool messages after", reply(user, call, tool), "first")
    equal("a whole conversation", reply(user, {"role": "assistant", "content": "a"}, second, call, tool), "second")
    equal("parts with an image", reply({"role": "user", "content": [
        {"type": "text", "text": "see "}, {"type": "image_url", "image_url": {"url": "data:,x"}},
        {"type": "text", "text": "this"}]}), "see this")
    equal("five text parts", reply({"role": "user", "content": [{"type": "text", "text": word} for word in "abcde"]}), "abcde")


def test_empty_reply():
    for content in ["", [], [{"type": "text", "text": ""}]]:
        body = {"model": "amazon-q", "messages": [{"role": "user", "content": content}]}
        answer = ask(server, post(json.dumps({**body, "stream": True}).encode()))
        if not check(f"content {content!r}: status", answer.status == 200 or content == [], repr(answer)):
            continue
        if answer.status != 200:
            continue
        choices = [raw_choices(event) for event in answer.events()[:-1]]
        equal(f"content {content!r}: chunks", choices,
              ['[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]',
               '[{"index":0,"delta":{},"finish_reason":"stop"}]'])
        answer = ask(server, post(json.dumps(body).encode()))
        equal(f"content {content!r}: completion", (answer.text(), answer.finish()), ("", "stop"))


def test_end_in_one_piece():
    """[DONE] and the end of the body come in one read: clients hang on a body that stays open."""
    for echo in [None, "interval=20", "delay=50;interval=10;tokens=5"]:
        with Client(server) as client:
            client.send(stream("one two three", echo))
            last = b""
            while not last.endswith(b"0\r\n\r\n"):
                last = client.socket.recv(1 << 20)
                if not last:
                    break
            check(f"x-echo {echo}", b"data: [DONE]\n\n" in last and last.endswith(b"0\r\n\r\n"), last[-200:])


def test_nothing_waits():
    with Client(server) as client:
        started = time.monotonic()
        client.send(stream("one two three four five", "delay=1500"))
        head = client.head()
        headed = time.monotonic() - started
        check("the head comes before the first token", headed < 1.2, f"{headed:.3f} s")
        client.until(b"data: ")
        within("the first token comes after the delay", time.monotonic() - started, 1.5, 1.5 + harness.SOON)
        equal("status", head.status, 200)
    with Client(server) as client:
        client.send(stream("one two three four five six", "interval=100"))
        client.head()
        times = []
        for _ in range(6):
            client.until(b'"content":')
            times.append(time.monotonic())
        within("tokens are spaced by the interval", times[-1] - times[0], 0.5 - 0.1, 0.5 + harness.SOON)
        check("each token leaves at once", all(later - earlier > 0.02 for earlier, later in zip(times, times[1:])),
              repr([round(later - earlier, 3) for earlier, later in zip(times, times[1:])]))
    started = time.monotonic()
    answer = ask(server, post(chat_body("one two three"), echo="delay=200;interval=50"))
    equal("a completion with a delay", answer.text(), "one two three")
    within("a completion with a delay: time", time.monotonic() - started, 0.3, 0.3 + harness.SOON)


def test_echo_options():
    for tokens in (1, 7, 500):
        answer = ask(server, stream("x y", f"tokens={tokens}"))
        pieces = [choice["delta"]["content"] for frame in answer.frames() for choice in frame["choices"]
                  if choice["delta"].get("content")]
        equal(f"tokens={tokens}", len(pieces), tokens)
    with Server("--echo-delay", 300, "--echo-interval", 30, "--echo-tokens", 4) as slow:
        started = time.monotonic()
        answer = ask(slow, stream("x"))
        within("options of the command line", time.monotonic() - started, 0.39, 0.39 + harness.SOON)
        equal("options of the command line: tokens", len(answer.frames()), 5)
        answer = ask(slow, stream("x", "delay=0;interval=0;tokens=2"))
        equal("the request's options win", len(answer.frames()), 3)


def test_pings():
    with Server("--ping-interval", 0.2) as pinging:
        answer = ask(pinging, stream("after silence", "delay=1500"))
        before = answer.body.split(b"data: ")[0]
        check("pings before the first token", before.count(b": ping\n\n") >= 3, repr(before))
        equal("nothing but pings", before, b": ping\n\n" * before.count(b": ping\n\n"))
        equal("the text is whole", answer.text(), "after silence")
        answer = ask(pinging, stream("one two three", "interval=700"))
        check("pings between tokens", answer.body.count(b": ping\n\n") >= 2, repr(answer.body))
        equal("the text between pings", answer.text(), "one two three")
        answer = ask(pinging, post(chat_body("no stream"), echo="delay=700"))
        equal("none in a completion", answer.text(), "no stream")
        answer = ask(pinging, stream("one two three four five six seven eight", "interval=60"))
        check("none while tokens flow", answer.body.count(b": ping") <= 1, repr(answer.body))
    with Client(server) as client:
        client.send(stream("x", "delay=700"))
        check("none by default within 15 s", b"ping" not in client.response().body)


def usage_of(answer):
    return [frame["usage"] for frame in answer.frames() if frame.get("usage")]


def test_include_usage():
    answer = ask(server, stream("one two three", stream_options={"include_usage": True}))
    events = answer.events()[:-1]
    for event in events[:-1]:
        check("usage null before the end", event.endswith(',"usage":null}'), event)
        check("choices before the end", len(json.loads(event)["choices"]) == 1, event)
    last = json.loads(events[-1])
    match = re.fullmatch(CHUNK, events[-1])
    check("the usage chunk", match and match.group("choices") == "[]" and re.fullmatch(',"usage":' + USAGE, match.group("usage")),
          events[-1])
    usage = last["usage"]
    equal("tokens of the reply", usage["completion_tokens"], 3)
    equal("total", usage["total_tokens"], usage["prompt_tokens"] + 3)
    completion = ask(server, post(chat_body("one two three"))).json()["usage"]
    equal("the same numbers without a stream", completion, usage)
    for members in [{}, {"stream_options": {"include_usage": False}}, {"stream_options": {}}, {"stream_options": None}]:
        answer = ask(server, stream("x", **members))
        check(f"none with {members}", b"usage" not in answer.body and all(frame["choices"] for frame in answer.frames()))
    answer = ask(server, stream("one two", stream_options={"include_usage": True}, n=3))
    equal("usage sums over choices", [usage["completion_tokens"] for usage in usage_of(answer)], [6])
    answer = ask(server, stream("", stream_options={"include_usage": True}))
    equal("usage of an empty reply", [usage["completion_tokens"] for usage in usage_of(answer)], [0])


def test_several_choices():
    text = "several choices at the same time"
    for count in (2, 8):
        answer = ask(server, stream(text, n=count))
        frames = answer.frames()
        order = [choice["index"] for frame in frames for choice in frame["choices"]]
        equal(f"n={count}: indexes", sorted(set(order)), list(range(count)))
        check(f"n={count}: interleaved", order.index(count - 1) < len(order) - 1 - order[::-1].index(0), repr(order))
        for index in range(count):
            mine = [choice for frame in frames for choice in frame["choices"] if choice["index"] == index]
            equal(f"n={count}, choice {index}: text", answer.text(index), text)
            equal(f"n={count}, choice {index}: one role, first", [turn for turn, choice in enumerate(mine) if "role" in choice["delta"]],
                  [0])
            equal(f"n={count}, choice {index}: one finish, last",
                  [turn for turn, choice in enumerate(mine) if choice["finish_reason"]], [len(mine) - 1])
            equal(f"n={count}, choice {index}: finish", answer.finish(index), ["stop"])
        choices = ask(server, post(chat_body(text, n=count))).json()["choices"]
        equal(f"n={count}: completion", [(choice["index"], choice["message"]["content"], choice["finish_reason"])
                                         for choice in choices], [(index, text, "stop") for index in range(count)])
    answer = ask(server, stream("a b c", "interval=30", n=3))
    equal("n=3 with an interval", [answer.text(index) for index in range(3)], ["a b c"] * 3)


def both_modes(name, want_text, want_finish, message, **members):
    answer = ask(server, stream(message, **members))
    equal(f"{name}, stream", (answer.status == 200 and answer.text(), answer.finish()), (want_text, [want_finish]))
    answer = ask(server, post(chat_body(message, **members)))
    equal(f"{name}, completion", (answer.text(), answer.finish()), (want_text, want_finish))


def test_stop():
    message = "alpha beta gamma delta"
    for name, stop, text in [
        ("across a border", "ta ga", "alpha be"), ("within a word", "mm", "alpha beta ga"), ("at the start", "alpha", ""),
        ("the first character", "a", ""), ("at the end", "delta", "alpha beta gamma "), ("the whole", message, ""),
        ("a space", " ", "alpha"), ("not there", "omega", message), ("begins at the end only", "delta epsilon", message),
        ("a false start before", "gamma d", "alpha beta "), ("over three words", "beta gamma delta", "alpha "),
        ("the earliest of several", ["delta", "gamma", "beta"], "alpha "), ("of four, none there", ["w", "x", "y", "z"], message),
        ("two that overlap", ["eta gam", "beta gamma"], "alpha "), ("null", None, message),
    ]:
        both_modes(name, text, "stop", message, stop=stop)
    both_modes("repeated beginnings", "aaaa", "stop", "aaaaab", stop="ab")
    both_modes("self-overlapping", "abab", "stop", "abababac", stop="abac")
    both_modes("a line", "first", "stop", "first\n\nsecond", stop="\n\n")
    both_modes("a quote", "say ", "stop", 'say "x"', stop='"')
    both_modes("non-ASCII", "caf", "stop", "caf\u00e9 au lait", stop="\u00e9")
    both_modes("an emoji", "a ", "stop", "a \U0001f600 b", stop="\U0001f600")
    for escape, stop in [(rb"caf\u00e9 au lait", "\u00e9"), (rb"a\u0062c", "b"), (b"x\\/y", "/"), (rb"x\ny", "\n"),
                         (rb"x\ud83d\ude00y", "\U0001f600"), (rb"x\u2028y", "\u2028")]:
        want = json.loads(b'"' + escape + b'"').split(stop)[0]
        for ascii_only in (True, False):
            body = (b'{"model":"echo","stop":' + json.dumps(stop, ensure_ascii=ascii_only).encode() +
                    b',"messages":[{"role":"user","content":"' + escape + b'"}],"stream":true}')
            answer = ask(server, post(body))
            equal(f"spelt in two ways: {escape!r}, ASCII {ascii_only}", (answer.text(), answer.finish()), (want, ["stop"]))
    answer = ask(server, stream(message, n=2, stop="gamma"))
    equal("with n=2", [answer.text(index) for index in range(2)], ["alpha beta "] * 2)
    answer = ask(server, stream("one two three", "interval=50", stop="zzz"))
    equal("a stop that never comes loses nothing", answer.text(), "one two three")


def test_token_limits():
    message = "one two three four five six"
    whole = [choice["delta"]["content"] for frame in ask(server, stream(message)).frames() for choice in frame["choices"]
             if choice["delta"].get("content")]
    equal("one delta per word", len(whole), 6)
    for count in (1, 3, 5):
        both_modes(f"max_tokens {count}", "".join(whole[:count]), "length", message, max_tokens=count)
        both_modes(f"max_completion_tokens {count}", "".join(whole[:count]), "length", message, max_completion_tokens=count)
    both_modes("the newer name wins", "".join(whole[:2]), "length", message, max_tokens=4, max_completion_tokens=2)
    both_modes("the newer name wins, larger", "".join(whole[:4]), "length", message, max_tokens=2, max_completion_tokens=4)
    both_modes("null", message, "stop", message, max_tokens=None)
    both_modes("more than there is", message, "stop", message, max_tokens=32000)
    both_modes("huge", message, "stop", message, max_tokens=2 ** 40)
    both_modes("stop comes first", "one ", "stop", message, max_tokens=4, stop="two")
    both_modes("length comes first", "".join(whole[:2]), "length", message, max_tokens=2, stop="five")
    usage = ask(server, post(chat_body(message, max_tokens=3))).json()["usage"]
    equal("usage counts what was sent", usage["completion_tokens"], 3)
    answer = ask(server, stream(message, n=2, max_tokens=2))
    equal("for each choice", [(answer.text(index), answer.finish(index)) for index in range(2)],
          [("".join(whole[:2]), ["length"])] * 2)


def tool_deltas(answer):
    return [call for frame in answer.frames() for choice in frame["choices"] for call in choice["delta"].get("tool_calls", [])]


def test_tool_calls():
    tools = [{"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}]
    for message, want in [('{"city": "Paris", "n": [1, 2.5, null]}', {"city": "Paris", "n": [1, 2.5, None]}),
                          ("plain text", {"text": "plain text"}), ('quotes " and \\ \n \u00e9 \U0001f600',) * 2,
                          ("[1]", {"text": "[1]"}), ("", {"text": ""}), ('{"broken": ', {"text": '{"broken": '}),
                          ("word " * 200, {"text": "word " * 200})]:
        want = {"text": want} if isinstance(want, str) else want
        name = f"message {message[:20]!r}"
        answer = ask(server, stream(message, "tool=lookup", tools=tools))
        calls = tool_deltas(answer)
        if not check(name + ": calls", calls, repr(answer)):
            continue
        check(name + ": the first has id, type and name", re.fullmatch(r"call_\w+", calls[0].get("id", "")) and
              calls[0]["type"] == "function" and calls[0]["function"]["name"] == "lookup" and calls[0]["index"] == 0, repr(calls[0]))
        equal(name + ": the first has empty arguments", calls[0]["function"]["arguments"], "")
        later = [set(call) | set(call["function"]) for call in calls[1:]]
        check(name + ": later ones only pieces", all(keys == {"index", "function", "arguments"} for keys in later), repr(calls[1:3]))
        arguments = "".join(call["function"]["arguments"] for call in calls)
        equal(name + ": arguments", json.loads(arguments), want)
        if message.startswith('{"city'):
            equal(name + ": the message itself", arguments, message)
            check(name + ": in several pieces", len(calls) > 2, repr(calls))
        equal(name + ": finish", answer.finish(), ["tool_calls"])
        equal(name + ": no text", answer.text(), "")
        roles = [choice["delta"] for frame in answer.frames() for choice in frame["choices"] if "role" in choice["delta"]]
        first = answer.frames()[0]["choices"][0]["delta"]
        check(name + ": one role, first", roles == [first] and first["role"] == "assistant", repr(roles))
        answer = ask(server, post(chat_body(message, tools=tools), echo="tool=lookup"))
        choice = answer.json()["choices"][0]
        equal(name + ": completion", (choice["message"]["content"], choice["finish_reason"]), (None, "tool_calls"))
        call = choice["message"]["tool_calls"][0]
        equal(name + ": completion's call", (call["type"], call["function"]["name"], json.loads(call["function"]["arguments"])),
              ("function", "lookup", want))
        check(name + ": keys of a call", list(call) == ["id", "type", "function"] and
              list(call["function"]) == ["name", "arguments"], repr(call))
    after = json.dumps({"model": "echo", "stream": True, "messages": [
        {"role": "user", "content": "question"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "result"}]}).encode()
    answer = ask(server, post(after, echo="tool=lookup"))
    equal("after a tool result: text", (answer.text(), answer.finish()), ("question", ["stop"]))
    first = {tool_deltas(ask(server, stream("x", "tool=f")))[0]["id"] for _ in range(5)}
    equal("ids are unique", len(first), 5)
    answer = ask(server, stream("x", "tool=f", stream_options={"include_usage": True}))
    check("usage after a call", usage_of(answer) and usage_of(answer)[0]["total_tokens"] > 0, repr(answer))


def test_reasoning():
    answer = ask(server, stream("the answer", "reasoning"))
    deltas = [choice["delta"] for frame in answer.frames() for choice in frame["choices"]]
    thought = [index for index, delta in enumerate(deltas) if delta.get("reasoning_content")]
    spoken = [index for index, delta in enumerate(deltas) if delta.get("content")]
    check("reasoning comes first", thought and spoken and max(thought) < min(spoken), repr(deltas))
    equal("one role, first", [index for index, delta in enumerate(deltas) if "role" in delta], [0])
    equal("the answer follows", answer.text(), "the answer")
    equal("finish", answer.finish(), ["stop"])
    message = ask(server, post(chat_body("the answer"), echo="reasoning")).json()["choices"][0]["message"]
    check("completion: reasoning", isinstance(message.get("reasoning_content"), str) and message["reasoning_content"], repr(message))
    equal("completion: text", message["content"], "the answer")
    message = ask(server, post(chat_body("x"))).json()["choices"][0]["message"]
    check("no reasoning, no key", "reasoning_content" not in message)


def test_errors_before_the_first_byte():
    for status in (400, 429, 500, 503):
        answer = ask(server, stream("x", f"error={status}"))
        check(f"{status} is a plain answer", answer.status == status and answer.error() and
              answer.field("content-type").split(";")[0] == "application/json", repr(answer))


def test_errors_in_mid_stream():
    for count in (1, 3):
        with Client(server) as client:
            answer = client.ask(stream("one two three four five", f"error-after={count}"))
            equal(f"after {count}: status", answer.status, 200)
            events = answer.events()
            equal(f"after {count}: [DONE]", events[-1], "[DONE]")
            error = json.loads(events[-2])
            check(f"after {count}: error event", list(error) == ["error"] and
                  list(error["error"]) == ["message", "type", "param", "code"], events[-2])
            chunks = [json.loads(event) for event in events[:-2]]
            equal(f"after {count}: tokens before it", len([chunk for chunk in chunks if chunk["choices"][0]["delta"].get("content")]),
                  count)
            check(f"after {count}: never a finish_reason", all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks))
            check(f"after {count}: the connection is usable", client.usable())
    answer = ask(server, stream("one two", "error-after=1", stream_options={"include_usage": True}))
    check("no usage after an error", "error" in json.loads(answer.events()[-2]), repr(answer))
    answer = ask(server, post(chat_body("one two three"), echo="error-after=1"))
    check("a completion becomes an error", answer.status >= 500 and answer.error(), repr(answer))


def test_stall_and_disconnect():
    before = server.log().count("client_gone")
    with Client(server) as client:
        client.send(stream("one two three four", "stall-after=2", [("X-Request-Id", "stalled-one")]))
        client.until(b'"content":')
        client.until(b'"content":')
        client.socket.settimeout(0.5)
        try:
            client.until(b"[DONE]")
            check("silence after two tokens", False, "the stream ended")
        except (TimeoutError, Closed) as silence:
            check("silence after two tokens", isinstance(silence, TimeoutError), repr(silence))
    log = wait_until(lambda: server.log().count("client_gone") > before and server.log(), 10)
    check("the server notices that the client has gone", log, server.log()[-500:])
    lines = [line for line in server.log().splitlines() if "stalled-one" in line]
    check("its line says so", lines and "client_gone" in lines[-1], repr(lines))
    check("others are served", ask(server, stream("next")).text() == "next")


def test_http10_stream():
    for fields in [[], [("Connection", "keep-alive")]]:
        with Client(server) as client:
            client.send(post(chat_body("close delimited", stream=True), fields, version="1.0"))
            head = client.head()
            body = client.rest()
            equal("status", head.status, 200)
            equal("no transfer coding", head.field("transfer-encoding"), None)
            equal("no length", head.field("content-length"), None)
            check("no keep-alive", (head.field("connection") or "close").lower() == "close", head.head)
            head.body = body
            equal("text", head.text(), "close delimited")
            check("ends with [DONE]", body.endswith(b"data: [DONE]\n\n"), body[-60:])
    with Client(server) as client:
        client.send(post(chat_body("x", stream=True), [], version="1.0", echo="stall-after=1"))
        client.head()
        check("pieces come at once", b"data: " in client.until(b"data: "))


def test_long_replies():
    for text in ["x" * 1_000_000, "word " * 40_000, "\u6f22\u5b57 " * 20_000]:
        answer = ask(server, stream(text))
        check(f"{text[:5]!r} x {len(text)}: stream", answer.text() == text)
        check(f"{text[:5]!r} x {len(text)}: pieces fit a line reader",
              max(len(event) for event in answer.events()) < 65536 or " " not in text)
        answer = ask(server, post(chat_body(text)))
        check(f"{text[:5]!r} x {len(text)}: completion", answer.text() == text)


def test_parallel_streams():
    clients = [Client(server) for _ in range(100)]
    for index, client in enumerate(clients):
        client.send(stream(f"stream number {index} of many", f"delay={index % 7};interval={index % 5 + 1}"))
    wrong = [index for index, client in enumerate(clients) if client.response().text() != f"stream number {index} of many"]
    equal("100 paced streams", wrong, [])
    for client in clients:
        client.close()


def test_slow_reader_gets_everything():
    text = "word " * 30_000
    with Client(server, receive_buffer=4096) as client:
        client.send(stream(text))
        time.sleep(1)
        other = time.monotonic()
        equal("others are served meanwhile", ask(server, get(), "GET").status, 200)
        check("and at once", time.monotonic() - other < harness.SOON)
        check("all of it comes", client.response().text() == text)


harness.main(globals())
