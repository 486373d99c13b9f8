"""What clients can make the server spend: memory, descriptors, processor time; all of it must come back."""
import json
import re
import time

import harness
from harness import (CHAT, PATIENCE, SOON, Client, Closed, Server, ask, chat_body, check, cost, equal, get, is_served, post, post_chunked, request,
                     stream, wait_until, warm, within)


def test_thousands_of_connections():
    with Server() as server:
        storm(server, 500)
        check("settled", wait_until(lambda: server.descriptors() < 40, 2 * SOON), f"{server.descriptors()} descriptors")
        descriptors, memory = server.descriptors(), server.rss_kib()
        storm(server, 3000)
        check("all descriptors come back", wait_until(lambda: server.descriptors() <= descriptors, 2 * SOON),
              f"{server.descriptors()} descriptors, {descriptors} before")
        growth = server.rss_kib() - memory
        cost("memory comes back", lambda: growth < 3 * 1024, f"{growth} KiB more after 3,000 connections")


def storm(server, count):
    """Connections that come and go in every manner."""
    manners = [b"", b"GET /hea", get(), post(chat_body("x")), stream("a b c"), post(chat_body("x"))[:-10],
               b"GET /health HTTP/1.1\r\nbad header\r\n\r\n", stream("a b c", "stall-after=1"), get(fields=[("Connection", "close")])]
    for index in range(count):
        with Client(server) as client:
            data = manners[index % len(manners)]
            if data:
                client.send(data)
            if index % 3 == 0 and data.endswith(b"\r\n\r\n") and b"bad" not in data:
                client.head()
            if index % 5 == 0:
                client.reset()


def test_idle_connections_are_small():
    with Server() as server:
        warm(server, 5)
        memory = server.rss_kib()
        clients = [Client(server) for _ in range(500)]
        for client in clients:
            client.ask(post(chat_body("x" * 20_000)))
        growth = server.rss_kib() - memory
        cost("500 idle connections after 20 KB requests", lambda: growth < 8 * 1024, f"{growth} KiB")
        for client in clients:
            client.close()


def test_thousand_streams():
    with Server() as server:
        warm(server, 20)
        memory = server.rss_kib()
        clients = [Client(server) for _ in range(1000)]
        for client in clients:
            client.send(stream("one two three", "delay=3000;interval=100"))
        time.sleep(1)
        growth = server.rss_kib() - memory
        cost("a stream that waits is small", lambda: growth < 6 * 1024, f"{growth} KiB for 1,000")
        wrong = sum(client.response().text() != "one two three" for client in clients)
        equal("all are served", wrong, 0)
        for client in clients:
            client.close()


def test_many_faults():
    """A body full of faults costs about what a good one of its size costs: only the first one is told."""
    with Server() as server:
        warm(server, 3)
        for name, member, word in [("wrong types", b'"tools":[%s1]' % (b"1," * 8_000_000), "tools[0]"),
                                   ("wrong roles", b'"messages":[{%s"role":1}]' % (b'"role":1,' * 1_700_000), "messages[0].role"),
                                   ("numbers out of range", b'%s"n":0' % (b'"max_tokens":0,' * 1_000_000), "max_tokens"),
                                   ("wrong values", b'%s"n":1' % (b'"tool_choice":"x",' * 800_000), "tool_choice")]:
            before = server.cpu_ticks()
            answer = ask(server, post(b'{"model":"echo",' + member + b"}"))
            ticks = server.cpu_ticks() - before
            check(f"{name}: told", answer.status == 400, repr(answer)[:300])
            cost(f"{name}: the time", lambda: ticks < 40, f"{ticks} ticks for {len(member) >> 20} MiB")


def test_large_bodies():
    with Server() as server:
        warm(server, 3)
        memory = server.rss_kib()
        frame = len(chat_body("")) + len('"x"') - 3
        text = "x" * (32 * 1024 * 1024 - frame)
        with Client(server, timeout=3 * PATIENCE) as client:
            data = post(chat_body(text))
            answer = client.ask(data)
            check("32 MiB are served", answer.status == 200 and answer.text() == text, repr(answer)[:300])
            check("32 MiB: usable afterwards", client.usable())
        cost("their memory is given back", lambda: wait_until(lambda: server.rss_kib() < memory + 24 * 1024, 5),
             f"more than 24 MiB above {memory} KiB")
        with Client(server) as client:
            started = time.monotonic()
            client.send(request("POST", CHAT, [("Content-Length", 33 * 1024 * 1024)]))
            answer = client.response()
            equal("33 MiB declared: 413", answer.status, 413)
            within("33 MiB declared: at once", time.monotonic() - started, 0, SOON)
        with Client(server) as client:
            client.send(request("POST", CHAT, [("Transfer-Encoding", "chunked")]))
            client.send_all_possible((b"100000\r\n" + b" " * (1 << 20) + b"\r\n") * 33)
            try:
                equal("33 chunks of 1 MiB: 413", client.response().status, 413)
            except (Closed, OSError) as problem:
                # After the linger's megabyte the connection may be reset under a client that goes on.
                check("33 chunks of 1 MiB: refused", isinstance(problem, (Closed, ConnectionResetError)), repr(problem))
        check("the server lives", is_served(server))
        parts = [{"type": "text", "text": "y" * 1000} for _ in range(5000)]
        body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": parts}]}).encode()
        check("5,000 parts", ask(server, post(body)).text() == "y" * 5_000_000)


