"""Valid, invalid and doubtful JSON anywhere in a body, and strings that come back byte for byte."""
import json
import os

import harness
from harness import JSON_DATA, Client, Closed, Server, check, post

server = Server()
MESSAGES = b'"messages":[{"role":"user","content":"x"}]'
PLACES = [
    ("value of an unknown field", b'{"model":"echo",' + MESSAGES + b',"x":', b"}"),
    ("before the known fields", b'{"x":', b',"model":"echo",' + MESSAGES + b"}"),
    ("inside a message", b'{"model":"echo","messages":[{"role":"user","x":', b',"content":"x"}]}'),
    ("inside an ignored object", b'{"model":"echo",' + MESSAGES + b',"metadata":{"a":[0,', b"]}}"),
]


class Asker:
    """One connection for all questions: that it stays usable is part of the test."""

    def __init__(self):
        self.client = Client(server)

    def ask(self, body):
        try:
            return self.client.ask(post(body))
        except (Closed, OSError, ValueError) as problem:
            self.client.close()
            self.client = Client(server)
            raise RuntimeError(f"the connection ended: {problem!r}") from problem


def test_suite():
    folder = os.path.join(JSON_DATA, "JSONTestSuite")
    if not os.path.isdir(folder):
        harness.skip("JSONTestSuite", "its folder is not here")
        return
    asker = Asker()
    files = sorted(os.listdir(folder))
    check("the suite is whole", len(files) >= 318, len(files))
    for name in files:
        with open(os.path.join(folder, name), "rb") as file:
            value = file.read()
        whole(asker, name, value)
        for place, before, after in PLACES:
            embedded(asker, f"{name} as {place}", name[0], before + value + after)
    check("the server lives", server.alive() and asker.client.usable())


def whole(asker, name, value):
    """No file of the suite is a chat request: all are refused, the doubtful ones too."""
    try:
        answer = asker.ask(value)
        check(f"{name} as the body", answer.status == 400 and answer.error(), repr(answer))
    except RuntimeError as problem:
        check(f"{name} as the body", False, problem)


def embedded(asker, name, kind, body):
    try:
        answer = asker.ask(body)
    except RuntimeError as problem:
        check(name, False, problem)
        return
    if kind == "y":
        check(name, answer.status == 200, repr(answer))
    elif kind == "n":
        check(name, answer.status == 400 and answer.error(), f"{answer!r} to {body[:200]!r}")
    else:
        check(name, answer.status == 200 or (answer.status == 400 and answer.error()), repr(answer))


def test_naughty_strings():
    path = os.path.join(JSON_DATA, "blns.json")
    if not os.path.exists(path):
        harness.skip("naughty strings", "their file is not here")
        return
    with open(path, encoding="utf-8") as file:
        strings = json.load(file)
    asker = Asker()
    for index, text in enumerate(strings):
        for stream in (False, True):
            body = json.dumps({"model": "echo", "messages": [{"role": "user", "content": text}], "stream": stream},
                              ensure_ascii=index % 2 == 0).encode("utf-8")
            try:
                answer = asker.ask(body)
                check(f"string {index}, stream {stream}", answer.status == 200 and answer.text() == text,
                      f"{answer!r} to {text!r}")
            except (RuntimeError, ValueError) as problem:
                check(f"string {index}, stream {stream}", False, f"{problem} with {text!r}")


harness.main(globals())
