"""What the wire suites share: servers, a raw HTTP/1.1 client and the counting of checks.

A suite is a file of test_* functions closed by harness.main(). It is run as
    python3 test/wire/SUITE.py [BUILD] [NAME...]
where a NAME selects the test functions that contain it. Passed checks are printed with VERBOSE=1.
Standard library only; all traffic stays on 127.0.0.1.
"""
import atexit
import ctypes
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build")
BINARY = os.path.join(BUILD, "amazon-q-server")
JSON_DATA = os.path.join(ROOT, "..", "shared", "json-data")
VERBOSE = bool(os.environ.get("VERBOSE"))
CHAT = "/v1/chat/completions"

# Under a sanitizer the server is slower, by this factor, and its memory and processor time tell nothing.
SANITIZER = os.environ.get("SANITIZER")
SLOWNESS = float(os.environ.get("SLOWNESS", "1"))
# Everything that must come "at once" may take this long on a loaded machine.
SOON = 5.0 * SLOWNESS
PATIENCE = 20.0 * SLOWNESS
# Timers fire on a millisecond grid and the clocks of two processes are read at different moments.
GRID = 0.02

passed = failed = skipped = 0
current_test = ""


# --- checks -----------------------------------------------------------------------------------

def check(name, ok, detail=""):
    """Counts one check; tells about it when it failed."""
    global passed, failed
    if ok:
        passed += 1
        if VERBOSE:
            print(f"ok    {current_test}: {name}")
    else:
        failed += 1
        print(f"FAIL  {current_test}: {name}" + (f"\n      {shorten(detail)}" if detail != "" else ""))
    return bool(ok)


def equal(name, got, want):
    return check(name, got == want, f"got  {shorten(repr(got))}\n      want {shorten(repr(want))}")


def within(name, seconds, low, high):
    """A duration: exact below, generous above."""
    return check(name, low - GRID <= seconds <= high, f"took {seconds:.3f} s, expected {low} to {high}")


def cost(name, holds, detail=""):
    """A check of memory or processor time; `holds` is asked only where these are the server's own."""
    if SANITIZER:
        return skip(name, f"not to be measured under {SANITIZER}")
    return check(name, holds(), detail)


def skip(name, why):
    global skipped
    skipped += 1
    print(f"SKIP  {current_test}: {name}: {why}")


def shorten(text, most=700):
    text = str(text)
    return text if len(text) <= most else text[:most // 2] + f" …({len(text)} characters)… " + text[-most // 2:]


def main(tests):
    """Runs the test_* functions of a suite in their order and closes with the counts."""
    global current_test, failed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = sys.argv[2:]
    started = time.monotonic()
    for name, function in list(tests.items()):
        if not name.startswith("test_") or (wanted and not any(part in name for part in wanted)):
            continue
        current_test = name[len("test_"):]
        begin = time.monotonic()
        try:
            function()
        except Exception:  # a test that cannot go on has failed; the others still run
            failed += 1
            print(f"FAIL  {current_test}: " + traceback.format_exc(limit=-4).strip().replace("\n", "\n      "))
        if VERBOSE:
            print(f"      {current_test} took {time.monotonic() - begin:.1f} s")
    stop_all()
    if VERBOSE:
        print(f"      {time.monotonic() - started:.1f} s in all")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed else 0)


# --- servers ----------------------------------------------------------------------------------

servers = []


