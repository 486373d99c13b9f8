"""HTTP/1.1 framing: what is refused and how, what is served, and the state of the connection afterwards."""
import json
import re
import socket
import time

import harness
from harness import (CHAT, Client, Closed, Server, ask, chat_body, check, equal, get, post, post_chunked, refused,
                     request, served)

server = Server()
BODY = chat_body("framing")
LENGTH = b"%d" % len(BODY)


def head(*lines, target=CHAT, method=b"POST", version=b"HTTP/1.1", host=b"Host: x\r\n"):
    """A raw request head; `lines` are field lines without their CRLF."""
    return method + b" " + target.encode() + b" " + version + b"\r\n" + host + b"".join(
        line + b"\r\n" for line in lines) + b"\r\n"


def with_length(*lines):
    return head(b"Content-Length: " + LENGTH, *lines) + BODY


def with_chunks(size_line, data=BODY, end=b"\r\n0\r\n\r\n"):
    return head(b"Transfer-Encoding: chunked") + size_line + b"\r\n" + data + end


CHUNKED_BODY = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def test_request_line():
    for name, data, status in [
        ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n\r\n", (400, 501)),
        ("binary", bytes(range(1, 256)) + b"\r\n\r\n", (400, 501)),
        ("one word", b"hello\r\n\r\n", (400, 501)),
        ("two words", b"GET /health\r\nHost: x\r\n\r\n", (400, 505)),
        ("no target", b"GET HTTP/1.1\r\nHost: x\r\n\r\n", (400, 505)),
        ("target without slash", b"GET health HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("NUL in the target", b"GET /he\x00alth HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("space in the target", b"GET /he alth HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("bare CR in the request line", b"GET /health\rx HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("bare LF after the request line", b"GET /health HTTP/1.1\nHost: x\r\n\r\n", 400),
        ("nothing but LF", b"GET /health HTTP/1.1\nHost: x\n\n", 400),
        ("version word in lower case", b"GET /health http/1.1\r\nHost: x\r\n\r\n", (400, 505)),
        ("version without a minor", b"GET /health HTTP/1\r\nHost: x\r\n\r\n", (400, 505)),
        ("version of two digits", b"GET /health HTTP/1.10\r\nHost: x\r\n\r\n", (400, 505)),
        ("version with a letter", b"GET /health HTTP/1.x\r\nHost: x\r\n\r\n", (400, 505)),
        ("word after the version", b"GET /health HTTP/1.1 x\r\nHost: x\r\n\r\n", (400, 505)),
        ("unknown method", head(method=b"FROBNICATE", target="/health"), (400, 501)),
        ("method in lower case", head(method=b"get", target="/health"), (400, 501)),
        ("very long method", head(method=b"A" * 3000, target="/health"), (400, 501, 431)),
    ]:
        refused(name, server, data, status)


def test_unknown_method_is_501():
    refused("unknown method", server, head(method=b"BREW", target="/health"), 501)
    refused("long unknown method", server, head(method=b"VERYLONGMETHODNAMEINDEED", target="/health"), 501)


def test_versions():
    for version, status in [(b"HTTP/0.9", 505), (b"HTTP/2.0", 505), (b"HTTP/3.0", 505), (b"HTTP/9.9", (400, 505)),
                            (b"RTSP/1.0", (400, 505)), (b"ICE/1.0", (400, 505)), (b"HTTPS/1.1", (400, 505)),
                            (b"HTP/1.1", (400, 505))]:
        refused(f"GET with {version.decode()}", server, head(target="/health", method=b"GET", version=version), status)
        refused(f"POST with {version.decode()}", server,
                head(b"Content-Length: " + LENGTH, version=version) + BODY, status)
    refused("POST without a version", server, b"POST " + CHAT.encode() + b"\r\nHost: x\r\n\r\n", (400, 505))
    refused("HTTP/2 preface", server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 501, 505))
    refused("RTSP method", server, b"DESCRIBE /health RTSP/1.0\r\nHost: x\r\n\r\n", (400, 405, 501, 505))


def test_blank_lines_before_the_request():
    for count in range(0, 5):
        served(f"{count} blank lines", server, b"\r\n" * count + get(), "GET")
    refused("5 blank lines", server, b"\r\n" * 5 + get(), 400)
    refused("1,000 blank lines", server, b"\r\n" * 1000 + get(), 400)
    with Client(server) as client:
        for count in range(3):
            equal("blank lines between requests", client.ask(b"\r\n\r\n" + get(), "GET").status, 200)


def test_fields():
    for name, data in [
        ("space before the colon", with_length(b"X-A : b")),
        ("tab before the colon", with_length(b"X-A\t: b")),
        ("Content-Length with a space before the colon", head(b"Content-Length : " + LENGTH) + BODY),
        ("Transfer-Encoding with a space before the colon", head(b"Transfer-Encoding : chunked") + CHUNKED_BODY),
        ("no colon", with_length(b"XA")),
        ("empty name", with_length(b": b")),
        ("space in a name", with_length(b"X A: b")),
        ("NUL in a name", with_length(b"X\0A: b")),
        ("control character in a name", with_length(b"X\x01A: b")),
        ("non-ASCII name", with_length(b"X\xe9: b")),
        ("parenthesis in a name", with_length(b"X(A): b")),
        ("NUL in a value", with_length(b"X-A: b\0c")),
        ("bare CR in a value", with_length(b"X-A: b\rc")),
        ("bare CR at the end of a value", with_length(b"X-A: b\r")),
        ("bare CR hides a field", head(b"X:\rTransfer-Encoding: chunked") + CHUNKED_BODY),
        ("bare CR after an empty value", with_length(b"X:\r")),
        ("head ended by a bare CR", b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: x\r\n\rTransfer-Encoding: chunked"
                                    b"\r\n\r\n" + CHUNKED_BODY),
        ("bare LF as line end", b"POST " + CHAT.encode() + b" HTTP/1.1\r\nHost: x\nContent-Length: " + LENGTH +
                                b"\r\n\r\n" + BODY),
        ("bare LF ends the head", b"GET /health HTTP/1.1\r\nHost: x\r\n\n"),
        ("obs-fold", with_length(b"X-A: b\r\n c")),
        ("obs-fold with a tab", with_length(b"X-A: b\r\n\tc")),
        ("obs-fold in Host", b"GET /health HTTP/1.1\r\nHost: a\r\n Content-Length: 3\r\n\r\n"),
        ("obs-fold in Transfer-Encoding", head(b"Transfer-Encoding:\r\n chunked") + CHUNKED_BODY),
        ("space before the first field", b"GET /health HTTP/1.1\r\n Host: x\r\n\r\n"),
        ("tab before the first field", b"GET /health HTTP/1.1\r\n\tX: y\r\nHost: x\r\n\r\n"),
    ]:
        refused(name, server, data, 400)
    for name, line in [("empty value", b"X-A:"), ("no space after the colon", b"X-A:b"),
                       ("tabs around a value", b"X-A:\t\tb\t"), ("Latin-1 in a value", b"X-A: caf\xe9"),
                       ("UTF-8 in a value", "X-A: 漢字".encode()), ("token characters", b"!#$%&'*+-.^_`|~09az: b"),
                       ("colons in a value", b"X-A: b:c::d")]:
        served(name, server, with_length(line))


def test_control_characters_in_values():
    for code in [1, 2, 7, 8, 11, 12, 14, 27, 31, 127]:
        refused(f"character {code:#x}", server, with_length(b"X-A: b" + bytes([code]) + b"c"), 400)


def test_host():
    for name, lines in [
        ("missing", b""),
        ("twice, equal", b"Host: x\r\nHost: x\r\n"),
        ("twice, different", b"Host: x\r\nHost: y\r\n"),
        ("twice, case", b"Host: x\r\nHOST: x\r\n"),
        ("space", b"Host: a b\r\n"),
        ("tab", b"Host: a\tb\r\n"),
        ("slash", b"Host: a/b\r\n"),
        ("user", b"Host: user@a\r\n"),
        ("open bracket", b"Host: [::1\r\n"),
        ("bracket without an address", b"Host: [\r\n"),
        ("non-numeric port", b"Host: a:b\r\n"),
        ("port with a sign", b"Host: a:-1\r\n"),
        ("two ports", b"Host: a:1:2\r\n"),
        ("comma", b"Host: a, b\r\n"),
        ("question mark", b"Host: a?b\r\n"),
        ("number sign", b"Host: a#b\r\n"),
        ("backslash", b"Host: a\\b\r\n"),
        ("non-ASCII", b"Host: caf\xe9\r\n"),
    ]:
        refused(name, server, head(target="/health", method=b"GET", host=lines), 400)
        refused(name + " (POST)", server, head(b"Content-Length: " + LENGTH, host=lines) + BODY, 400)
    refused("twice in HTTP/1.0", server, head(target="/health", method=b"GET", version=b"HTTP/1.0",
                                              host=b"Host: x\r\nHost: y\r\n"), 400)
    refused("missing with an absolute target", server,
            head(target="http://x/health", method=b"GET", host=b""), 400)
    for value in [b"example.com", b"example.com:80", b"127.0.0.1:8080", b"[::1]", b"[::1]:8080", b"a_b-c.d", b"localhost",
                  b"xn--caf-dma.example", b"A.B:1", b"x%41y"]:
        served(f"Host {value.decode()}", server, head(target="/health", method=b"GET", host=b"Host: " + value + b"\r\n"),
               "GET")
    served("lower case name", server, head(target="/health", method=b"GET", host=b"host:x\r\n"), "GET")


def test_targets():
    served("absolute form", server, head(target="http://other.example/health", method=b"GET"), "GET")
    served("absolute form with a port", server, head(target="http://other.example:81/health", method=b"GET"), "GET")
    served("absolute form, https", server, head(target="https://other.example/health", method=b"GET"), "GET")
    served("absolute form with a query", server, head(target="http://other.example/health?a=b", method=b"GET"), "GET")
    served("absolute form without a path", server, head(target="http://other.example", method=b"GET"), "GET", 404, None)
    served("absolute form, POST", server,
           head(b"Content-Length: " + LENGTH, target="http://other.example" + CHAT) + BODY)
    served("query", server, get("/health?x=1&y=%20"), "GET")
    served("query on POST", server, post(target=CHAT + "?api-version=2024-02-01"))
    served("empty query", server, get("/health?"), "GET")
    served("OPTIONS *", server, request("OPTIONS", "*"), "OPTIONS", 204)
    refused("GET *", server, get("*"), (400, 404), closes=None)
    served("8,000 octets", server, get("/health?" + "a" * 7992), "GET")
    refused("9,000 octets", server, get("/health?" + "a" * 9000), 414)
    refused("30,000 octets", server, get("/" + "a" * 30000), 414)
    refused("100,000 octets without an end", server, b"GET /" + b"a" * 100000, 414, keep_sending=True)
    for target in ["/v1/../health", "//health", "/health/", "/v1/models/../../health", "/%2e%2e/health", "/HEALTH",
                   "/health%00", "/v1/chat/completions/", "/v1/chat/completions%0d%0aX:y", "/v1//models"]:
        answer = ask(server, get(target), "GET")
        check(f"GET {target}", answer.status in (200, 400, 404, 405), repr(answer))
        check(f"GET {target}: no field injected", answer.field("x") is None, repr(answer.head))


def test_transfer_encoding():
    for name, lines in [
        ("gzip", [b"Transfer-Encoding: gzip"]),
        ("gzip, chunked", [b"Transfer-Encoding: gzip, chunked"]),
        ("chunked, gzip", [b"Transfer-Encoding: chunked, gzip"]),
        ("chunked twice", [b"Transfer-Encoding: chunked, chunked"]),
        ("cow", [b"Transfer-Encoding: cow"]),
        ("cow, chunked", [b"Transfer-Encoding: cow, chunked"]),
        ("two fields, gzip first", [b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"]),
        ("two fields, chunked first", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: cow"]),
        ("two fields, both chunked", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"]),
        ("identity", [b"Transfer-Encoding: identity"]),
        ("identity, chunked", [b"Transfer-Encoding: identity, chunked"]),
        ("xchunked", [b"Transfer-Encoding: xchunked"]),
        ("chunkedx", [b"Transfer-Encoding: chunkedx"]),
        ("chunk", [b"Transfer-Encoding: chunk"]),
        ("chunk ed", [b"Transfer-Encoding: chunk ed"]),
        ("quoted", [b'Transfer-Encoding: "chunked"']),
        ("parameter", [b"Transfer-Encoding: chunked;q=1"]),
        ("semicolon", [b"Transfer-Encoding: chunked;"]),
        ("trailing comma", [b"Transfer-Encoding: chunked,"]),
        ("leading comma", [b"Transfer-Encoding: ,chunked"]),
        ("empty", [b"Transfer-Encoding:"]),
        ("vertical tab", [b"Transfer-Encoding: \x0bchunked"]),
        ("form feed after", [b"Transfer-Encoding: chunked\x0c"]),
        ("NUL after", [b"Transfer-Encoding: chunked\0"]),
        ("no-break space", [b"Transfer-Encoding: \xa0chunked"]),
        ("bare CR", [b"Transfer-Encoding: \rchunked"]),
        ("bare LF", [b"Transfer-Encoding:\nchunked"]),
        ("dotless letters", ["Transfer-Encoding: chunKed".replace("K", "\u212a").encode()]),
    ]:
        refused(name, server, head(*lines) + CHUNKED_BODY + get(), (400, 501))
    for name, line in [("upper case", b"Transfer-Encoding: CHUNKED"), ("mixed case", b"tRANSFER-eNCODING: ChUnKeD"),
                       ("no space", b"Transfer-Encoding:chunked"), ("spaces", b"Transfer-Encoding:   chunked  "),
                       ("tab", b"Transfer-Encoding:\tchunked\t")]:
        served(name, server, head(line) + CHUNKED_BODY)


def test_transfer_encoding_with_content_length():
    for name, lines in [
        ("CL.TE", [b"Content-Length: " + LENGTH, b"Transfer-Encoding: chunked"]),
        ("TE.CL", [b"Transfer-Encoding: chunked", b"Content-Length: " + LENGTH]),
        ("CL 0", [b"Content-Length: 0", b"Transfer-Encoding: chunked"]),
        ("TE, CL 0", [b"Transfer-Encoding: chunked", b"Content-Length: 0"]),
        ("CL, obfuscated TE", [b"Content-Length: " + LENGTH, b"Transfer-Encoding: xchunked"]),
        ("CL, identity", [b"Content-Length: " + LENGTH, b"Transfer-Encoding: identity"]),
        ("CL, TE with a vertical tab", [b"Content-Length: " + LENGTH, b"Transfer-Encoding:\x0bchunked"]),
    ]:
        refused(name, server, head(*lines) + CHUNKED_BODY + get(), (400, 501))
    # An underscore makes another field of it: framed by the length, and exactly one answer.
    served("Transfer_Encoding is another field", server, with_length(b"Transfer_Encoding: chunked"))


def test_one_answer_to_smuggling():
    """A refused request must not let the bytes after it be taken for a request."""
    for name, data in [
        ("CL.TE", head(b"Content-Length: 6", b"Transfer-Encoding: chunked") + b"0\r\n\r\nG" + get()),
        ("TE in HTTP/1.0", head(b"Transfer-Encoding: chunked", b"Connection: keep-alive", version=b"HTTP/1.0") +
         CHUNKED_BODY + get()),
        ("differing lengths", head(b"Content-Length: 5", b"Content-Length: 6") + b"hello" + get()),
        ("bad chunk size", with_chunks(b"5x", b"hello") + get()),
        ("malformed head", head(b"bad header", method=b"GET", target="/health") + get()),
    ]:
        with Client(server) as client:
            client.send(data)
            everything = client.rest()
            equal(name, everything.count(b"HTTP/1."), 1)
            check(name + ": an error", re.match(rb"HTTP/1\.1 (400|501|505) ", everything), everything[:80])


def test_http10():
    refused("Transfer-Encoding", server, head(b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + CHUNKED_BODY, 400)
    answer = served("without Host", server, head(target="/health", method=b"GET", version=b"HTTP/1.0", host=b""), "GET",
                    usable=False)
    check("not chunked", answer and answer.field("transfer-encoding") is None, answer and answer.head)
    served("with Connection: close", server,
           head(b"Connection: close", target="/health", method=b"GET", version=b"HTTP/1.0"), "GET", usable=False)
    served("without keep-alive, chat", server, post(BODY, version="1.0"), usable=False)
    with Client(server) as client:
        for turn in range(3):
            answer = client.ask(post(BODY, [("Connection", "keep-alive")], version="1.0"))
            equal(f"keep-alive {turn}: status", answer.status, 200)
            check(f"keep-alive {turn}: length", answer.field("content-length"), answer.head)
            equal(f"keep-alive {turn}: announced", (answer.field("connection") or "").lower(), "keep-alive")
    served("keep-alive in HTTP/1.1", server, post(BODY, [("Connection", "keep-alive")]))


def test_content_length():
    for value in [b"abc", b"-1", b"+5", b"5 5", b"5, 6", b"5,5", b"0x5", b"5.0", b"1e2", b"", b"5\0", b"5;", b"\xb2",
                  b"\xef\xbc\x95", b"'5'"]:
        refused(f"length {value!r}", server, head(b"Content-Length: " + value) + b"hello" + get(), 400)
    for value in [b"18446744073709551616", b"18446744073709551617", b"99999999999999999999999999",
                  b"9223372036854775808", b"184467440737095516160"]:
        refused(f"length {value.decode()}", server, head(b"Content-Length: " + value) + b"hello", (400, 413))
    refused("differing lengths", server, head(b"Content-Length: 5", b"Content-Length: 6") + b"hello", 400)
    refused("equal lengths", server, head(b"Content-Length: " + LENGTH, b"Content-Length: " + LENGTH) + BODY, 400)
    refused("lengths in two spellings", server, head(b"Content-Length: 5", b"content-length: 05") + b"hello", 400)
    served("spaces around", server, head(b"Content-Length:   " + LENGTH + b"  ") + BODY)
    served("leading zeros", server, head(b"Content-Length: 00" + LENGTH) + BODY)


def test_short_body():
    with Client(server) as client:
        client.send(head(b"Content-Length: 500") + b'{"model":')
        client.finish_sending()
        answer = client.rest()
        check("closed without an answer, or 400", answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer)
    with Client(server) as client:
        client.send(head(b"Transfer-Encoding: chunked") + b"ff\r\nabc")
        client.finish_sending()
        answer = client.rest()
        check("chunked: closed without an answer, or 400", answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer)
    with Client(server) as client:
        client.send(b"GET /health HTTP/1.1\r\nHo")
        client.finish_sending()
        answer = client.rest()
        check("head: closed without an answer, or 400", answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer)


def test_chunk_sizes():
    size = b"%x" % len(BODY)
    served("plain", server, with_chunks(size))
    served("upper case", server, with_chunks(size.upper()))
    served("leading zeros", server, with_chunks(b"000000" + size))
    served("closing chunk 000", server, with_chunks(size, end=b"\r\n000\r\n\r\n"))
    served("many chunks", server, post_chunked([BODY[i:i + 1] for i in range(len(BODY))]))
    served("two chunks in the middle of an escape", server, post_chunked([b'{"model":"echo","messages":[{"role":"user",'
           b'"content":"\\u00', b'e9"}]}']))
    for line in [b"g", b"", b"-1", b"+5", b"0x5", b"5x", b"5 5", b"\xef\xbc\x95", b"5,", b"'5'", b"5\0", b"1_0", b";a"]:
        refused(f"size {line!r}", server, with_chunks(line, b"hello") + get(), 400)
    for line in [b"8000000000000000", b"7fffffffffffffff", b"ffffffffffffffff", b"10000000000000000",
                 b"fffffffffffffffff", b"1" + b"0" * 40, b"fffffffffffffffe"]:
        refused(f"size {line.decode()}", server, with_chunks(line, b"hello"), (400, 413))
    refused("LF after the size", server, head(b"Transfer-Encoding: chunked") + b"5\nhello\r\n0\r\n\r\n", 400)
    refused("CR alone after the size", server, head(b"Transfer-Encoding: chunked") + b"5\rhello\r\n0\r\n\r\n", 400)
    refused("no CRLF after the data", server, head(b"Transfer-Encoding: chunked") + b"5\r\nhello0\r\n\r\n", 400)
    refused("LF after the data", server, head(b"Transfer-Encoding: chunked") + b"5\r\nhello\n0\r\n\r\n", 400)
    refused("data longer than the size", server, head(b"Transfer-Encoding: chunked") + b"4\r\nhello\r\n0\r\n\r\n", 400)
    refused("LF after the last chunk", server, head(b"Transfer-Encoding: chunked") + size + b"\r\n" + BODY +
            b"\r\n0\n\n", 400)
    refused("bare CR ends the body", server, head(b"Transfer-Encoding: chunked") + size + b"\r\n" + BODY +
            b"\r\n0\r\n\rX" + get(), 400)


def test_chunk_extensions():
    size = b"%x" % len(BODY)
    for extension in [b";a", b";a=b", b';a="b"', b';a="b c;d"', b";a=b;c=d", b";" + b"a" * 4000]:
        served(f"extension {extension[:20]!r}", server, with_chunks(size + extension))
    for extension in [b";a\nb", b";a\rb", b";\0", b";a=\x01"]:
        refused(f"extension {extension!r}", server, with_chunks(size + extension), 400)
    refused("20,000 bytes in one", server, with_chunks(size + b";" + b"a" * 20000), 413, keep_sending=True)
    many = b"".join(b"1;%s\r\n \r\n" % (b"e" * 300) for _ in range(4000))
    refused("4,000 chunks with 300 bytes each", server, head(b"Transfer-Encoding: chunked") + many, 413,
            keep_sending=True)
    few = b"".join(b"1;%s\r\n \r\n" % (b"e" * 300) for _ in range(40))
    served("40 chunks with 300 bytes each", server,
           head(b"Transfer-Encoding: chunked") + few + size + b"\r\n" + BODY + b"\r\n0\r\n\r\n")


def test_trailers():
    for name, trailers in [("one", b"X-A: b\r\n"), ("two", b"X-A: b\r\nX-B: c\r\n"),
                           ("framing fields are discarded", b"Content-Length: 5\r\nHost: y\r\n"),
                           ("Transfer-Encoding is discarded", b"Transfer-Encoding: gzip\r\n")]:
        with Client(server) as client:
            client.send(post_chunked([BODY], trailers=trailers))
            answer = client.response()
            # A parser that refuses framing fields in a trailer is right too; one that obeys them is not.
            ok = answer.status == 200 and client.usable() or (answer.status == 400 and client.closed())
            check(name, ok and (answer.status == 200 or "discarded" in name), repr(answer))
    refused("no colon", server, post_chunked([BODY], trailers=b"XA\r\n"), 400)
    refused("space before the colon", server, post_chunked([BODY], trailers=b"X-A : b\r\n"), 400)
    refused("LF alone", server, post_chunked([BODY], trailers=b"X-A: b\n"), 400)
    refused("NUL", server, post_chunked([BODY], trailers=b"X-A: b\0\r\n"), 400)
    refused("200 trailers", server, post_chunked([BODY], trailers=b"X-A: b\r\n" * 200), 431, keep_sending=True)
    refused("40,000 bytes", server, post_chunked([BODY], trailers=b"X-A: " + b"b" * 40000 + b"\r\n"), 431,
            keep_sending=True)


def test_head_limits():
    def fields(count, value="b"):
        return [(f"X-{index}", value) for index in range(count)]

    served("100 fields", server, get(fields=fields(99)), "GET")
    refused("101 fields", server, get(fields=fields(100)), 431)
    refused("5,000 fields", server, get(fields=fields(5000)), 431, keep_sending=True)
    served("31 KiB in many fields", server, get(fields=fields(31, "b" * 1000)), "GET")
    served("31 KiB in one field", server, get(fields=[("X-A", "b" * 31000)]), "GET")
    refused("34 KiB in many fields", server, get(fields=fields(34, "b" * 1000)), 431, keep_sending=True)
    refused("34 KiB in one field", server, get(fields=[("X-A", "b" * 34000)]), 431, keep_sending=True)
    refused("one long name", server, get(fields=[("X" * 34000, "b")]), 431, keep_sending=True)
    refused("200 KiB", server, get(fields=[("X-A", "b" * 200000)]), 431, keep_sending=True)


def test_unwanted_bodies():
    with Client(server) as client:
        for name, data, to, status in [
            ("GET with a length", get(body=b"hello"), "GET", 200),
            ("GET with chunks", request("GET", "/health", [("Transfer-Encoding", "chunked")]) + b"5\r\nhello\r\n0\r\n\r\n",
             "GET", 200),
            ("POST to nowhere", post(b"x" * 1000, target="/nowhere"), "POST", 404),
            ("POST to nowhere, chunked", post_chunked([b"x" * 1000], target="/nowhere"), "POST", 404),
            ("PUT on chat", request("PUT", CHAT, body=b"x" * 1000), "PUT", 405),
            ("DELETE with a body", request("DELETE", "/v1/models", body=b"{}"), "DELETE", 405),
            ("OPTIONS with a body", request("OPTIONS", CHAT, body=b"{}"), "OPTIONS", 204),
            ("and a good one", post(BODY), "POST", 200),
        ]:
            try:
                equal(name, client.ask(data, to).status, status)
            except (Closed, OSError) as problem:
                check(name, False, repr(problem))
                return
    with Client(server) as client:  # too large to be read for nothing: answered, then read or closed
        client.send_all_possible(post(b"x" * 900000, target="/nowhere"))
        equal("large body to nowhere", client.response().status, 404)
        check("large body to nowhere: usable or closed", client.usable() or client.ended)


def test_connection_close():
    for value in ["close", "Close", "CLOSE", "close, x", "keep-alive, close", "x,close", " close "]:
        with Client(server) as client:
            client.send(post(BODY, [("Connection", value)]) + get())
            answer = client.response()
            equal(f"Connection: {value}", answer.status, 200)
            check(f"Connection: {value}: nothing after it", client.closed(), repr(client.pending))
            equal(f"Connection: {value}: announced", (answer.field("connection") or "").lower(), "close")
    answer = served("two Connection fields", server, head(b"Connection: x", b"Connection: close", method=b"GET",
                    target="/health"), "GET", usable=False)
    with Client(server) as client:
        client.send(post(chat_body("bye", stream=True), [("Connection", "close")]))
        answer = client.response()
        equal("stream with Connection: close", answer.text(), "bye")
        check("stream with Connection: close: closed", client.closed())
    for value in ["clos", "closed", "close-d", "x-close"]:
        served(f"Connection: {value} is no close", server, get(fields=[("Connection", value)]), "GET")


def test_upgrades():
    for name, fields in [
        ("h2c", [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
                 ("HTTP2-Settings", "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA")]),
        ("websocket", [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                       ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]),
        ("unknown", [("Connection", "upgrade"), ("Upgrade", "foo/2")]),
    ]:
        answer = served(f"{name}, POST", server, post(BODY, fields))
        equal(f"{name}, POST: text", answer and answer.status == 200 and answer.text(), "framing")
        served(f"{name}, stream", server, post(chat_body("x", stream=True), fields))
        served(f"{name}, GET", server, get(fields=fields), "GET")
        served(f"{name}, chunked", server, post_chunked([BODY], fields))
    with Client(server) as client:
        client.send(head(method=b"CONNECT", target="example.com:443", host=b"Host: example.com:443\r\n"))
        answer = client.response("CONNECT")
        check("CONNECT is refused", answer.status in (400, 404, 405, 501), repr(answer))
        check("CONNECT: error object", answer.error(), repr(answer))


def test_pipelining():
    for count in [2, 3, 10, 50]:
        with Client(server) as client:
            client.send(b"".join(post(chat_body(f"message {index}")) for index in range(count)))
            texts = [client.response().text() for _ in range(count)]
            equal(f"{count} requests", texts, [f"message {index}" for index in range(count)])
            check(f"{count} requests: usable", client.usable())
    with Client(server) as client:
        client.send(b"".join(post(chat_body(f"message {index}", stream=index % 2 == 0)) for index in range(50)))
        texts = [client.response().text() for _ in range(50)]
        equal("50 requests in both modes", texts, [f"message {index}" for index in range(50)])
    with Client(server) as client:
        client.send(post(chat_body("slow one", stream=True), echo="delay=200") + post(chat_body("slow two"), echo="delay=50")
                    + get() + post_chunked([chat_body("three")]) + get("/nowhere") + post(chat_body("last")))
        answers = [client.response() for _ in range(6)]
        equal("delayed ones first", [answer.status for answer in answers], [200, 200, 200, 200, 404, 200])
        equal("delayed ones first: texts", [answers[index].text() for index in (0, 1, 3, 5)],
              ["slow one", "slow two", "three", "last"])


def test_pipelined_error_spares_the_first_answer():
    for name, second in [("malformed head", b"GET /health HTTP/1.1\r\nbad header\r\n\r\n"), ("garbage", b"\x00\x01\x02\r\n\r\n"),
                         ("no Host", b"GET /health HTTP/1.1\r\n\r\n"), ("bad length", head(b"Content-Length: x")),
                         ("HTTP/2.0", head(method=b"GET", target="/health", version=b"HTTP/2.0"))]:
        for mode in (False, True):
            with Client(server) as client:
                client.send(post(chat_body("the first answer", stream=mode), echo="delay=50" if mode else None) + second)
                try:
                    equal(f"{name}, stream {mode}", client.response().text(), "the first answer")
                    answer = client.response()
                    check(f"{name}, stream {mode}: then an error", answer.status >= 400 and answer.error(), repr(answer))
                    check(f"{name}, stream {mode}: then closed", client.closed())
                except (Closed, OSError) as problem:
                    check(f"{name}, stream {mode}", False, repr(problem))


def test_split_points():
    """A request cut in two at every byte; what a parser forgets at a border shows here."""
    for name, data in [("length", post(chat_body("split \u00e9 \U0001f600"), [("X-Long", "y" * 30)])),
                       ("chunked", post_chunked([BODY[:7], BODY[7:40], BODY[40:]], trailers=b"X-T: u\r\n"))]:
        text = "split \u00e9 \U0001f600" if name == "length" else "framing"
        with Client(server) as client:
            wrong = []
            for cut in range(1, len(data)):
                client.send(data[:cut])
                time.sleep(0.0015)
                try:
                    answer = client.ask(data[cut:])
                except (Closed, OSError) as problem:
                    wrong.append((cut, repr(problem)))
                    break
                if answer.status != 200 or answer.text() != text:
                    wrong.append((cut, repr(answer)))
            check(f"{name}: {len(data) - 1} points", not wrong, wrong[:3])


def test_byte_by_byte():
    for name, data in [("length", post(BODY)), ("chunked", post_chunked([BODY[:20], BODY[20:]])),
                       ("stream", post(chat_body("framing", stream=True)))]:
        with Client(server) as client:
            for index in range(len(data)):
                client.send(data[index:index + 1])
                time.sleep(0.0005)
            equal(name, client.response().text(), "framing")
            check(name + ": usable", client.usable())
    bad = head(b"X-A : b", method=b"GET", target="/health")
    with Client(server) as client:
        for index in range(len(bad)):
            if client.send_all_possible(bad[index:index + 1]) == 0:
                break
            time.sleep(0.0005)
        equal("malformed", client.response().status, 400)


def test_head_method():
    for target in ["/health", "/v1/models", "/v1/models/amazon-q", "/metrics"]:
        full = ask(server, get(target), "GET")
        with Client(server) as client:
            answer = client.ask(request("HEAD", target), "HEAD")
            equal(f"{target}: status", answer.status, full.status)
            check(f"{target}: no body", client.usable(), repr(client.pending))
            if target != "/metrics":
                equal(f"{target}: length", answer.field("content-length"), full.field("content-length"))
            equal(f"{target}: type", answer.field("content-type"), full.field("content-type"))
    with Client(server) as client:
        equal("unknown path", client.ask(request("HEAD", "/nowhere"), "HEAD").status, 404)
        equal("chat", client.ask(request("HEAD", CHAT), "HEAD").status, 405)
        check("usable after errors without a body", client.usable())


def test_methods_and_routes():
    with Client(server) as client:
        for method, target, allowed in [("GET", CHAT, "POST"), ("PUT", CHAT, "POST"), ("DELETE", CHAT, "POST"),
                                        ("PATCH", CHAT, "POST"), ("POST", "/v1/models", "GET"), ("POST", "/health", "GET"),
                                        ("DELETE", "/v1/models/amazon-q", "GET"), ("POST", "/metrics", "GET"),
                                        ("GET", "/chat/completions", "POST"), ("TRACE", "/health", "GET")]:
            answer = client.ask(request(method, target, body=b"" if method == "POST" else None), method)
            if not equal(f"{method} {target}", answer.status, 405):
                continue
            methods = [part.strip() for part in (answer.field("allow") or "").split(",")]
            check(f"{method} {target}: Allow has {allowed}", allowed in methods, repr(methods))
            check(f"{method} {target}: Allow is true", method not in methods, repr(methods))
            check(f"{method} {target}: error object", answer.error(), repr(answer))
        for method, target in [("GET", "/"), ("GET", "/v1"), ("POST", "/v1/completions"), ("POST", "/v1/embeddings"),
                               ("POST", "/v1/responses"), ("GET", "/v1/files"), ("GET", "/v2/models"),
                               ("POST", "/v1/chat/completion"), ("GET", "/favicon.ico"), ("POST", "/v1/chat")]:
            answer = client.ask(request(method, target, body=b"{}" if method == "POST" else None), method)
            equal(f"{method} {target}", answer.status, 404)
            check(f"{method} {target}: error object", answer.error(), repr(answer))
        for target in ["/chat/completions", CHAT]:
            equal(f"POST {target}", client.ask(post(BODY, target=target)).status, 200)
        for target in ["/v1/models", "/models", "/v1/models/amazon-q", "/models/echo", "/health", "/metrics"]:
            equal(f"GET {target}", client.ask(get(target), "GET").status, 200)
        for target in [CHAT, "/v1/models", "/health", "/metrics", "/nowhere"]:
            answer = client.ask(request("OPTIONS", target), "OPTIONS")
            equal(f"OPTIONS {target}", answer.status, 204)
            check(f"OPTIONS {target}: no framing fields", answer.field("transfer-encoding") is None and
                  answer.field("content-length") in (None, "0"), answer.head)


def test_expect():
    with Client(server) as client:
        client.send(head(b"Expect: 100-continue", b"Content-Length: " + LENGTH))
        equal("100 comes before the body", client.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.send(BODY)
        answer = client.response()
        equal("then the answer", (answer.status, answer.interim), (200, []))
        check("usable", client.usable())
    with Client(server) as client:
        client.send(head(b"EXPECT: 100-Continue", b"Transfer-Encoding: chunked"))
        equal("chunked: 100", client.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")
        equal("chunked: then the answer", client.ask(CHUNKED_BODY).status, 200)
    with Client(server) as client:
        client.send(head(b"Expect: 100-continue", b"Content-Length: " + LENGTH) + BODY)
        answer = client.response()
        equal("body at once", answer.status, 200)
        check("body at once: usable", client.usable())
    with Client(server) as client:
        client.send(head(b"Expect: 100-continue", b"Content-Length: " + LENGTH, version=b"HTTP/1.0"))
        time.sleep(0.2)
        client.send(BODY)
        answer = client.response()
        equal("no 100 to HTTP/1.0", (answer.status, answer.interim), (200, []))
    with Client(server) as client:
        client.send(head(b"Expect: 100-continue", b"Content-Length: 99999999999"))
        answer = client.response()
        equal("too long: 413 without 100", (answer.status, answer.interim), (413, []))
    for value in [b"200-ok", b"100-continue, x", b"x", b"100"]:
        with Client(server) as client:
            client.send(head(b"Expect: " + value, b"Content-Length: " + LENGTH) + BODY)
            answer = client.response()
            equal(f"Expect: {value.decode()}", answer.status, 417)
            check(f"Expect: {value.decode()}: error object", answer.error(), repr(answer))
    with Client(server) as client:  # a refusal known from the head needs no body
        client.send(head(b"Expect: 100-continue", b"Content-Length: " + LENGTH, target="/nowhere"))
        answer = client.head()
        if answer.interim == [100]:
            check("100 to an unknown path", False, "100 Continue, then " + repr(answer))
        equal("unknown path: 404", answer.status, 404)
    with Client(server) as client:
        answer = client.ask(get(fields=[("Expect", "100-continue")]), "GET")
        equal("GET without a body", answer.status, 200)


def test_413():
    small = Server("--max-body-bytes", "1000")
    refused("declared length", small, head(b"Content-Length: 1001"), 413)
    refused("huge declared length", small, head(b"Content-Length: 123456789012"), 413)
    refused("chunk size over the limit", small, head(b"Transfer-Encoding: chunked") + b"3e9\r\n", 413)
    refused("sum of chunks over the limit", small, head(b"Transfer-Encoding: chunked") + b"64\r\n" + b" " * 100 + b"\r\n" +
            b"3e8\r\n", 413)
    refused("on an unknown path too", small, post(b" " * 5000, target="/nowhere"), (413, 404), closes=None)
    with Client(small) as client:
        body = chat_body("x")
        answer = client.ask(post(body + b" " * (1000 - len(body))))
        equal("exactly the limit", answer.status, 200)
        check("exactly the limit: usable", client.usable())
    for size in (1500, 100_000, 900_000):
        # The client writes all before it reads: without a linger the kernel would reset it.
        with Client(small) as client:
            sent = client.send_all_possible(post(b" " * size))
            try:
                answer = client.response()
                equal(f"{size} bytes sent: 413 arrives", answer.status, 413)
                check(f"{size} bytes sent: error object", answer.error(), repr(answer))
            except (Closed, OSError) as problem:
                check(f"{size} bytes sent: 413 arrives", False, f"{problem!r} after {sent} bytes")
    small.stop()


def test_keep_alive_after_errors():
    with Client(server) as client:
        for name, data, to, status in [
            ("not JSON", post(b"{"), "POST", 400),
            ("no messages", post(b'{"model":"echo"}'), "POST", 400),
            ("unknown model", post(chat_body(model="nope")), "POST", 404),
            ("unknown path", get("/nope"), "GET", 404),
            ("wrong method", get(CHAT), "GET", 405),
            ("stream with a bad body", post(b'{"stream":true}'), "POST", 400),
            ("scripted error", post(BODY, echo="error=500"), "POST", 500),
            ("scripted error in a stream", post(chat_body(stream=True), echo="error=503"), "POST", 503),
            ("empty body", post(b""), "POST", 400),
            ("no body at all", request("POST", CHAT), "POST", 400),
        ]:
            try:
                answer = client.ask(data, to)
            except (Closed, OSError) as problem:
                check(name, False, repr(problem))
                return
            equal(name, answer.status, status)
            check(name + ": does not announce a close", (answer.field("connection") or "").lower() != "close")
        equal("and a good one", client.ask(post(BODY)).status, 200)


DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                  r"\d\d:\d\d:\d\d GMT")


def every_kind_of_answer():
    yield "200", ask(server, post(BODY))
    yield "stream", ask(server, post(chat_body(stream=True)))
    yield "health", ask(server, get(), "GET")
    yield "models", ask(server, get("/v1/models"), "GET")
    yield "metrics", ask(server, get("/metrics"), "GET")
    yield "400", ask(server, post(b"{"))
    yield "404", ask(server, get("/nowhere"), "GET")
    yield "405", ask(server, get(CHAT), "GET")
    yield "OPTIONS", ask(server, request("OPTIONS", CHAT), "OPTIONS")
    yield "413", ask(server, head(b"Content-Length: 99999999999"))
    yield "malformed", ask(server, b"GET /health HTTP/1.1\r\nbad header\r\n\r\n", "GET")
    yield "431", ask(server, get(fields=[("X-A", "b" * 34000)]), "GET")
    yield "505", ask(server, head(method=b"GET", target="/health", version=b"HTTP/2.0"), "GET")
    yield "scripted 500", ask(server, post(BODY, echo="error=500"))


def test_fields_of_every_answer():
    identifiers = set()
    for name, answer in every_kind_of_answer():
        date = answer.field("date") or ""
        if check(f"{name}: Date", DATE.fullmatch(date), repr(date)):
            age = time.time() - time.mktime(time.strptime(date, "%a, %d %b %Y %H:%M:%S GMT")) + time.timezone
            check(f"{name}: Date is now", abs(age) < 30, f"{age} s off")
        equal(f"{name}: Access-Control-Allow-Origin", answer.field("access-control-allow-origin"), "*")
        identifier = answer.field("x-request-id")
        check(f"{name}: x-request-id", identifier and identifier not in identifiers, repr(identifier))
        identifiers.add(identifier)
        names = [key for key, _ in answer.fields]
        check(f"{name}: no field twice", len(names) == len(set(names)), repr(names))
        if name != "OPTIONS":
            exposed = (answer.field("access-control-expose-headers") or "").lower()
            check(f"{name}: x-request-id is exposed", "x-request-id" in exposed, repr(exposed))
        if answer.status >= 400:
            equal(f"{name}: type", (answer.field("content-type") or "").split(";")[0], "application/json")


def test_request_id():
    for value in ["abc", "req_0123456789abcdef", "5f0c2a9e-4c1e-4a53-9d6a-0123456789ab", "A.b_c-9", "x" * 64]:
        answer = ask(server, get(fields=[("X-Request-Id", value)]), "GET")
        equal(f"echo of {value}", answer.field("x-request-id"), value)
        answer = ask(server, post(chat_body(stream=True), [("x-request-id", value)]))
        equal(f"echo of {value} on a stream", answer.field("x-request-id"), value)
    for value in ["x" * 300, "x" * 5000, "a b", 'a"b', "a\tb", "caf\xe9", "a<b>", "a\\b", "", "a;b=c\x80", "a{b}"]:
        answer = ask(server, get(fields=[("X-Request-Id", value)]), "GET")
        equal(f"refusal of {value[:20]!r}: still served", answer.status, 200)
        own = answer.field("x-request-id") or ""
        check(f"refusal of {value[:20]!r}", own != value and re.fullmatch(r"[A-Za-z0-9._-]{1,128}", own), repr(own))
    answer = ask(server, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\rSet-Cookie: b\r\n\r\n", "GET")
    equal("bare CR is refused", answer.status, 400)
    check("bare CR injects nothing", answer.field("set-cookie") is None, answer.head)


def test_content_encoding():
    for value in ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x"]:
        answer = ask(server, post(BODY, [("Content-Encoding", value)]))
        equal(f"Content-Encoding: {value}", answer.status, 415)
        check(f"Content-Encoding: {value}: error object", answer.error(), repr(answer))
    served("identity", server, post(BODY, [("Content-Encoding", "identity")]))
    answer = ask(server, post(BODY, [("Accept-Encoding", "gzip, deflate, br, zstd")]))
    check("answers are never encoded", answer.field("content-encoding") is None and answer.text() == "framing")


def test_content_types():
    for value in ["application/json", "APPLICATION/JSON; charset=utf-8", "text/plain", "application/x-www-form-urlencoded",
                  "multipart/form-data; boundary=x", "nonsense", ""]:
        served(f"Content-Type: {value}", server, request("POST", CHAT, [("Content-Type", value)], BODY))
    served("no Content-Type", server, request("POST", CHAT, body=BODY))
    for value in ["application/json", "text/event-stream", "*/*", "image/png", "text/html;q=0", ""]:
        served(f"Accept: {value}", server, post(BODY, [("Accept", value)]))
        answer = served(f"Accept: {value}, stream", server, post(chat_body(stream=True), [("Accept", value)]))
        check(f"Accept: {value}: still a stream",
              answer and (answer.field("content-type") or "").startswith("text/event-stream"))


def test_cors():
    asked = "authorization, content-type, x-stainless-lang, x-stainless-retry-count, x-custom-1"
    for target in [CHAT, "/v1/models", "/health", "/chat/completions"]:
        answer = ask(server, request("OPTIONS", target, [("Origin", "http://page.example"),
                     ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", asked)]), "OPTIONS")
        equal(f"{target}: status", answer.status, 204)
        check(f"{target}: origin", answer.field("access-control-allow-origin") in ("*", "http://page.example"), answer.head)
        methods = {part.strip() for part in (answer.field("access-control-allow-methods") or "").split(",")}
        check(f"{target}: methods", {"GET", "POST", "OPTIONS"} <= methods, repr(methods))
        granted = {part.strip().lower() for part in (answer.field("access-control-allow-headers") or "").split(",")}
        check(f"{target}: headers", set(asked.split(", ")) <= granted, repr(granted))
        check(f"{target}: max age", (answer.field("access-control-max-age") or "").isdigit(), answer.head)
    for value in ["x" * 5000, "a b", "caf\xe9", 'a"', "<script>"]:
        answer = ask(server, request("OPTIONS", CHAT, [("Origin", "http://x"), ("Access-Control-Request-Method", "POST"),
                     ("Access-Control-Request-Headers", value)]), "OPTIONS")
        granted = answer.field("access-control-allow-headers") or ""
        check(f"insane list {value[:10]!r} is not repeated", answer.status in (204, 400) and value not in granted, granted[:80])
    answer = ask(server, post(b"{", [("Origin", "http://page.example")]))
    check("errors carry the origin", answer.field("access-control-allow-origin") in ("*", "http://page.example"))


def test_many_connections_at_once():
    clients = [Client(server) for _ in range(200)]
    for index, client in enumerate(clients):
        client.send(post(chat_body(f"client {index}", stream=index % 2 == 0)))
    texts = [client.response().text() for client in clients]
    equal("200 connections", texts, [f"client {index}" for index in range(200)])
    for client in clients:
        client.close()


def test_garbage():
    """A deterministic rain of damaged requests: always an error or an answer, and the server lives on."""
    import random
    source = random.Random(1)
    bases = [post(BODY), post_chunked([BODY[:10], BODY[10:]]), get("/v1/models?x=y", [("X-A", "b")])]
    statuses = {}
    for turn in range(600):
        data = bytearray(source.choice(bases))
        for _ in range(source.randint(1, 4)):
            position = source.randrange(len(data))
            kind = source.randrange(3)
            if kind == 0:
                data[position] = source.randrange(256)
            elif kind == 1:
                del data[position:position + source.randint(1, 5)]
            else:
                data[position:position] = bytes([source.choice(b"\r\n\0 :;,\t\x7f\xff0")])
        with Client(server, timeout=10) as client:
            client.send(bytes(data))
            client.finish_sending()
            try:
                everything = client.rest()
            except (socket.timeout, TimeoutError):
                check(f"turn {turn}: an end", False, repr(bytes(data)))
                continue
            if everything and not re.match(rb"HTTP/1\.1 (2\d\d|4\d\d|501|505) ", everything):
                check(f"turn {turn}: an answer", False, f"{everything[:100]!r} to {bytes(data)!r}")
            statuses[everything[9:12]] = statuses.get(everything[9:12], 0) + 1
    check("600 damaged requests met both answers and refusals", statuses.get(b"400", 0) > 50, repr(statuses))
    check("the server lives", server.alive() and ask(server, get(), "GET").status == 200)


def test_alive_and_quiet():
    check("the server lives", server.alive())
    check("nothing above warn in the log", json.dumps(server.log()).count("assert") == 0, server.log()[-500:])


harness.main(globals())
