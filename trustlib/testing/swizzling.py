"""A metadata swizzler: every role, corrupted in every way, one at a time.

Each node of the JSON under the signatures, and of the list of these, is removed, is
doubled in a list, and is replaced by values of other kinds; the bytes of the file
are cut, doubled and misspelled. A corruption is either signed again by the right
keys, so that nothing but a strict reader stands in the way, or left with the
signatures that do not fit any more, and must be refused by everybody.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from trustlib._canonical import canonical, compact
from trustlib.testing.worlds import World, as_json, signature, signed_json

OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    2**53,
    2**70,
    "",
    "x",
    "../x",
    "\x00",
    [],
    {},
    [[]],
)
"""What a value is replaced by."""


@frozen(kw_only=True)
class Corruption:
    """One file that is wrong in one way.

    Attributes:
        name: what is wrong: ``targets: $.version is null, and signed``.
        fits: whether the signatures fit: then not everybody needs to refuse it.
    """

    name: str
    role: str
    raw: bytes
    fits: bool


def corruptions(world: World, role: str) -> Iterator[Corruption]:
    """Yield every corruption of the file of *role* in *world*."""
    honest = _plain(as_json(world.role(role)))
    payload = canonical(honest)
    signatures = [
        {"keyid": made.keyid, "sig": made.value.hex()}
        for made in (signature(by, payload) for by in world.by[role])
    ]
    for what, value in swizzled(honest):
        yield Corruption(
            name=f"{role}: {what}, and signed",
            role=role,
            raw=signed_json(value, world.by[role]) if isinstance(value, Mapping) else b"",
            fits=True,
        )
        yield Corruption(
            name=f"{role}: {what}",
            role=role,
            raw=compact({"signatures": signatures, "signed": value}).encode(),
            fits=False,
        )
    file = {"signatures": signatures, "signed": honest}
    for what, value in swizzled(file, "file"):
        if not what.startswith("file['signed']["):  # that is above
            yield Corruption(
                name=f"{role}: {what}",
                role=role,
                raw=compact(value).encode(),
                fits=_fits(value, file),
            )
    for what, raw in misspelled(world.raw(role)):
        yield Corruption(name=f"{role}: {what}", role=role, raw=raw, fits=False)


def swizzled(value: Any, name: str = "$") -> Iterator[tuple[str, Any]]:
    """Yield every change of one node of *value*, and what it is; *value* stays as it is."""
    for path in _paths(value):
        place = name + "".join(f"[{step!r}]" for step in path)
        for other in OTHERS:
            if not _same(other, _at(value, path)):
                yield f"{place} is {other!r}", _with(value, path, other)
        yield f"{place} is missing", _without(value, path)
        if isinstance(path[-1], int):
            yield f"{place} is there twice", _twice(value, path)


def misspelled(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield files that are no files, made of *raw*."""
    yield "it is empty", b""
    size = 1
    while size < len(raw):
        yield f"it ends after {size} bytes", raw[:size]
        size *= 2
    yield "its last byte is missing", raw[:-1]
    yield "it is there twice", raw + raw
    yield "it begins with a byte order mark", b"\xef\xbb\xbf" + raw
    yield "it is UTF-16", raw.decode().encode("utf-16")
    yield "it says its version twice", raw.replace(b'"signed":{', b'"signed":{"version":99,', 1)
    yield "it is nested too deep", raw[:-1] + b',"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    yield "it holds a fraction", raw[:-1] + b',"x":1.5}'
    yield "it holds a number of 5,000 digits", raw[:-1] + b',"x":' + b"9" * 5_000 + b"}"


def _plain(value: Any) -> Any:
    """Return *value* made of dictionaries and lists."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def _paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    below = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, each in below:
        yield (*here, step)
        yield from _paths(each, (*here, step))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _with(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    changed = copy.deepcopy(value)
    _at(changed, path[:-1])[path[-1]] = copy.deepcopy(other)
    return changed


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(value)
    del _at(changed, path[:-1])[path[-1]]
    return changed


def _twice(value: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(value)
    _at(changed, path[:-1]).append(_at(changed, path))
    return changed


def _fits(value: Mapping[str, Any], honest: Mapping[str, Any]) -> bool:
    """Whether everybody who signed the *honest* file is still listed, in a list."""
    listed = value.get("signatures")
    same = value.get("signed") == honest["signed"]
    return same and isinstance(listed, list) and all(one in listed for one in honest["signatures"])


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other
