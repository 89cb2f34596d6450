"""What Docker says that it has pushed: the digest and size as the pusher knows them.

It is the pusher's own word, from before any registry could say something else.
Docker does not say of what kind it is; the bytes do, and they hash to the digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from trustlib._types import RoleName
from trustlib.content import Digest
from trustlib.errors import MalformedError, MismatchError, TransportError
from trustlib.registry._programs import last_words
from trustlib.registry.manifests import Descriptor, Manifest

_LINE: Final = re.compile(
    r"^(?P<tag>\S+): digest: (?P<digest>\S+) size: (?P<size>[0-9]{1,15})\r?$", re.MULTILINE
)


@frozen(kw_only=True)
class PushResult:
    """A manifest or index that was pushed.

    Attributes:
        tag: under which.
        digest: of it.
        size: of it in bytes.
    """

    tag: str
    digest: Digest
    size: int

    def described_by(self, manifest: Manifest) -> Descriptor:
        """Return what names it, media type included, given what the registry has.

        Raises:
            MismatchError: *manifest* is something else than was pushed.
        """
        got = manifest.descriptor
        for what, expected, there in (
            ("digest", self.digest, got.digest),
            ("size", self.size, got.size),
        ):
            if expected != there:
                raise MismatchError(RoleName(self.tag), f"pushed {what}", expected, there)
        return got


def heard(records: Iterable[object], where: str, done: str) -> Iterator[Mapping[object, object]]:
    """Yield what a stream of Docker's API says, as long as that is not that it failed.

    Raises:
        MalformedError: a record is none.
        TransportError: it says that *where* was not *done*.
    """
    for record in records:
        if not isinstance(record, Mapping):
            raise MalformedError(where, "$", "an object", type(record).__name__)
        if "error" in record or "errorDetail" in record:
            reason = str(record.get("error") or record["errorDetail"])
            raise TransportError(where, f"was not {done}: {last_words(reason)}")
        yield record


def told(records: Iterable[object], tag: str, where: str) -> PushResult:
    """Return what a stream of Docker's API says about the push of *tag*.

    Raises:
        MalformedError: it does not say what was pushed, or not clearly.
        TransportError: it says that nothing was.
    """
    said = []
    for record in heard(records, where, "pushed"):
        aux = record.get("aux")
        if isinstance(aux, Mapping) and aux.get("Tag") == tag:
            said.append((aux.get("Digest"), aux.get("Size")))
    return _one(said, tag, where)


def printed(output: bytes, tag: str, where: str) -> PushResult:
    """Return what ``docker push`` prints about *tag*.

    Raises:
        MalformedError: it does not print what was pushed, or not clearly.
    """
    lines = _LINE.finditer(output.decode(errors="replace"))
    said = [(line["digest"], int(line["size"])) for line in lines if line["tag"] == tag]
    return _one(said, tag, where)


def _one(said: Sequence[tuple[object, object]], tag: str, where: str) -> PushResult:
    expected = f"one digest and size of {tag}"
    if len(set(map(repr, said))) != 1:
        raise MalformedError(where, "aux", expected, said or "nothing")
    digest, size = said[0]
    if not isinstance(digest, str) or type(size) is not int or size < 0:
        raise MalformedError(where, "aux", expected, said[0])
    try:
        return PushResult(tag=tag, digest=Digest.parse(digest), size=size)
    except ValueError:
        raise MalformedError(where, "aux.Digest", "a digest", digest) from None
