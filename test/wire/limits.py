"""Limits and timeouts, and clients that are slow, silent, greedy or gone."""
import socket
import time

import harness
from harness import (CHAT, PATIENCE, SOON, Client, Closed, Server, ask, chat_body, check, cost, equal, get, is_served, post, request,
                     stream, wait_until, warm, within)

# Long enough to tell them apart on a loaded machine, short enough to wait for.
HEAD, SILENCE, IDLE, BODY = 0.7, 0.8, 1.0, 2.0


def timed_server(*more):
    return Server("--head-timeout", HEAD, "--body-silence-timeout", SILENCE, "--body-timeout", BODY,
                  "--keep-alive-timeout", IDLE, *more)


def end_of(client, seconds=SOON):
    """All bytes up to the end of the connection and when it came; None when it does not come."""
    client.socket.settimeout(seconds)
    try:
        return client.rest(), time.monotonic()
    except (socket.timeout, TimeoutError):
        return None, time.monotonic()


def drip(client, data, pause):
    """Sends byte by byte until the peer answers or closes; when that was."""
    client.socket.settimeout(pause)
    for index in range(len(data)):
        try:
            client.socket.sendall(data[index:index + 1])
            if not client.fill() or client.pending:
                break
        except (socket.timeout, TimeoutError):
            continue
        except OSError:
            break
    client.socket.settimeout(PATIENCE)
    return time.monotonic()


def test_slow_head():
    with timed_server() as server:
        with Client(server) as client:
            started = time.monotonic()
            client.send(b"GET /health HT")
            answer, ended = end_of(client)
            check("408", answer and answer.startswith(b"HTTP/1.1 408 "), answer)
            check("error object", answer and b'{"error":{"message":' in answer, answer)
            within("time", ended - started, HEAD, HEAD + SOON)
        with Client(server) as client:
            started = time.monotonic()
            ended = drip(client, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"y" * 60, 0.1)
            within("dripping bytes do not help", ended - started, HEAD, HEAD + SOON)
            equal("dripping: 408", client.response().status, 408)
            check("dripping: closed", client.closed())
        with Client(server) as client:
            equal("first request", client.ask(get(), "GET").status, 200)
            started = time.monotonic()
            client.send(b"GET /he")
            answer, ended = end_of(client)
            check("second request: 408", answer and answer.startswith(b"HTTP/1.1 408 "), answer)
            within("second request: time", ended - started, HEAD, HEAD + SOON)


def test_silent_connection():
    with timed_server() as server:
        with Client(server) as client:
            started = time.monotonic()
            answer, ended = end_of(client)
            equal("closed without a word", answer, b"")
            within("time", ended - started, HEAD, HEAD + SOON)
        with Client(server) as client:
            client.send(b"\r\n")
            answer, _ = end_of(client)
            check("a blank line only", answer == b"" or answer.startswith(b"HTTP/1.1 408"), answer)


def test_slow_body():
    with timed_server() as server:
        for name, data in [("length", request("POST", CHAT, [("Content-Length", 500)]) + b'{"model":'),
                           ("chunked", request("POST", CHAT, [("Transfer-Encoding", "chunked")]) + b"ff\r\nabc")]:
            with Client(server) as client:
                client.send(data)
                started = time.monotonic()
                answer, ended = end_of(client)
                check(f"{name}: 408 after silence", answer and answer.startswith(b"HTTP/1.1 408 "), answer)
                within(f"{name}: time", ended - started, SILENCE, SILENCE + SOON)
        with Client(server) as client:
            client.send(request("POST", CHAT, [("Content-Length", 500)]))
            started = time.monotonic()
            ended = drip(client, b" " * 400, 0.1)
            within("pace: an absolute end", ended - started, BODY, BODY + SOON)
            equal("pace: 408", client.response().status, 408)
        with Client(server) as client:  # a slow but decent client is served
            data = post(chat_body("patience"))
            for piece in (data[:-60], data[-60:-30], data[-30:]):
                client.send(piece)
                time.sleep(SILENCE / 3)
            equal("a pause is no silence", client.response().text(), "patience")


def test_idle_connection():
    with timed_server() as server:
        with Client(server) as client:
            client.ask(get(), "GET")
            started = time.monotonic()
            answer, ended = end_of(client)
            equal("closed without a word", answer, b"")
            within("time", ended - started, IDLE, IDLE + SOON)
        with Client(server) as client:
            client.ask(stream())
            started = time.monotonic()
            answer, ended = end_of(client)
            equal("after a stream", answer, b"")
            within("after a stream: time", ended - started, IDLE, IDLE + SOON)
        with Client(server) as client:
            for _ in range(4):
                equal("used in time it stays", client.ask(get(), "GET").status, 200)
                time.sleep(IDLE * 0.6)
        answer = ask(server, stream("one two three", f"delay={int(IDLE * 2500)}"))
        equal("a stream that waits is not idle", answer.text(), "one two three")


