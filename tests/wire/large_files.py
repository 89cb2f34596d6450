"""Files with many entries, and damage that is aimed at whoever reads around those."""

import json
import re
from random import Random

import attrs
from core.worlds import LATER, grant, keys, listing, signature, signers, targets_role
from fuzz.mutate import mutated

from trustlib._frozen import FrozenMap
from trustlib._types import TARGETS
from trustlib.errors import MalformedError
from trustlib.keys import Signature
from trustlib.roles import Delegations, MetaFile, Snapshot, Targets
from trustlib.wire import TUF_JSON
from trustlib.wire.large import read_around
from trustlib.wire.reading import read_whole

DIGEST = "0123456789abcdef" * 4
_ENTRY = re.compile(
    rb'"[^"]*":\s*\{\s*(?:"custom":\s*\{.*?\},\s*)?"hashes":\s*\{[^}]*\},\s*"length":\s*\d+\s*\}(?:,\s*)?',
    re.DOTALL,
)
_META = re.compile(rb'"[^"]*\.json":\s*\{[^{}]*(?:\{[^}]*\})?[^{}]*\}(?:,\s*)?')
_PIECES = (
    *(b'"these entries are elsewhere"', b"these entries are elsewhere", b'"these \\u0065ntries'),
    *(b'"targets":{', b'"meta":{', b'"signed":{', b'"signatures":[', b'"custom":{"a":1},', b"\\u0061"),
    *(b'"custom":{"a":{"b":"c"}},', b'"custom":{"a":{"b":{}}},', b'"custom":{},', b'"custom":null,'),
    *(b'"custom":{"a":"},{"},', b'"custom":{"b":1,"a":1},', b'"custom":{"a":1.0},', b'"custom":{"a":1,"a":1},'),
    *(b'"custom":{"a":-0},', b'"custom":{"a":' + b"[" * 59 + b"]" * 59 + b"},", b'"custom":{"a" :1},'),
    *(b'"custom":{"a":' + b"[" * 60 + b"]" * 60 + b"},", b'"custom":{"a":"\\n"},', b'"custom":{"a":"\xc3\xa9"},'),
    *(b'"length":0', b'"length":01', b'"length":-0', b'"length":9007199254740992', b'"length":1e3'),
    *(b'"hashes":{}', b'"hashes":{"sha256":"' + DIGEST.encode() + b'"},"hashes":{}', b'"hashes":null'),
    *(b'"sha512":"' + DIGEST.encode() * 2 + b'"', b',"sha512":"' + DIGEST.encode() * 2 + b'"', b'"md5":"ab"'),
    *(b"{", b"}", b"}}", b",", b"},", b"{}", b":", b'"', b'":{', b'"},"', b" ", b"\n", b"\t", b"\x00", b"\x7f"),
    *(b"0", b"9" * 15, b"9" * 16, b"a", b"A", b"g", b"-", b".json", b'"a":1,', b'"version":1', b"\xff", b"\xc3\xa9"),
)  # fmt: skip


def large(role, *names):
    """The canonical file of *role*."""
    payload = TUF_JSON.payload(role)
    return TUF_JSON.render(role, tuple(signature(signer, payload) for signer in signers(*names)))


def seeds():
    """Files as a damaged one begins, each with the kind of its role."""
    head = {"version": 3, "expires": LATER}
    media = {"mediaType": "application/vnd.oci.image.index.v1+json"}
    both = ("sha256", "sha512")
    plain = {f"app:{n}": listing(f"{n}", custom=media) for n in range(7)}
    every = {
        "a": listing("1"),
        "a b": listing("2", hashes=("sha512",)),
        "a!": listing("3", custom={}, hashes=both),
        "a/b:1": listing("", custom={"a": FrozenMap({"b": (1, None, True)})}),
        "b": listing("4", custom={"a": 1, "b": ()}),
        "b~": listing("5", hashes=both),
    }
    roles = (
        Targets(**head, targets=FrozenMap(plain)),
        Targets(
            **head, targets=FrozenMap(every), collection="acme", called="targets", extra=FrozenMap({"z": 1})
        ),
        attrs.evolve(
            targets_role("x"),
            delegations=Delegations(keys=keys("a"), roles=(grant("targets-of-a", "a/*"),)),
            extra=FrozenMap({"_": FrozenMap({"x": "y"})}),
        ),
        Snapshot(**head, meta=FrozenMap({f"bin-{n:x}": MetaFile(version=n + 1) for n in range(9)})),
        Snapshot(
            **head,
            meta=FrozenMap(
                {
                    "a-b": MetaFile(version=2, length=5),
                    "a": MetaFile(version=1, hashes=listing("a").hashes),
                    "b": MetaFile(version=2, length=5, hashes=listing("b", hashes=both).hashes),
                }
            ),
        ),
    )  # fmt: skip
    canonical = [(type(role), large(role, "one", "two")) for role in roles]
    return (*canonical, *((kind, spaced(raw)) for kind, raw in canonical))


