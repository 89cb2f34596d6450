"""What the entries of large objects look like in canonical form.

A pattern here is narrower than the reader of the same entry: plain ASCII
without escapes, hashes that the specification names, no members that it does
not name. What a pattern does not know is read by the reader; never the other way
round, which ``tests/wire`` holds by comparing both over damaged files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from attrs import field, frozen

from trustlib._frozen import JsonLike, V
from trustlib._json import Cursor, read
from trustlib._types import RoleName, TargetPath
from trustlib.roles import MetaFile, Target
from trustlib.wire.reading import metafile_in, target_in
from trustlib.wire.writing import metafile_value, target_value

K = TypeVar("K", bound=str)

_NAME: Final = rb'"(?P<name>[ !#-\[\]-~]*+%b)":'
_NUMBER: Final = rb"[1-9][0-9]{0,14}+"  # below 2**53, whatever the digits are
_HASHES: Final = (  # what stands for the digits is held against the rule for all entries at once
    rb'"hashes":\{(?!\})'
    rb'(?:"sha256":"(?P<sha256>.{64})"(?:,(?="sha512")|(?=\})))?+'
    rb'(?:"sha512":"(?P<sha512>.{128})")?+\}'
)
_PLAIN: Final = rb'[ !"#-\[\]-z|~]*+'  # neither braces nor escapes
_CUSTOM: Final = (
    rb'"custom":(?P<custom>\{' + _PLAIN + rb"(?:\{" + _PLAIN + rb"\}" + _PLAIN + rb")*+\})"
)
_AFTER: Final = rb"(?:,|(?=\}))"

_TARGET: Final = rb"\{(?:" + _CUSTOM + rb",)?+" + _HASHES + rb',"length":(?:0|' + _NUMBER + rb")\}"
_METAFILE: Final = (
    rb"\{(?:" + _HASHES + rb',)?+(?:"length":' + _NUMBER + rb',)?+"version":' + _NUMBER + rb"\}"
)
_GROUP: Final = re.compile(rb"\(\?P<\w+>")


@frozen(kw_only=True)
class Listing(Generic[K, V]):
    """One kind of object with many entries.

    Attributes:
        member: its name in the member ``signed``.
        suffix: what the name of an entry ends in, beyond its key.
        opening: its name and its brace, if it is not empty.
        checked: an entry and the comma after it; its groups are the name and
            whatever is still to be held against a rule.
        walked: the same; its groups are the name and the value.
    """

    member: str
    suffix: str
    key: Callable[[str], K]
    value: Callable[[Cursor], V]
    written: Callable[[V], Mapping[str, JsonLike]]
    opening: re.Pattern[bytes] = field(repr=False)
    checked: re.Pattern[bytes] = field(repr=False)
    walked: re.Pattern[bytes] = field(repr=False)

    @classmethod
    def of(
        cls,
        member: str,
        suffix: str,
        pattern: bytes,
        *,
        key: Callable[[str], K],
        value: Callable[[Cursor], V],
        written: Callable[[V], Mapping[str, JsonLike]],
    ) -> Listing[K, V]:
        """Return the listing whose entries' values look like *pattern*."""
        ends = b"(?<=" + re.escape(suffix.encode()) + b")" if suffix else b""
        name = _NAME % ends
        return cls(
            member=member,
            suffix=suffix,
            key=key,
            value=value,
            written=written,
            opening=re.compile(rb'"%b":\{(?=")' % member.encode()),
            checked=re.compile(name + pattern + _AFTER, re.DOTALL),
            walked=re.compile(
                name + b"(?P<value>" + _GROUP.sub(b"(?:", pattern) + b")" + _AFTER, re.DOTALL
            ),
        )

    def called(self, key: str) -> str:
        """Return the name of the entry for *key*."""
        return key + self.suffix

    def keyed(self, name: bytes) -> K:
        """Return what the entry that is called *name* is for."""
        return self.key(name.decode().removesuffix(self.suffix))

    def valued(self, texts: list[bytes]) -> list[V]:
        """Return the values that *texts* spell, each found well-formed before."""
        return list(map(self.value, read(b"[" + b",".join(texts) + b"]", self.member).elements()))


TARGETS_LISTED: Final = Listing[TargetPath, Target].of(
    "targets", "", _TARGET, key=TargetPath, value=target_in, written=target_value
)
"""``targets`` of a targets role (§4.5)."""

META_LISTED: Final = Listing[RoleName, MetaFile].of(
    "meta", ".json", _METAFILE, key=RoleName, value=metafile_in, written=metafile_value
)
"""``meta`` of a snapshot (§4.4)."""
