"""Ways in which an answer may be out of shape."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.fuzz.tape import Reply

CANARY = "Quinn Canary quinn.canary@example.com"
"""A value that is nobody's business: in no message, no log line, no trace."""
HERE, TWICE = "\x00here", "\x00twice"
DEEP = 10_000
VALUES = (
    "null", "true", "false", "0", "-1", "7", "1.5", "-0.0", "9223372036854775808", "1" + "0" * 400, "1e400",
    "1e999999999", "-1e-999999999", "NaN", "Infinity", "1.7976931348623157e308",
    '""', '" "', f'"{CANARY}"', '"NaN"', '"Infinity"', '"1e999999999"', '"-1"', '"1,234.56"', '"٣"', '"²"', '"1_0"',
    '"0x1f"', '"\\u0000"', '"\\ud800"', '"true"', '"null"', '"2026-13-45"', '"0000-00-00T00:00:00Z"',
    '"9999-12-31T23:59:59.999999+00:00"', '"0001-01-01T00:00:00+14:00"', '"99999999999999"', '"999999"',
    '"../../../etc/passwd"', '"http://169.254.169.254/latest"', '"//other.example/x"', '"http://[::1"', '"http://a:b/"',
    f'"{"x" * 100_000}"', "[]", "{}", "[[]]", "[null]", "[{}]", '{"a": 1}', '[1, "a", null]',
    "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP,
)  # fmt: skip
"""JSON texts, some of which no JSON library would write."""
HEADERS = (
    ("Content-Type", "text/html"), ("Content-Type", ""), ("Content-Type", "application/json; charset=utf-16"),
    ("Content-Type", "application/json; charset=no-such-charset"), ("Content-Type", "\x7f" * 5000),
    ("Content-Encoding", "gzip"), ("Content-Encoding", "deflate"), ("Content-Encoding", "br, gzip, nonsense"),
    ("Content-Length", "-5"), ("Location", "http://other.example/"), ("Link", "<x>; rel=next"), ("Date", "yesterday"),
    ("Content-Range", "bytes 99999999999999999999-"), ("Set-Cookie", "=;;="), ("X-Request-Id", "r" * 5000),
)  # fmt: skip
WISHES = (
    "0", "-5", "nan", "inf", "1e400", "1e999999999", "60 Seconds", "Wed, 99 Foo 2026 99:99:99 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +1400", "٣", "x", "9" * 5000,
)  # fmt: skip
STATUSES = (200, 201, 204, 206, 299, 301, 302, 304, 400, 401, 403, 404, 405, 409, 410, 412, 413, 414, 415, 422, 429,
            444, 500, 501, 502, 503, 504, 599)  # fmt: skip
BODIES = (
    b"", b" ", b"\x00", b"\xff\xfe\x00", b"<html><body>Maintenance</body></html>", b"null", b"true", b"0", b'""', b"[]",
    b"{}", b"NaN", b"[" * DEEP, b'{"a":' * DEEP, b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"\x1f\x8b\x08\x00garbage", b"[{}]", b"[[[]]]", b'{"result": null, "success": true, "errors": null}',
)  # fmt: skip

Break = Callable[[Reply, int, int], Reply]
"""(the answer, which place, which value) → the answer, broken."""


