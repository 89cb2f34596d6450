"""Damage that knows what it damages.

A byte flipped in the middle of a signature teaches little. Inputs are taken
apart as far as they can be (an archive of files, JSON, JSON inside a string of
JSON, PEM, DER), one piece is changed, and everything is put together again:
also into what no encoder would write, such as an object with a member twice.
"""

import base64
import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

BOUNDARY = b"\n=== "
_PEM = re.compile(rb"(-----BEGIN [A-Z ]+-----)([A-Za-z0-9+/=\s\\n]+?)(-----END [A-Z ]+-----)")
_MOST = 1 << 16  # bytes of an input; larger ones are only slower

_VALUES = (
    *(None, True, False, 0, 1, -1, 2, 2**31, 2**53 - 1, 2**53, 2**63, 10**30, 1.5, 1e400),
    *("", "*", "/", "..", "../root", "root", "targets", "snapshot.json", "con", "a" * 300),
    *("\0", "\n", "\ud800", "\u0130", "\U0010ffff", "é", "e\u0301", "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00Z", "2030-02-30T00:00:00Z", "1.0", "0" * 64, "f" * 63, "sha256"),
    *("ed25519", "rsa", "ecdsa", "ml-dsa-44/1", [], {}, [[]], [0, 0], {"": None}),
)
_TOKENS = (
    *(b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[" * 80, b"]", b",", b":", b"\0"),
    *(b"\n", b"\r\n", b"/", b"*", b"?", b"%2e", b"@sha256:", b"NaN", b"1e9", b"-0", b"-", b"."),
    *(b"\xff", b"\xef\xbb\xbf", b"\xc0\x80", b"\xed\xa0\x80", b"\x30\x80", b"\x02\x01\x00"),
)


class Members(list):
    """The members of an object, as pairs: a name may stand there twice."""


def mutated(data: bytes, random: Random, others: tuple[bytes, ...] = ()) -> bytes:
    """Return *data* with a few things changed; *others* are good for parts."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = _once(data, random, others)
    return data[:_MOST]


def archive(files: dict[str, bytes]) -> bytes:
    """Return *files* as one text that can be changed like any other."""
    return b"".join(
        BOUNDARY + name.encode("utf-8", "replace") + b"\n" + raw for name, raw in files.items()
    )


def extracted(data: bytes) -> dict[str, bytes]:
    """Return the files of an :func:`archive`, however damaged; the last of a name counts."""
    parts = (part.partition(b"\n") for part in data.split(BOUNDARY)[1:])
    return {name.decode("utf-8", "replace"): raw for name, _, raw in parts}


def _once(data: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    if random.random() < 0.2:
        return _bytes_changed(data, random, others)
    return _part_changed(data, random, others)


def _part_changed(data: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    if BOUNDARY in data:
        return _file_changed(data, random, others)
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            value = json.loads(data, object_pairs_hook=Members)
        except (ValueError, RecursionError):
            return _bytes_changed(data, random, others)
        return _spelled(_node_changed(value, random), random).encode("utf-8", "surrogatepass")
    if (block := _PEM.search(data)) is not None and random.random() < 0.9:
        return _pem_changed(data, block, random)
    return _bytes_changed(data, random, others)


def _file_changed(data: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    files = extracted(data)
    name = random.choice(list(files))
    match random.randrange(12):
        case 0:
            del files[name]
        case 1:
            files[name] = random.choice(list(files.values()))
        case 2:
            donors = [extracted(other) for other in others if BOUNDARY in other]
            files[name] = next((d[name] for d in donors if name in d), b"")
        case 3:
            files[_text_changed(name, random)] = files[name]
        case _:
            files[name] = _part_changed(files[name], random, ())
    return archive(files)


# -- JSON -------------------------------------------------------------------------------


def _nodes(value: Any, put: Callable[[Any], None]) -> list[tuple[Any, Callable[[Any], None]]]:
    """Every value in *value*, with what puts another in its place."""
    found = [(value, put)]
    if isinstance(value, Members):
        for i, (name, item) in enumerate(value):

            def put_member(new: Any, i: int = i, name: str = name, at: Any = value) -> None:
                at[i] = (name, new)

            found += _nodes(item, put_member)
    elif isinstance(value, list):
        for i, item in enumerate(value):

            def put_element(new: Any, i: int = i, at: Any = value) -> None:
                at[i] = new

            found += _nodes(item, put_element)
    return found


def _node_changed(value: Any, random: Random) -> Any:
    top = [value]
    nodes = _nodes(value, lambda new: top.__setitem__(0, new))
    node, put = random.choice(nodes)
    match random.randrange(4):
        case 0:
            put(random.choice(_VALUES))
        case 1:
            put(random.choice(nodes)[0])
        case _:
            put(_value_changed(node, random))
    return top[0]


def _value_changed(node: Any, random: Random) -> Any:
    match node:
        case Members() | list() if node:
            items, i = type(node)(node), random.randrange(len(node))
            match random.randrange(5):
                case 0:
                    del items[i]
                case 1:
                    items.append(items[i])
                case 2:
                    random.shuffle(items)
                case 3 if isinstance(node, Members):
                    items[i] = (_text_changed(items[i][0], random), items[i][1])
                case _ if isinstance(node, Members):
                    items.append((_text_changed(items[i][0], random), items[i][1]))
                case _:
                    items.insert(i, random.choice(_VALUES))
            return items
        case bool():
            return not node
        case int():
            return random.choice((node + 1, node - 1, -node, node * 2, str(node), float(node)))
        case str():
            return _text_changed(node, random)
        case _:
            return random.choice(_VALUES)


def _text_changed(text: str, random: Random) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    if raw[:1] in (b"{", b"-") and random.random() < 0.9:  # a document or a key in a string
        return _part_changed(raw, random, ()).decode("utf-8", "replace")
    i = random.randrange(len(text) + 1)
    match random.randrange(7):
        case 0:
            return text[:i] + text[i + 1 :]
        case 1:
            return text[:i] + random.choice('0a/*?.-_:@A\n"\\\x7fé') + text[i:]
        case 2:
            return text.swapcase()
        case 3:
            return text[:i] + text
        case 4:
            return text[:i] + chr(random.choice((0, 0x130, 0x2028, 0xD800, 0x1F600))) + text[i:]
        case 5:
            return text[:i] + random.choice("0123456789abcdef") + text[i + 1 :]
        case _:
            return text[:i]


def _spelled(value: Any, random: Random) -> str:
    """Write *value* as JSON; now and then with escapes, or with white space."""
    ascii_ = random.random() < 0.2
    space = random.choice(("", "", "", " ", "\n"))

    def write(value: Any) -> str:
        if isinstance(value, dict):
            value = Members(value.items())
        if isinstance(value, Members):
            inner = (f"{write(name)}:{space}{write(item)}" for name, item in value)
            return "{" + f",{space}".join(inner) + "}"
        if isinstance(value, list):
            return "[" + f",{space}".join(map(write, value)) + "]"
        return json.dumps(value, ensure_ascii=ascii_)

    try:
        return write(value)
    except RecursionError:  # a node that was put below itself
        return "[" * 2000


# -- keys -------------------------------------------------------------------------------


def _pem_changed(data: bytes, block: re.Match[bytes], random: Random) -> bytes:
    begin, body, end = block.groups()
    try:
        der = base64.b64decode(body)
    except ValueError:
        der = b""
    if random.random() < 0.2:
        return data + b"\n" + data
    body = base64.b64encode(_der_changed(der, random))
    lines = b"\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return data[: block.start()] + begin + b"\n" + lines + b"\n" + end + data[block.end() :]


def _der_changed(der: bytes, random: Random) -> bytes:
    """Change an element and let the lengths around it fit, or only some bytes."""
    if random.random() < 0.4 or len(der) < 4:
        return _bytes_changed(der, random, ())
    parts = _elements(der)
    if not parts:
        return _bytes_changed(der, random, ())
    i = random.randrange(len(parts))
    tag, content = parts[i]
    if tag in (0x30, 0x31, 0xA0, 0xA1) or (tag == 0x03 and len(content) > 4):
        content = _der_changed(content, random)
    else:
        content = _bytes_changed(content, random, ())
    match random.randrange(8):
        case 0:
            del parts[i]
        case 1:
            parts.append((tag, content))
        case 2:
            parts[i] = (random.choice((2, 3, 4, 5, 6, 0x30, 0xA0)), content)
        case _:
            parts[i] = (tag, content)
    return b"".join(bytes((tag,)) + _length(len(c)) + c for tag, c in parts)


def _elements(der: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at + 2 <= len(der):
        tag, length = der[at], der[at + 1]
        at += 2
        if length > 0x80:
            size = length - 0x80
            length = int.from_bytes(der[at : at + size], "big")
            at += size
        found.append((tag, der[at : at + length]))
        at += length
    return found


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 + len(octets),)) + octets


# -- bytes ------------------------------------------------------------------------------


def _bytes_changed(data: bytes, random: Random, others: tuple[bytes, ...]) -> bytes:
    i = random.randrange(len(data) + 1)
    j = min(len(data), i + random.choice((1, 2, 4, 16, 256)))
    match random.randrange(7):
        case 0:
            return data[:i] + data[j:]
        case 1:
            return data[:i] + random.choice(_TOKENS) + data[i:]
        case 2:
            return data[:j] + data[i:]
        case 3:
            return data[:i]
        case 4 if others:
            other = random.choice(others)
            return data[:i] + other[random.randrange(len(other) + 1) :]
        case 5:
            return data[:i] + random.randbytes(j - i) + data[j:]
        case _ if i < len(data):
            return data[:i] + bytes((data[i] ^ 1 << random.randrange(8),)) + data[i + 1 :]
        case _:
            return data + random.choice(_TOKENS)