def die_with_parent():
    """In the child: a suite that is killed takes its servers along (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    """One server process on a port of its own. Later options win over the defaults."""

    def __init__(self, *options, workers=1, log_level="warn", nofile=None, env=None, host="127.0.0.1", base=True):
        self.log_file = tempfile.NamedTemporaryFile(prefix="amazon-q-log-", delete=False)
        self.out_file = tempfile.NamedTemporaryFile(prefix="amazon-q-out-", delete=False)
        command = [BINARY, "server"]
        if base:
            command += ["--backend", "echo", "--host", host, "--port", "0", "--workers", str(workers),
                        "--log-level", log_level]
        command += [str(option) for option in options]

        def prepare():
            die_with_parent()
            if nofile:
                resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))

        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out_file, stderr=self.log_file,
                                        env={**os.environ, **(env or {})}, preexec_fn=prepare)
        servers.append(self)
        self.pid = self.process.pid
        self.told_to_leave = False
        self.port = self.wait_for_port()

    def wait_for_port(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            match = re.search(r"http://[^\s/]*:(\d+)", self.stdout())
            if match:
                return int(match.group(1))
            if self.process.poll() is not None:
                raise RuntimeError(f"the server left with {self.process.returncode}: {self.log()}")
            time.sleep(0.01)
        raise RuntimeError(f"the server printed no address: {self.stdout()!r} {self.log()!r}")

    def stdout(self):
        return open(self.out_file.name, encoding="utf-8", errors="replace").read()

    def log(self):
        return open(self.log_file.name, encoding="utf-8", errors="surrogateescape").read()

    def wait_for_log(self, text, seconds=SOON):
        """The log once it contains `text`, or None."""
        return wait_until(lambda: text in self.log() and self.log(), seconds)

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        """A server that leaves without SIGTERM or SIGINT from here has failed: see stop."""
        self.told_to_leave |= number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)

    def wait_exit(self, seconds=SOON):
        """The exit code, or None when the server still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{self.pid}/status").read()).group(1))

    def cpu_ticks(self):
        """Processor time used so far, in hundredths of a second."""
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self):
        """Ends the server for good; a test that cares about the exit uses signal and wait_exit."""
        code = self.process.poll()
        left_untold = code is not None and not self.told_to_leave
        for patience in (0.5 * SLOWNESS, SOON):  # to drain; to leave when told a second time
            if code is None:
                self.signal(signal.SIGTERM)
                code = self.wait_exit(patience)
        if left_untold or code not in (0, 1):  # it gave up, a crash, a sanitizer's report, or it hangs
            check("the server leaves when told to, not otherwise", False, f"exit code {code}: {self.log()}")
            self.process.kill()
        self.process.wait()
        for file in (self.log_file, self.out_file):
            file.close()
            if os.path.exists(file.name):
                os.unlink(file.name)
        if self in servers:
            servers.remove(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def stop_all():
    for server in list(servers):
        server.stop()


atexit.register(stop_all)


def wait_until(condition, seconds=SOON, pause=0.02):
    """Polls until the condition holds; its value, or the last (false) one."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)


# --- requests ---------------------------------------------------------------------------------

def request(method, target, fields=(), body=None, version="1.1", host="127.0.0.1"):
    """A whole request. `fields`: list of (name, value). A body gets a Content-Length."""
    lines = [f"{method} {target} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def get(target="/health", fields=(), **more):
    return request("GET", target, fields, **more)


def chat_body(message="Hello", model="amazon-q", **members):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": message}], **members}).encode()


def post(body=None, fields=(), target=CHAT, echo=None, **more):
    """A chat request; `echo` is the value of the x-echo field that scripts the backend."""
    body = chat_body() if body is None else body
    extra = [("Content-Type", "application/json")] + ([("x-echo", echo)] if echo else [])
    return request("POST", target, list(fields) + extra, body, **more)


def stream(message="Hello", echo=None, fields=(), **members):
    """The same, streamed."""
    return post(chat_body(message, stream=True, **members), fields, echo=echo)


def post_chunked(chunks, fields=(), target=CHAT, trailers=b""):
    """A chat request in chunks; trailers are raw lines."""
    head = request("POST", target, list(fields) + [("Transfer-Encoding", "chunked")])
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + trailers + b"\r\n"


# --- answers ----------------------------------------------------------------------------------

class Closed(Exception):
    """The peer closed where an answer was expected; args[0] holds what had come."""


class Response:
    def __init__(self, head, interim):
        lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.([01]) (\d{3}) ?(.*)", lines[0])
        if not match:
            raise ValueError(f"not a status line: {lines[0]!r}")
        self.head = head
        self.version, self.status, self.reason = match.group(1), int(match.group(2)), match.group(3)
        self.fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        self.interim = interim  # statuses of 1xx answers before this one
        self.body = b""
        self.chunks = []        # the sizes of the chunks, when it is chunked

    def field(self, name):
        """The value of a field, joined when repeated; None when absent."""
        values = [value for key, value in self.fields if key == name.lower()]
        return ", ".join(values) if values else None

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def error(self):
        """The error object, or None when the body is not one in full."""
        try:
            error = self.json()["error"]
        except (ValueError, KeyError, TypeError):
            return None
        whole = isinstance(error, dict) and list(error) == ["message", "type", "param", "code"]
        typed = whole and isinstance(error["message"], str) and error["message"] and isinstance(error["type"], str)
        nullable = typed and all(error[key] is None or isinstance(error[key], str) for key in ("param", "code"))
        return error if nullable else None

    def events(self):
        """The data of all events of a stream, as text; raises on anything that is not the contract's framing."""
        text = self.body.decode("utf-8")
        if not text.endswith("\n\n"):
            raise ValueError(f"the stream does not end with a blank line: {text[-100:]!r}")
        events = []
        for block in text[:-2].split("\n\n"):
            if block == ": ping":
                continue
            if not block.startswith("data: ") or "\n" in block:
                raise ValueError(f"not an event: {block!r}")
            events.append(block[len("data: "):])
        return events

    def frames(self):
        """The JSON of all events but the closing [DONE], which must be there."""
        events = self.events()
        if events[-1] != "[DONE]" or "[DONE]" in events[:-1]:
            raise ValueError(f"[DONE] is not the last event: {events[-3:]}")
        return [json.loads(event) for event in events[:-1]]

    def text(self, index=0):
        """The joined deltas of one choice of a stream, or the content of a completion."""
        if (self.field("content-type") or "").startswith("text/event-stream"):
            return "".join(choice["delta"].get("content") or "" for frame in self.frames()
                           for choice in frame.get("choices", []) if choice["index"] == index)
        return self.json()["choices"][index]["message"]["content"]

    def finish(self, index=0):
        """The finish_reason of one choice; of a stream a list of all that came."""
        if (self.field("content-type") or "").startswith("text/event-stream"):
            return [choice["finish_reason"] for frame in self.frames() for choice in frame.get("choices", [])
                    if choice["index"] == index and choice["finish_reason"] is not None]
        return self.json()["choices"][index]["finish_reason"]

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Client:
    """A connection that sends exactly the bytes it is given and reads answers strictly."""

    def __init__(self, server, timeout=PATIENCE, receive_buffer=None):
        port = server.port if isinstance(server, Server) else server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = bytearray()  # read and not yet taken; cheap to cut at the front
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.socket.sendall(data)

    def send_all_possible(self, data):
        """Sends until the peer resists; how many bytes went."""
        sent = 0
        try:
            while sent < len(data):
                sent += self.socket.send(data[sent:sent + 65536])
        except OSError:
            pass
        return sent

    def fill(self):
        """Reads once; false at the end of the connection."""
        if self.ended:
            return False
        try:
            data = self.socket.recv(1 << 20)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.ended = True
            return False
        self.pending += data
        return True

    def take(self, count):
        data = bytes(self.pending[:count])
        del self.pending[:count]
        return data

    def until(self, mark):
        """Everything up to and including the mark."""
        while mark not in self.pending:
            if not self.fill():
                raise Closed(bytes(self.pending))
        return self.take(self.pending.index(mark) + len(mark))

    def exactly(self, count):
        while len(self.pending) < count:
            if not self.fill():
                raise Closed(bytes(self.pending))
        return self.take(count)

    def rest(self):
        """Everything up to the end of the connection."""
        while self.fill():
            pass
        return self.take(len(self.pending))

    def head(self):
        """The head of the next answer; its body is still to be read."""
        interim = []
        while True:
            response = Response(self.until(b"\r\n\r\n")[:-4], interim)
            if response.status >= 200:
                return response
            interim.append(response.status)

    def read_body(self, response):
        if response.field("transfer-encoding") == "chunked":
            parts = []
            while True:
                line = self.until(b"\r\n")
                if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}\r\n", line):
                    raise ValueError(f"not a chunk size: {line!r}")
                size = int(line, 16)
                response.chunks.append(size)
                data = self.exactly(size + 2)
                if data[-2:] != b"\r\n":
                    raise ValueError(f"a chunk does not end with CRLF: {data[-20:]!r}")
                if size == 0:
                    break
                parts.append(data[:-2])
            response.body = b"".join(parts)
        elif response.field("content-length") is not None:
            response.body = self.exactly(int(response.field("content-length")))
        else:
            response.body = self.rest()

    def response(self, to="GET"):
        """The next answer with its body; `to` is the method it answers."""
        response = self.head()
        if to != "HEAD" and response.status not in (204, 304):
            self.read_body(response)
        return response

    def ask(self, data, to="POST"):
        self.send(data)
        return self.response(to)

    def closed(self, seconds=SOON):
        """Whether the peer closes (FIN or RST) without sending anything more."""
        if self.pending:
            return False
        self.socket.settimeout(seconds)
        try:
            return not self.fill()
        except (socket.timeout, TimeoutError):
            return False
        finally:
            self.socket.settimeout(PATIENCE)

    def usable(self):
        """Whether another request is answered on this connection."""
        try:
            return self.ask(get(), "GET").status == 200
        except (OSError, Closed, ValueError):
            return False