@dataclass(frozen=True)
class Case:
    """What is broken.

    :param play: which run of the sync.
    :param call: which of its calls.
    :param place: where in the answer.
    :param value: what is there instead.
    :param lasting: each later call of the kind is answered so, too.
    """

    play: int
    call: int
    kind: str
    place: int = 0
    value: int = 0
    lasting: bool = False


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a document, the document itself first."""
    yield path
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in entries:
        yield from places(value, (*path, name))


def _in_json(change: Callable[[Any, Any, int], tuple[Any, str]]) -> Break:
    """Return a break of one value of a document; an answer that holds none is answered with the value alone."""

    def broken(reply: Reply, place: int, value: int) -> Reply:
        return _with_document(reply, lambda text: _changed(text, place, value, change))

    return broken


def _changed(text: bytes, place: int, value: int, change: Callable[[Any, Any, int], tuple[Any, str]]) -> bytes:
    holder = [json.loads(text)]
    found = list(places(holder[0]))
    path = (0, *found[place % len(found)])
    parent: Any = holder
    for name in path[:-1]:
        parent = parent[name]
    fresh, raw = change(parent[path[-1]], parent, value)
    if fresh is TWICE:
        parent[TWICE] = HERE
    elif fresh is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = fresh
    if not holder:
        return b""
    written = json.dumps(holder[0]).replace(json.dumps(HERE), raw)
    return written.replace(json.dumps(TWICE), json.dumps(path[-1])).encode(errors="surrogatepass")


def _with_document(reply: Reply, change: Callable[[bytes], bytes]) -> Reply:
    """Change the JSON of an answer, or in the files of an archive that it is."""
    try:
        content = _repacked(reply.content, change) if reply.content[:2] == b"\x1f\x8b" else change(reply.content)
    except ValueError:
        content = VALUES[len(reply.content) % len(VALUES)].encode()
    return Reply(reply.status, reply.headers, content)


def _repacked(packed: bytes, change: Callable[[bytes], bytes]) -> bytes:
    held = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as old,
        tarfile.open(fileobj=held, mode="w:gz") as new,
    ):
        for entry in old:
            file = old.extractfile(entry)
            content = file.read() if file else b""
            if content.strip():
                content = change(content)
                entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def _value(old: Any, parent: Any, value: int) -> tuple[Any, str]:
    return HERE, VALUES[value % len(VALUES)]


def _drop(old: Any, parent: Any, value: int) -> tuple[Any, str]:
    return None, ""


def _swap(old: Any, parent: Any, value: int) -> tuple[Any, str]:
    """A list becomes an object, an object a list, a text a number, and so on."""
    if isinstance(old, dict):
        return list(old.values()), ""
    if isinstance(old, list):
        return {str(at): each for at, each in enumerate(old)}, ""
    if isinstance(old, str):
        return HERE, old if old.isdigit() else str(len(old))
    return str(old), ""


def _wrap(old: Any, parent: Any, value: int) -> tuple[Any, str]:
    return [[old], {"value": old}, [old, old], json.dumps(old)][value % 4], ""


def _twice(old: Any, parent: Any, value: int) -> tuple[Any, str]:
    """The same name once more in one object."""
    return (TWICE, VALUES[value % len(VALUES)]) if isinstance(parent, dict) else ([old, old], "")


def _bytes(change: Callable[[bytes, int, int], bytes]) -> Break:
    def broken(reply: Reply, place: int, value: int) -> Reply:
        return Reply(reply.status, reply.headers, change(reply.content, place % (len(reply.content) + 1), value))

    return broken


def _status(reply: Reply, place: int, value: int) -> Reply:
    status, body = STATUSES[value % len(STATUSES)], BODIES[place % len(BODIES)]
    return Reply(status, reply.headers, reply.content if place % 3 else body)


def _wish(reply: Reply, place: int, value: int) -> Reply:
    """`Retry-After`, with what it may come with."""
    status = (429, 503, 408, 200, 400)[place % 5]
    return Reply(status, reply.headers, reply.content).with_headers(Retry_After=WISHES[value % len(WISHES)])


def _header(reply: Reply, place: int, value: int) -> Reply:
    name, text = HEADERS[value % len(HEADERS)]
    return reply.with_headers(**{name.replace("-", "_"): text})


def _no_headers(reply: Reply, place: int, value: int) -> Reply:
    return Reply(reply.status, (), reply.content)


AGAIN = "again"
"""The same answer once more, where another was due."""
BREAKS: dict[str, Break] = {
    "value": _in_json(_value),
    "drop": _in_json(_drop),
    "swap": _in_json(_swap),
    "wrap": _in_json(_wrap),
    "twice": _in_json(_twice),
    "cut": _bytes(lambda content, at, _: content[:at]),
    "byte": _bytes(lambda content, at, value: content[:at] + bytes([value % 256]) + content[at + 1 :]),
    "more": _bytes(lambda content, at, value: content[:at] + BODIES[value % len(BODIES)] + content[at:]),
    "body": _bytes(lambda content, at, value: BODIES[value % len(BODIES)]),
    "bom": _bytes(lambda content, at, value: b"\xef\xbb\xbf" + content),
    "utf16": _bytes(lambda content, at, value: content.decode(errors="replace").encode("utf-16")),
    "status": _status,
    "wish": _wish,
    "header": _header,
    "no headers": _no_headers,
}
