"""What a client sends in time, or takes slowly but steadily, counts: also when the server is late."""
import os
import signal
import socket
import time

import harness
from harness import Client, Server, chat_body, check, equal, get, post


def while_stopped(server, *actions):
    """Lets things happen while the server does not run, so that it sees all of them at once."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        for action in actions:
            action()
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def answer_of(client):
    try:
        return client.response().status
    except Exception as problem:  # whatever came instead is the finding
        return repr(problem)


def test_half_closed_client_of_a_long_answer():
    with Server() as server:
        for members in [{"max_tokens": 100000}, {"stop": "zz"}]:
            with Client(server) as client:
                client.send(post(chat_body("a " * 6000, **members)))
                client.socket.shutdown(socket.SHUT_WR)
                equal(f"answered with {members}", answer_of(client), 200)


def test_request_beside_the_idle_timer():
    with Server("--keep-alive-timeout", 0.5) as server, Client(server) as client:
        client.send(get())
        equal("the first one", answer_of(client), 200)
        while_stopped(server, lambda: client.send(get()), lambda: time.sleep(1))
        equal("sent in time", answer_of(client), 200)


def test_head_beside_its_timer():
    with Server("--head-timeout", 0.5) as server, Client(server) as client:
        client.send(get()[:10])
        time.sleep(0.2)
        while_stopped(server, lambda: client.send(get()[10:]), lambda: time.sleep(1))
        equal("completed in time", answer_of(client), 200)


def test_drain_answers_what_was_sent():
    with Server() as server:
        clients = []

        def connect():
            for _ in range(5):
                clients.append(Client(server))
                clients[-1].send(get())

        while_stopped(server, connect, lambda: server.signal(signal.SIGTERM))
        answers = [answer_of(client) for client in clients]
        check("all are answered", all(answer in (200, 503) for answer in answers), answers)
        for client in clients:
            client.close()


def test_steady_slow_reader():
    with Server("--write-stall-timeout", 1) as server, Client(server) as client:
        client.send(post(chat_body("x" * 20_000_000)))
        deadline = time.monotonic() + 4
        received = 0
        try:
            while time.monotonic() < deadline:
                got = len(client.socket.recv(20_000))
                if not got:
                    break
                received += got
                time.sleep(0.05)
        except OSError:
            pass
        check("is not cut while it reads", time.monotonic() >= deadline, f"cut after {received} bytes")


if __name__ == "__main__":
    harness.main(globals())