def ask(server, data, to="POST"):
    """One request on a connection of its own."""
    with Client(server) as client:
        return client.ask(data, to)


def is_served(server):
    """Whether a new connection gets an answer."""
    try:
        return ask(server, get(), "GET").status == 200
    except (OSError, Closed, ValueError):
        return False


def warm(server, count):
    """Lets buffers and caches reach their size, so that growth afterwards means something."""
    for _ in range(count):
        ask(server, post(chat_body("warm")))
        ask(server, stream("warm"))


# --- common shapes of tests -------------------------------------------------------------------

def refused(name, server, data, status, closes=True, keep_sending=False):
    """Sends raw bytes; expects an error object with the status, and the state of the connection."""
    wanted = status if isinstance(status, tuple) else (status,)
    with Client(server) as client:
        client.send_all_possible(data) if keep_sending else client.send(data)
        try:
            response = client.response()
        except Closed as closed:
            check(name, False, f"closed without an answer, expected {wanted}; had {closed.args[0]!r}; sent {data!r}")
            return None
        except (socket.timeout, TimeoutError):
            check(name, False, f"no answer, expected {wanted}; sent {data!r}")
            return None
        if not check(name, response.status in wanted, f"got {response}, expected {wanted}; sent {shorten(repr(data))}"):
            return response
        check(name + ": error object", response.error(), repr(response))
        if closes:
            equal(name + ": announces the close", (response.field("connection") or "").lower(), "close")
            check(name + ": closed", client.closed(), f"after {response}; sent {shorten(repr(data))}")
        elif closes is False:
            check(name + ": usable afterwards", client.usable(), f"after {response}; sent {shorten(repr(data))}")
        return response


def served(name, server, data, to="POST", status=200, usable=True):
    """Sends raw bytes; expects an answer, after which the connection is usable (or None: whatever)."""
    with Client(server) as client:
        client.send(data)
        try:
            response = client.response(to)
        except (Closed, OSError, ValueError) as problem:
            check(name, False, f"{problem!r}; sent {shorten(repr(data))}")
            return None
        check(name, response.status == status, f"got {response}; sent {shorten(repr(data))}")
        if usable is True:
            check(name + ": usable afterwards", client.usable(), f"sent {shorten(repr(data))}")
        elif usable is False:
            check(name + ": closed", client.closed(), f"sent {shorten(repr(data))}")
        return response
