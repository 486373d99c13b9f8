"""Python requests: the previous server's example, answers, errors, decoding, reuse of connections."""
import json
import os
import sys

try:
    import requests
except ImportError:
    print("SKIP  requests: not installed")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

BASE, KEYED, KEY = os.environ["BASE_URL"], os.environ["KEYED_URL"], os.environ["API_KEY"]
CHAT = BASE + "/v1/chat/completions"
TEXTS = ["Tell me about Python", "Hello", " ", "tabs\tand\nlines\r\n", 'quotes " \\ ', "\u0000\u001f\u007f\u0085", "\u2028 \u2029",
         "caf\u00e9 \u6f22\u5b57 \U0001f600", "data: [DONE]\n\n", "word " * 300]
passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
        if os.environ.get("VERBOSE"):
            print(f"ok    {name}")
    else:
        failed += 1
        print(f"FAIL  {name}\n      {str(detail)[:700]}")


def stream_chat(message, headers=None):
    """The document's example, with the pieces kept instead of printed."""
    response = requests.post(
        CHAT,
        headers={'Content-Type': 'application/json', **(headers or {})},
        json={
            'model': 'amazon-q',
            'messages': [{'role': 'user', 'content': message}],
            'stream': True
        },
        stream=True,
        timeout=30
    )
    pieces, done, broken = [], False, []
    for line in response.iter_lines():
        if line:
            line = line.decode('utf-8')
            if line.startswith('data: '):
                data = line[6:]
                if data == '[DONE]':
                    done = True
                    break
                try:
                    chunk = json.loads(data)
                    content = chunk['choices'][0]['delta'].get('content')
                    if content:
                        pieces.append(content)
                except json.JSONDecodeError:
                    broken.append(data)
    return "".join(pieces), done, broken


def test_example():
    for text in TEXTS:
        for headers in ({}, {"x-echo": "delay=10;interval=2"}):
            if headers and len(text) > 500:
                continue
            got = stream_chat(text, headers)
            check(f"example {text[:20]!r} {headers}", got == (text, True, []), got)


def test_decode_unicode():
    """str.splitlines knows more line ends than SSE; the charset must be declared, too."""
    for text in TEXTS:
        response = requests.post(CHAT, json={"model": "amazon-q", "messages": [{"role": "user", "content": text}], "stream": True},
                                 stream=True, timeout=30)
        try:
            lines = [line for line in response.iter_lines(decode_unicode=True) if line]
            chunks = [json.loads(line[6:]) for line in lines if line != "data: [DONE]"]
            got = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
            check(f"decode_unicode {text[:20]!r}", got == text and lines[-1] == "data: [DONE]", repr(lines))
        except ValueError as problem:
            check(f"decode_unicode {text[:20]!r}", False, f"{problem}: {lines!r}")
        check("encoding", response.encoding.lower() == "utf-8", response.encoding)
    for size in (1, 7, 512):
        response = requests.post(CHAT, json={"model": "amazon-q", "messages": [{"role": "user", "content": "in small bites"}],
                                             "stream": True}, stream=True, timeout=30)
        lines = [line for line in response.iter_lines(chunk_size=size) if line]
        check(f"iter_lines({size})", lines[-1] == b"data: [DONE]" and len(lines) == 5, lines)


def test_completions_and_errors():
    for text in TEXTS:
        response = requests.post(CHAT, json={"model": "amazon-q", "messages": [{"role": "user", "content": text}]}, timeout=30)
        check(f"completion {text[:20]!r}", response.json()["choices"][0]["message"]["content"] == text, response.text)
    for name, body, status, param in [("no messages", {"model": "amazon-q"}, 400, "messages"), ("unknown model", {"model": "x", "messages": [
            {"role": "user", "content": "x"}]}, 404, None), ("not an object", [], 400, None)]:
        response = requests.post(CHAT, json=body, timeout=30)
        check(name, response.status_code == status and response.json()["error"]["param"] == param, response.text)
        try:
            response.raise_for_status()
            check(f"{name}: raise_for_status", False)
        except requests.HTTPError:
            check(f"{name}: raise_for_status", True)
    check("unknown path", requests.get(BASE + "/v1/nowhere", timeout=30).status_code == 404)
    check("no key", requests.get(KEYED + "/v1/models", timeout=30).status_code == 401)
    check("right key", requests.get(KEYED + "/v1/models", headers={"Authorization": f"Bearer {KEY}"}, timeout=30).status_code == 200)


def test_reuse():
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1))
        for turn in range(20):
            body = {"model": "amazon-q", "messages": [{"role": "user", "content": f"turn {turn}"}], "stream": turn % 2 == 1}
            response = session.post(CHAT, json=body, timeout=30)
            check(f"turn {turn}", f"{turn}" in response.text and response.status_code == 200, response.text)
            if turn % 5 == 0:
                check("error between", session.post(CHAT, data=b"{", timeout=30).status_code == 400)
        pool = next(iter(session.adapters["http://"].poolmanager.pools._container.values()))
        check("one connection for all", pool.num_connections == 1, pool.num_connections)


def test_uploads():
    body = json.dumps({"model": "amazon-q", "messages": [{"role": "user", "content": "in pieces"}]}).encode()
    response = requests.post(CHAT, data=(body[index:index + 10] for index in range(0, len(body), 10)), timeout=30)
    check("generator, chunked", response.json()["choices"][0]["message"]["content"] == "in pieces", response.text)
    response = requests.post(CHAT, data=body, timeout=30)
    check("bytes without a type", response.status_code == 200, response.text)
    large = "x" * 3_000_000
    response = requests.post(CHAT, json={"model": "amazon-q", "messages": [{"role": "user", "content": large}]}, timeout=60)
    check("3 MB", response.json()["choices"][0]["message"]["content"] == large)


for test in (test_example, test_decode_unicode, test_completions_and_errors, test_reuse, test_uploads):
    try:
        test()
    except Exception as problem:  # what breaks a test is its failure; the others still run
        check(test.__name__, False, repr(problem))
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