def spaced(raw, **how):
    """*raw* as people like to read it, or as *how* says."""
    return json.dumps(json.loads(raw), **(how or {"indent": 1})).encode()


def damaged(raw: bytes, random: Random) -> bytes:
    """*raw* with a few things changed: most of what comes out is still nearly canonical."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        raw = mutated(raw, random) if random.random() < 0.2 else _entry_changed(raw, random)
    return raw


def _entry_changed(raw: bytes, random: Random) -> bytes:
    found = [m.span() for m in (_META if b'"meta"' in raw else _ENTRY).finditer(raw)]
    if not found:
        return mutated(raw, random)
    (a, b), (c, d) = sorted(random.choices(found, k=2))
    i = random.randrange(len(raw) + 1)
    inside = random.randrange(a, b + 1)
    piece = random.choice(_PIECES)
    tokens = [m.span() for m in re.finditer(rb'"[^"]*"|[0-9]+|[{}\[\],:]', raw)]
    x, y = random.choice(tokens)
    match random.randrange(13):
        case 0:  # two entries change places
            return raw[:a] + raw[c:d] + raw[b:c] + raw[a:b] + raw[d:] if b <= c else raw
        case 1:  # one stands there twice
            return raw[:b] + raw[a:b] + raw[b:]
        case 2:  # one is gone
            return raw[:a] + raw[b:]
        case 3:
            return raw[:inside] + piece + raw[inside:]
        case 4:
            return raw[:i] + piece + raw[i:]
        case 5:
            return raw[:inside] + raw[min(b, inside + random.choice((1, 1, 2, 8))) :]
        case 6:
            return raw[:x] + piece + raw[y:]
        case 7:  # a token of another place
            u, v = random.choice(tokens)
            return raw[:x] + raw[u:v] + raw[y:]
        case 8:  # what a member of the entry says
            return raw[:a] + raw[a:b].replace(b'{"', b"{" + piece + b'"', 1) + raw[b:]
        case 9:  # all the entries once more, somewhere
            return raw[:i] + raw[found[0][0] : found[-1][1]] + raw[i:]
        case 10:  # the object once more, somewhere
            name = b'"meta":{' if b'"meta":{' in raw else b'"targets":{'
            again = name + raw[found[0][0] : found[-1][1]] + b"},"
            return raw[:x] + again + raw[x:]
        case 11:  # one digit of a hash
            return raw[:inside] + random.choice((b"0", b"f", b"F", b"g", b'"')) + raw[inside + 1 :]
        case _:
            return raw[:inside] + bytes((random.randrange(256),)) + raw[inside + 1 :]


def compared(kind, raw, times, *, block):
    """Make sure that whoever reads around the entries reads what the reader of everything reads.

    Returns whether anything was read in that way.
    """
    around = read_around(kind, raw, name=TARGETS, times=times, block=block)
    if around is None:
        return False
    try:
        whole = read_whole(kind, raw, name=TARGETS, times=times)
    except MalformedError as error:
        raise AssertionError(f"read, and must not be: {error}") from error
    assert whole == around
    assert whole.payload == around.payload == bytes(around.covered)
    assert hash(whole.unverified) == hash(around.unverified)
    assert repr(whole) == repr(around)
    mine, all_of_it = (getattr(x.unverified, _MEMBER[kind]) for x in (around, whole))
    assert list(all_of_it.items()) == list(mine.items())
    assert list(all_of_it) == list(mine)
    assert all(mine[key] == value for key, value in all_of_it.items())
    assert TUF_JSON.payload(whole.unverified) == TUF_JSON.payload(around.unverified)
    assert all(isinstance(one, Signature) for one in around.signatures)
    return True


_MEMBER = {Targets: "targets", Snapshot: "meta"}