def test_default_patience():
    """The defaults are generous: nothing here may end within some seconds."""
    with Server() as server:
        with Client(server) as half, Client(server) as idle, Client(server) as silent:
            half.send(b"GET /hea")
            idle.ask(get(), "GET")
            time.sleep(3)
            half.send(b"lth HTTP/1.1\r\nHost: x\r\n\r\n")
            equal("half a head", half.response().status, 200)
            equal("an idle connection", idle.ask(get(), "GET").status, 200)
            equal("a silent connection", silent.ask(get(), "GET").status, 200)


def test_write_stall():
    with Server("--write-stall-timeout", 1, "--keep-alive-timeout", 30, log_level="info") as server:
        warm(server, 20)
        descriptors, memory = server.descriptors(), server.rss_kib()
        clients = [Client(server, receive_buffer=4096) for _ in range(20)]
        for client in clients:
            client.send(stream("x", "tokens=1000000"))
        time.sleep(0.8)
        growth = server.rss_kib() - memory
        cost("memory is bounded while nobody reads", lambda: growth < 20 * 1024, f"{growth} KiB for 20 streams")
        check("others are served", ask(server, get(), "GET").status == 200)
        gone = wait_until(lambda: server.descriptors() <= descriptors, PATIENCE)
        check("all are dropped", gone, f"{server.descriptors()} descriptors, {descriptors} before")
        for client in clients:
            client.close()
    with Server("--write-stall-timeout", 2) as server:
        with Client(server, receive_buffer=65536) as client:
            client.send(post(chat_body("word " * 100_000, stream=True), version="1.0"))
            started = time.monotonic()
            while time.monotonic() - started < 5 and client.fill():
                time.sleep(0.02)
            stream_of_words = client.rest()
            check("a slow reader that makes progress is kept", stream_of_words.count(b'"content":') == 100_001 and
                  stream_of_words.endswith(b"data: [DONE]\n\n"), stream_of_words[-200:])


def test_stalled_completion():
    with Server("--write-stall-timeout", 1) as server:
        descriptors = server.descriptors()
        with Client(server, receive_buffer=4096) as client:
            client.send(post(chat_body("x" * 12_000_000)))
            gone = wait_until(lambda: server.descriptors() > descriptors, SOON) and \
                wait_until(lambda: server.descriptors() <= descriptors, PATIENCE)
            check("dropped", gone, f"{server.descriptors()} descriptors")
        memory = server.rss_kib()
        cost("its memory is given back", lambda: memory < 40 * 1024, f"{memory} KiB")


def test_linger():
    with Server("--linger-timeout", 0.6) as server:
        warm(server, 5)
        descriptors = server.descriptors()
        with Client(server) as client:
            client.send(b"GET /health HTTP/1.1\r\nbad header\r\n\r\n")
            started = time.monotonic()
            equal("refusal", client.response().status, 400)
            check("sending is over at once", client.closed(SOON))
            check("and the rest soon after", wait_until(lambda: server.descriptors() <= descriptors, 0.6 + SOON),
                  f"{server.descriptors()} descriptors, {descriptors} before")
            check("but not before the client could read", time.monotonic() - started >= 0)
        with Client(server, timeout=15) as client:
            client.send(request("POST", CHAT, [("Content-Length", 10 ** 10)]))
            sent = client.send_all_possible(b"x" * 64_000_000)
            check("a client that sends for ever is cut", sent < 64_000_000, f"{sent} bytes taken")
        check("and costs nothing afterwards", wait_until(lambda: server.descriptors() <= descriptors, 0.6 + SOON))


def test_connections_max():
    with Server("--max-connections", 10) as server:
        clients = [Client(server) for _ in range(10)]
        for index, client in enumerate(clients):
            equal(f"connection {index}", client.ask(get(), "GET").status, 200)
        with Client(server) as extra:
            extra.send_all_possible(get())
            answer, _ = end_of(extra)
            check("one more is closed or gets 503", answer is not None and (answer == b"" or answer.startswith(b"HTTP/1.1 503 ")),
                  answer)
        equal("the others are unharmed", [client.ask(get(), "GET").status for client in clients], [200] * 10)
        clients.pop().close()
        served = wait_until(lambda: is_served(server), SOON)
        check("room comes back", served)
        for client in clients:
            client.close()