def test_memory_comes_back():
    """Large requests in a row, of every shape that needs memory of its own."""
    for name, status, data in [
        ("30 MB of words", 200, post(chat_body("word " * 6_000_000))),
        ("30 MB streamed", 200, stream("x" * 15 + " word" * 1_000_000)),
        ("27 MB of small arrays", 200, post(chat_body("x")[:-1] + b',"x":[' + b"[[[[]]]]," * 3_000_000 + b"1]}")),
        ("600,000 parts", 200, post(json.dumps({"model": "echo", "messages": [
            {"role": "user", "content": [{"type": "text", "text": "y"}] * 600_000}]}).encode())),
        ("30 MB, not JSON", 400, post(chat_body("x" * 30_000_000)[:-1])),
        ("8 choices of 4 MB", 200, post(chat_body("x" * 4_000_000, n=8))),
    ]:
        with Server() as server:
            warm(server, 3)
            memory = server.rss_kib()
            statuses = [ask(server, data).status for _ in range(3)]
            equal(f"{name}: answers", statuses, [status] * 3)
            cost(name, lambda: wait_until(lambda: server.rss_kib() < memory + 24 * 1024, 3),
                 f"more than 24 MiB above {memory} KiB after answers {statuses}")
    with Server() as server:
        ask(server, post(chat_body("x" * 30_000_000, n=8)))
        peak = int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{server.pid}/status").read()).group(1)) // 1024
        cost("8 choices of 30 MB are not all held", lambda: peak < 300, f"{peak} MiB at the peak")


def test_costly_requests():
    """Cheap for the client, dear for the server: each must stay in proportion to its bytes."""
    with Server() as server:
        for name, data in [
            ("a long stop string that nearly matches", post(chat_body("a" * 1_000_000, stop="a" * 100_000 + "b"))),
            ("the same, streamed", stream("a" * 300_000, stop="a" * 100_000 + "b")),
            ("four of them", post(chat_body("a" * 300_000, stop=["a" * 50_000 + end for end in "bcde"]))),
            ("chunks of one byte", post_chunked([bytes([byte]) for byte in chat_body("x" * 500_000)])),
            ("a million names", post(chat_body("x")[:-1] + b"," + b'"k":1,' * 1_000_000 + b'"z":1}')),
            ("a million escapes", post(b'{"model":"echo","messages":[{"role":"user","content":"' + rb"\u0041" * 1_000_000 + b'"}]}')),
            ("numbers of a million digits", post(chat_body("x")[:-1] + b',"x":' + b"9" * 1_000_000 + b',"temperature":0.' +
                                                 b"1" * 1_000_000 + b"}")),
            ("10,000 messages and 8 choices", post(json.dumps({"model": "echo", "n": 8, "messages": [
                {"role": "user", "content": "x y z"}] * 10_000}).encode())),
            ("a field of 8,000 commas", get(fields=[("Connection", "," * 8000)])),
        ]:
            before = server.cpu_ticks()
            answer = ask(server, data)
            ticks = server.cpu_ticks() - before
            check(f"{name}: answered", answer.status in (200, 400), f"status {answer.status}")
            cost(name, lambda: ticks < 100, f"{ticks * 10} ms of processor time")


def test_greedy_pipelining():
    """A client that sends requests without reading answers is held back, not stored."""
    with Server() as server:
        warm(server, 5)
        memory = server.rss_kib()
        with Client(server, timeout=1, receive_buffer=4096) as client:
            sent = client.send_all_possible(post(chat_body("x" * 200)) * 200_000)
            check("held back", sent < 60_000_000, f"{sent} bytes taken")
            growth = server.rss_kib() - memory
            cost("memory is bounded", lambda: growth < 4 * 1024, f"{growth} KiB")
            check("others are served", is_served(server))


harness.main(globals())
