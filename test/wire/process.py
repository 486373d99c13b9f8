"""The program as an operator meets it: options, start, signals, log, metrics."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import harness
from harness import (BINARY, CHAT, SOON, Client, Closed, Server, ask, chat_body, check, equal, get, post, stream,
                     wait_until, within)

OPTIONS = ["--host", "--port", "--backend", "--model-name", "--api-key", "--api-key-file", "--workers", "--log-level",
           "--log-format", "--max-body-bytes", "--max-connections", "--head-timeout", "--body-timeout",
           "--body-silence-timeout", "--keep-alive-timeout", "--write-stall-timeout", "--linger-timeout",
           "--ping-interval", "--drain-timeout", "--echo-delay", "--echo-interval", "--echo-tokens", "--help", "--version"]


def run(*arguments, env=None):
    """A run that must end by itself."""
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL,
                          env={**os.environ, **(env or {})})


def test_help_and_version():
    for arguments in [["--help"], ["server", "--help"]]:
        result = run(*arguments)
        equal(f"{arguments}: exit", result.returncode, 0)
        missing = [option for option in OPTIONS if option not in result.stdout]
        equal(f"{arguments}: all options are told", missing, [])
        check(f"{arguments}: the key's environment variable", "AMAZON_Q_SERVER_API_KEY" in result.stdout)
        equal(f"{arguments}: nothing on stderr", result.stderr, "")
        check(f"{arguments}: lines fit a terminal", max(map(len, result.stdout.splitlines())) <= 100)
    for arguments in [["--version"], ["server", "--version"]]:
        result = run(*arguments)
        equal(f"{arguments}: exit", result.returncode, 0)
        check(f"{arguments}: one line", re.fullmatch(r"amazon-q-server \S*\d\S*.*\n", result.stdout), repr(result.stdout))


def test_bad_options():
    for arguments, word in [
        (["--nope"], "--nope"), (["server", "--nope=1"], "--nope"), (["-x"], "-x"), (["serve"], "serve"),
        (["server", "extra"], "extra"), (["server", "server"], "server"), (["--port"], "--port"), (["--port", "abc"], "abc"),
        (["--port", "70000"], "70000"), (["--port", "-1"], "-1"), (["--port", ""], "--port"), (["--port", "80x"], "80x"),
        (["--port", "8080 "], "--port"), (["--backend", "nope"], "nope"), (["--backend"], "--backend"),
        (["--workers", "x"], "x"), (["--workers", "-1"], "-1"), (["--workers", "1000000"], "1000000"),
        (["--log-level", "loud"], "loud"), (["--log-format", "xml"], "xml"), (["--head-timeout", "x"], "x"),
        (["--head-timeout", "-1"], "-1"), (["--head-timeout", "nan"], "nan"), (["--body-timeout", "1s"], "1s"),
        (["--keep-alive-timeout", ""], "--keep-alive-timeout"), (["--max-body-bytes", "-5"], "-5"),
        (["--max-body-bytes", "99999999999999999999999"], "--max-body-bytes"), (["--max-connections", "many"], "many"),
        (["--echo-delay", "-1"], "-1"), (["--echo-tokens", "x"], "x"), (["--ping-interval", "inf"], "inf"),
        (["--api-key", ""], "--api-key"), (["--model-name", ""], "--model-name"), (["--help-me"], "--help-me"),
        (["--host", "256.1.1.1"], "256.1.1.1"), (["--host", "a-name"], "a-name"), (["--host", ""], "--host"),
        (["--echo-delay", "x"], "0 to 86400000"),
    ]:
        try:
            result = run(*arguments)
        except subprocess.TimeoutExpired:
            check(f"{arguments}", False, "it started")
            continue
        name = " ".join(arguments)
        equal(f"{name}: exit", result.returncode, 2)
        check(f"{name}: one line", result.stderr.count("\n") == 1 and result.stderr.endswith("\n"), repr(result.stderr))
        check(f"{name}: it names the culprit", word in result.stderr, repr(result.stderr))
        equal(f"{name}: nothing on stdout", result.stdout, "")


def test_unusable_addresses():
    with Server() as server:
        for arguments in [["--port", server.port, "--host", "127.0.0.1"], ["--port", server.port, "--host", "127.0.0.1", "--workers", 2]]:
            result = run("server", "--backend", "echo", *arguments)
            equal("port in use: exit", result.returncode, 1)
            check("port in use: one line with the port", result.stderr.count("\n") == 1 and str(server.port) in result.stderr,
                  repr(result.stderr))
            equal("port in use: nothing on stdout", result.stdout, "")
        equal("the first server is unharmed", ask(server, get(), "GET").status, 200)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = run("server", "--backend", "echo", "--host", "127.0.0.1", "--port", other.getsockname()[1])
        equal("port of another program: exit", result.returncode, 1)
        check("port of another program: one line", result.stderr.count("\n") == 1, repr(result.stderr))
    for keys in ["", ",", " , "]:
        result = run("server", "--backend", "echo", "--port", 0, env={"AMAZON_Q_SERVER_API_KEY": keys})
        equal(f"no key in the variable {keys!r}: exit", result.returncode, 2)
        check(f"no key in the variable {keys!r}: one line", result.stderr.count("\n") == 1, repr(result.stderr))
    result = run("server", "--backend", "echo", "--port", 0, "--api-key-file", "/nonexistent/keys")
    check("no key file: exit", result.returncode in (1, 2), result.returncode)
    check("no key file: one line with its name", result.stderr.count("\n") == 1 and "/nonexistent/keys" in result.stderr,
          repr(result.stderr))
    with tempfile.NamedTemporaryFile(prefix="amazon-q-keys-") as empty:
        result = run("server", "--backend", "echo", "--port", 0, "--api-key-file", empty.name)
        check("empty key file: exit", result.returncode in (1, 2), result.returncode)


def test_restart_on_the_same_port():
    first = Server()
    port = first.port
    with Client(first) as client:
        client.ask(get(), "GET")
        first.signal(signal.SIGTERM)
        equal("exit", first.wait_exit(), 0)
    with Server("--port", port) as second:
        equal("the port is free at once", second.port, port)


def test_start_lines():
    with Server() as server:
        check("one line on stdout with the address", re.fullmatch(rf"[^\n]*http://127\.0\.0\.1:{server.port}\b[^\n]*\n", server.stdout()),
              repr(server.stdout()))
        equal("no warning on loopback", server.log(), "")
    for options in [["--backend", "echo"], ["server", "--backend=echo"]]:
        result = subprocess.Popen([BINARY, *options, "--port", "0", "--host", "127.0.0.1", "--log-level", "warn"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=harness.die_with_parent)
        try:
            check(f"{options} starts", "http://127.0.0.1:" in result.stdout.readline())
        finally:
            result.terminate()
            result.wait()
    with Server("--host", "127.0.0.1", "--api-key", "k-seed-command-line", "--model-name", "amazon-q") as server:
        listing = ask(server, get("/v1/models", [("Authorization", "Bearer k-seed-command-line")]), "GET").json()
        check("the previous server's command line", "amazon-q" in [model["id"] for model in listing["data"]], repr(listing))


def test_exposure_warning():
    with Server("--host", "0.0.0.0") as server:
        log = server.wait_for_log("\n")
        check("warning without a key", log and "warn" in log.lower() and re.search("key", log), repr(server.log()))
        equal("served", ask(server, get(), "GET").status, 200)
    with Server("--host", "0.0.0.0", "--api-key", "k-exposed-0123456789") as server:
        ask(server, get(), "GET")
        equal("no warning with a key", server.log(), "")


def ipv6_available():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


def test_ipv6():
    if not ipv6_available():
        harness.skip("::1", "this machine has no IPv6 loopback")
        return
    process = subprocess.Popen([BINARY, "server", "--backend", "echo", "--host", "::1", "--port", "0", "--log-level", "warn"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=harness.die_with_parent)
    try:
        line = process.stdout.readline()
        match = re.search(r"http://\[::1\]:(\d+)", line)
        if check("the address in brackets", match, repr(line)):
            with socket.create_connection(("::1", int(match.group(1))), timeout=10) as client:
                client.sendall(get())
                check("served", client.recv(65536).startswith(b"HTTP/1.1 200 "))
    finally:
        process.terminate()
        process.wait()


# --- signals ------------------------------------------------------------------------------------

def refuses_connections(server):
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=2).close()
        return False
    except OSError:
        return True


def test_drain():
    for number, name in [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")]:
        server = Server("--drain-timeout", 20, workers=2)
        idle = [Client(server) for _ in range(8)]
        for client in idle:
            client.ask(get(), "GET")
        running = [Client(server) for _ in range(4)]
        for client in running:
            client.send(stream("one two three four five six seven eight nine ten", "interval=200"))
            client.until(b'"content":')
        server.signal(number)
        check(f"{name}: idle connections are closed at once", all(client.closed() for client in idle))
        check(f"{name}: new connections are refused", wait_until(lambda: refuses_connections(server), SOON))
        check(f"{name}: it waits for the streams", server.alive())
        for client in running:
            rest = client.rest()
            check(f"{name}: a running stream ends well", b'"finish_reason":"stop"' in rest and b"data: [DONE]\n\n" in rest and
                  rest.endswith(b"0\r\n\r\n"), rest[-200:])
        equal(f"{name}: exit", server.wait_exit(), 0)
        server.stop()
    server = Server()
    server.signal(signal.SIGTERM)
    equal("nothing to do: exit at once", server.wait_exit(), 0)
    server.stop()


def test_drain_answers():
    server = Server("--drain-timeout", 10)
    with Client(server) as half, Client(server) as waiting:
        half.send(b"GET /health HTTP/1.1\r\nHost: x\r\n")
        waiting.send(post(chat_body("in flight"), echo="delay=1000"))
        time.sleep(0.3)
        server.signal(signal.SIGTERM)
        time.sleep(0.3)
        half.send_all_possible(b"\r\n")
        try:
            answer = half.response()
            equal("health while draining", answer.status, 503)
            equal("health while draining: closes", (answer.field("connection") or "").lower(), "close")
        except Closed:
            check("a half head may be closed", True)
        answer = waiting.response()
        equal("a running completion is finished", answer.text(), "in flight")
        check("and its connection closed", waiting.closed())
    equal("exit", server.wait_exit(), 0)
    server.stop()


def test_drain_timeout():
    server = Server("--drain-timeout", 1)
    with Client(server) as client:
        client.send(stream("one two", "stall-after=1"))
        client.until(b'"content":')
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        equal("exit", server.wait_exit(10), 1)
        within("time", time.monotonic() - started, 1, 1 + SOON)
        check("the cut stream has no end", b"[DONE]" not in client.rest())
    server.stop()


def test_second_signal():
    for second in (signal.SIGTERM, signal.SIGINT):
        server = Server("--drain-timeout", 60)
        with Client(server) as client:
            client.send(stream("one two", "stall-after=1"))
            client.until(b'"content":')
            server.signal(signal.SIGTERM)
            time.sleep(0.3)
            check("drains", server.alive())
            started = time.monotonic()
            server.signal(second)
            check("leaves at once", server.wait_exit() is not None)
            within("leaves at once: time", time.monotonic() - started, 0, SOON)
        server.stop()


def test_other_signals():
    with Server() as server:
        server.signal(signal.SIGPIPE)
        time.sleep(0.1)
        check("SIGPIPE is ignored", server.alive() and ask(server, get(), "GET").status == 200)
        for _ in range(20):
            client = Client(server)
            client.send(stream("x", "tokens=100000"))
            client.reset()
        time.sleep(0.2)
        check("writing to the gone is safe", server.alive() and ask(server, get(), "GET").status == 200)


# --- log ----------------------------------------------------------------------------------------

def test_log_lines():
    with Server(log_level="info") as server:
        for identifier, data, to, words in [
            ("log-ok", post(chat_body("x"), [("X-Request-Id", "log-ok")]), "POST", ["POST", CHAT, "200"]),
            ("log-stream", stream("x", fields=[("X-Request-Id", "log-stream")]), "POST", ["POST", CHAT, "200"]),
            ("log-bad", post(b"{", [("X-Request-Id", "log-bad")]), "POST", ["POST", CHAT, "400"]),
            ("log-404", get("/nowhere", [("X-Request-Id", "log-404")]), "GET", ["GET", "/nowhere", "404"]),
            ("log-405", get(CHAT, [("X-Request-Id", "log-405")]), "GET", ["GET", CHAT, "405"]),
            ("log-error", post(chat_body("x"), [("X-Request-Id", "log-error")], echo="error=503"), "POST", ["POST", CHAT, "503"]),
        ]:
            ask(server, data, to)
            server.wait_for_log(identifier)
            lines = [line for line in server.log().splitlines() if identifier in line]
            if check(f"{identifier}: one line", len(lines) == 1, repr(lines)):
                missing = [word for word in words + ["127.0.0.1"] if word not in lines[0]]
                check(f"{identifier}: all parts", not missing, f"{missing} not in {lines[0]}")
        with Client(server) as client:
            client.send(stream("x", "stall-after=1", [("X-Request-Id", "log-gone")]))
            client.until(b'"content":')
        log = server.wait_for_log("log-gone")
        check("a client that goes is logged as such", log and [line for line in log.splitlines()
              if "log-gone" in line and "client_gone" in line], server.log()[-300:])
    with Server(log_level="warn") as server:
        ask(server, post(chat_body("x")))
        ask(server, post(b"{"))
        time.sleep(0.2)
        equal("nothing of the kind at warn", server.log(), "")


def test_log_injection():
    with Server(log_level="debug") as server:
        count = 0
        for data in [get("/forged%0a2026-01-01T00:00:00Z info forged"), get("/x\xe9\x9b\x85"), get("/\x85\xa0"), get("/%1b[31mred"),
                     post(b'{"model":"forged\\n2026 info forged\\u001b[31m","messages":[{"role":"user","content":"x"}]}'),
                     post(b'{"model":"a","messages":[{"role":"forged\\nforged","content":"x"}]}'),
                     get(fields=[("X-Request-Id", "a\tforged")]), get(fields=[("User-Agent", "a\xff\tforged")]),
                     get(fields=[("X-Forwarded-For", "1.2.3.4\x80")]), get('/"quoted" info'.replace(" ", "%20")),
                     b"GET /for\x1b[31mged HTTP/1.1\r\nHost: x\r\n\r\n", b"FOR\nGED / HTTP/1.1\r\nHost: x\r\n\r\n"]:
            try:
                ask(server, data)
                count += 1
            except (Closed, OSError):
                pass
        time.sleep(0.3)
        log = server.log()
        check("requests were logged", count > 5 and log)
        check("no control characters", not re.search("[\x00-\x09\x0b-\x1f\x7f]", log), repr(log[-500:]))
        forged = [line for line in log.splitlines() if line.startswith(("2026 info", "forged", "2026-01-01T00:00:00Z info"))]
        equal("no forged line", forged, [])


def test_secrets_stay_out_of_the_log():
    key, wrong, text = "sk-very-secret-0123456789", "sk-wrong-secret-987654321", "what the user said in private"
    for form in ("text", "json"):
        with Server("--api-key", key, "--log-format", form, log_level="debug") as server:
            ask(server, post(chat_body(text), [("Authorization", f"Bearer {key}")]))
            ask(server, post(chat_body(text), [("Authorization", f"Bearer {wrong}")]))
            ask(server, post(chat_body(text), [("X-Api-Key", wrong)]))
            ask(server, get(f"/v1/models?api_key={wrong}"), "GET")
            time.sleep(0.3)
            log = server.log()
            check(f"{form}: there is a log", log.count("\n") >= 3, log)
            check(f"{form}: no key", key not in log, log)
            check(f"{form}: no wrong key", wrong not in log, log)
            check(f"{form}: no message", text not in log, log)


def test_json_log():
    with Server("--log-format", "json", log_level="info") as server:
        ask(server, post(chat_body("x"), [("X-Request-Id", "json-ok")]))
        ask(server, stream("x", fields=[("X-Request-Id", "json-stream")]))
        ask(server, get('/nowhere/"quoted"\\x', [("X-Request-Id", "json-404")]), "GET")
        ask(server, get("/nowhere/\xe9\xff", [("X-Request-Id", "json-bytes")]), "GET")
        ask(server, b"GET /health HTTP/1.1\r\nbad header\r\n\r\n", "GET")
        server.wait_for_log("json-bytes")
        time.sleep(0.2)
        entries = []
        for line in server.log().splitlines():
            try:
                entries.append(json.loads(line))
            except ValueError:
                check("every line is JSON", False, line)
        check("all requests are there", len(entries) >= 4, server.log())
        by_identifier = {str(value): entry for entry in entries for value in entry.values()}
        for identifier, status in [("json-ok", 200), ("json-stream", 200), ("json-404", 404), ("json-bytes", 404)]:
            entry = by_identifier.get(identifier)
            if check(f"{identifier} is logged", entry, server.log()[-500:]):
                equal(f"{identifier}: status", entry.get("status"), status)
                check(f"{identifier}: members", {"method", "path", "status", "bytes"} <= set(entry), repr(entry))


# --- metrics ------------------------------------------------------------------------------------

SAMPLE = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)(\{([A-Za-z_]\w*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*\})? ([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|Inf)|NaN)")


def samples(server):
    """All samples as {name{labels}: value}; checks the exposition format on the way."""
    answer = ask(server, get("/metrics"), "GET")
    text, values, types = answer.body.decode(), {}, {}
    check("content type", (answer.field("content-type") or "").startswith("text/plain"), answer.head)
    check("ends with a line end", text.endswith("\n"))
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            check(f"{name} is declared once", name not in types and kind in ("counter", "gauge", "histogram", "summary", "untyped"), line)
            types[name] = kind
        elif line and not line.startswith("# HELP "):
            match = SAMPLE.fullmatch(line)
            if check("a sample", match, line):
                name = match.group(1)
                family = name if name in types else re.sub("_(bucket|sum|count)$", "", name)
                check(f"{name} has a type before it", family in types, line)
                check("no sample twice", name + (match.group(2) or "") not in values, line)
                values[name + (match.group(2) or "")] = float(match.group(4))
    return values, types


def sum_of(values, *words):
    """The sum of all samples whose name and labels contain the words."""
    return sum(value for name, value in values.items() if all(word in name for word in words))


def test_metrics():
    with Server(workers=2) as server:
        before, types = samples(server)
        requests = [name for name, kind in types.items() if kind == "counter" and "requests" in name]
        if not check("a counter of requests", requests, repr(types)):
            return
        counter = requests[0]
        for _ in range(7):
            ask(server, post(chat_body("x")))
        for _ in range(5):
            ask(server, stream("one two three"))
        for _ in range(3):
            ask(server, post(b"{"))
        ask(server, get("/nowhere"), "GET")
        after, _ = samples(server)

        def grown(*words):
            return sum_of(after, *words) - sum_of(before, *words)

        equal("good requests", grown(counter + "{", "chat", '="200"'), 12)
        equal("bad requests", grown(counter + "{", "chat", '="400"'), 3)
        equal("unknown paths", grown(counter + "{", '="404"'), 1)
        check("no label from a client's bytes", "nowhere" not in "".join(after))
        histograms = [name for name, kind in types.items() if kind == "histogram"]
        check("histograms of first token and duration", len(histograms) >= 2, repr(types))
        for name in histograms:
            check_histogram(name, after)
        gauges = [name for name, kind in types.items() if kind == "gauge"]
        streams = [name for name in gauges if "stream" in name]
        connections = [name for name in gauges if "connection" in name]
        if check("gauges of connections and streams", streams and connections, repr(gauges)):
            with Client(server) as first, Client(server) as second:
                for client in (first, second):
                    client.send(stream("x y", "stall-after=1"))
                    client.until(b'"content":')
                values, _ = samples(server)
                equal("streams in progress", sum_of(values, streams[0]), 2)
                check("open connections", sum_of(values, connections[0]) >= 3, repr(values))
            check("streams end", wait_until(lambda: sum_of(samples(server)[0], streams[0]) == 0, SOON, 0.2))
        check("counts of bytes and frames", any("bytes" in name for name in types) and
              any("frame" in name or "event" in name for name in types), repr(types))


def check_histogram(name, values):
    series = {}
    for sample, value in values.items():
        match = re.fullmatch(re.escape(name) + r'_bucket\{(.*?),?le="([^"]+)"(.*)\}', sample)
        if match:
            series.setdefault(match.group(1) + match.group(3), []).append((float(match.group(2).replace("+Inf", "inf")), value))
    check(f"{name} has buckets", series)
    for labels, buckets in series.items():
        check(f"{name}{{{labels}}} rises", buckets == sorted(buckets) and [value for _, value in buckets] ==
              sorted(value for _, value in buckets), repr(buckets))
        count = values.get(f"{name}_count" + (f"{{{labels}}}" if labels else ""))
        check(f"{name}{{{labels}}}: +Inf is the count", buckets[-1][0] == float("inf") and buckets[-1][1] == count,
              f"{buckets[-1]}, count {count}")


def test_workers():
    with Server(workers=2) as server:
        def switches():
            counts = {}
            for thread in os.listdir(f"/proc/{server.pid}/task"):
                status = open(f"/proc/{server.pid}/task/{thread}/status").read()
                counts[thread] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M).group(1))
            return counts

        before = switches()
        clients = [Client(server) for _ in range(64)]
        for turn in range(30):
            for client in clients:
                client.send(post(chat_body(f"turn {turn}")))
            for client in clients:
                if client.response().text() != f"turn {turn}":
                    check("answers", False, f"turn {turn}")
        after = switches()
        busy = [thread for thread in after if after[thread] - before.get(thread, 0) >= 15]
        check("at least two threads work", len(busy) >= 2, f"{before} {after}")
        for client in clients:
            client.close()
    with Server("--workers", 4) as server:
        check("four workers", wait_until(lambda: len(os.listdir(f"/proc/{server.pid}/task")) >= 4))


def test_sleeps_when_idle():
    with Server() as server:
        with Client(server) as client:
            client.send(stream("x y", "stall-after=1"))
            client.until(b'"content":')
            time.sleep(0.2)
            before = server.cpu_ticks()
            time.sleep(1.5)
            ticks = server.cpu_ticks() - before
            check("no busy loop", ticks < 50, f"{ticks} ticks of 10 ms in 1.5 s")


harness.main(globals())