def test_reset_in_mid_stream():
    with Server(log_level="info") as server:
        warm(server, 5)
        descriptors = server.descriptors()
        for index in range(50):
            client = Client(server)
            client.send(stream("x", "tokens=100000;interval=1" if index % 2 else "tokens=1000000"))
            client.until(b"data: ")
            client.reset()
        check("all descriptors come back", wait_until(lambda: server.descriptors() <= descriptors, 2 * SOON),
              f"{server.descriptors()} descriptors, {descriptors} before")
        check("the log knows", wait_until(lambda: server.log().count("client_gone") >= 50, SOON),
              f"{server.log().count('client_gone')} times client_gone")
        check("others are served", is_served(server))
        for data in [b"", b"GET /he", request("POST", CHAT, [("Content-Length", 100)]) + b"abc", post(chat_body("x"), echo="delay=100"),
                     b"GET /health HTTP/1.1\r\nbad header\r\n\r\n"]:
            client = Client(server)
            client.send(data)
            client.reset()
        time.sleep(0.3)
        check("reset in every state", wait_until(lambda: server.descriptors() <= descriptors, 2 * SOON) and is_served(server))


def test_half_close():
    with Server(log_level="info") as server:
        for name, data, text in [("completion", post(chat_body("half closed")), "half closed"),
                                 ("stream", stream("half closed"), "half closed"), ("health", get(), None),
                                 ("long stream", stream("word " * 20_000), "word " * 20_000)]:
            with Client(server) as client:
                client.send(data)
                client.finish_sending()
                try:
                    answer = client.response()
                    check(f"{name} is answered", answer.status == 200 and (text is None or answer.text() == text), repr(answer))
                    check(f"{name}: then closed", client.closed())
                except Closed as closed:
                    check(f"{name} is answered", False, f"closed with {closed.args[0][-100:]!r}")
        for name, data in [("a delayed stream", stream("x", "delay=20000")), ("a stalled stream", stream("a b c", "stall-after=1")),
                           ("a delayed completion", post(chat_body("x"), echo="delay=20000"))]:
            with Client(server) as client:
                client.send(data)
                client.finish_sending()
                started = time.monotonic()
                answer, ended = end_of(client, 10)
                check(f"{name} is dropped", answer is not None and b"[DONE]" not in answer, answer)
                within(f"{name}: at once", ended - started, 0, SOON)
        check("the log calls them gone", wait_until(lambda: server.log().count("client_gone") >= 3, SOON), server.log()[-500:])
        with Client(server) as client:
            client.send(get() + post(chat_body("second")) + stream("third"))
            client.finish_sending()
            try:
                answers = [client.response() for _ in range(3)]
                equal("pipelined, then half closed", [answer.status for answer in answers], [200] * 3)
            except Closed as closed:
                check("pipelined, then half closed", False, repr(closed))


def test_two_hundred_aborted():
    with Server() as server:
        clients = []
        for index in range(200):
            client = Client(server)
            client.send(stream("one two three", "stall-after=1" if index % 2 else "delay=60000"))
            clients.append(client)
        time.sleep(0.5)
        for client in clients:
            client.close()
        started = time.monotonic()
        equal("one is answered", ask(server, stream("after the storm")).text(), "after the storm")
        within("at once", time.monotonic() - started, 0, SOON)


def test_out_of_descriptors():
    with Server("--max-connections", 100_000, nofile=96) as server:
        with Client(server) as early:
            equal("before", early.ask(get(), "GET").status, 200)
            crowd = []
            for _ in range(200):
                try:
                    crowd.append(Client(server, timeout=5))
                except OSError:
                    break
            time.sleep(0.5)
            check("the server lives", server.alive(), server.log()[-500:])
            equal("an old connection is served meanwhile", early.ask(get(), "GET").status, 200)
            equal("and streams", early.ask(stream("still here", "interval=5")).text(), "still here")
            for client in crowd:
                client.close()
            check("new ones are served afterwards", wait_until(lambda: is_served(server), 10))
            busy = server.cpu_ticks()
            time.sleep(1)
            check("it does not spin", server.cpu_ticks() - busy < 60, f"{server.cpu_ticks() - busy} ticks in a second")
        check("the log is not flooded", len(server.log().splitlines()) < 500, f"{len(server.log().splitlines())} lines")


harness.main(globals())
