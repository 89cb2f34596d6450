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

# A low line is where white space may stand in a file that is not in canonical form. None begins
# a pattern: looking for an entry from every space in a long row would take quadratic time.
_NAME: Final = rb'"(?P<name>[ !#-\[\]-~]*+%b)"_:_'
_NUMBER: Final = rb"[1-9][0-9]{0,14}+"  # below 2**53, whatever the digits are
_LENGTH: Final = rb'"length"_:_(?P<length>%b)'
_HASHES: Final = (  # what stands for the digits is held against the rule for all entries at once
    rb'"hashes"_:_\{_(?!\})'
    rb'(?:"sha256"_:_"(?P<sha256>.{64})"_(?:,_(?="sha512")|(?=\})))?+'
    rb'(?:"sha512"_:_"(?P<sha512>.{128})"_)?+\}'
)
_PLAIN: Final = rb'[\t\n\r !"#-\[\]-z|~]*+'  # neither braces nor escapes
_CUSTOM: Final = rb'"custom"_:_(?P<custom>\{%b(?:\{%b\}%b)*+\})' % (_PLAIN, _PLAIN, _PLAIN)
_AFTER: Final = rb"_(?:(?P<comma>,)_|(?=\}))"

_TARGET: Final = rb"\{_(?:%b_,_)?+%b_,_%b_\}" % (_CUSTOM, _HASHES, _LENGTH % (b"0|" + _NUMBER))
_METAFILE: Final = rb'\{_(?:%b_,_)?+(?:%b_,_)?+"version"_:_(?P<version>%b)_\}' % (
    _HASHES,
    _LENGTH % _NUMBER,
    _NUMBER,
)
_GROUP: Final = re.compile(rb"\(\?P<\w+>")
_NEEDLESS: Final = re.compile(rb"\(\?P<(?:length|version|comma)>")  # the pattern has said it all
_SPACE: Final = rb"[ \t\n\r]*+"

SPACES: Final = re.compile(_SPACE)
"""White space, as far as it goes."""


@frozen(kw_only=True)
class Listing(Generic[K, V]):
    """One kind of object with many entries.

    Attributes:
        member: its name in the member ``signed``.
        suffix: what the name of an entry ends in, beyond its key.
        opening: what comes before its brace, if it is not empty.
        checked: an entry and the comma after it; its groups are the name and
            whatever is still to be held against a rule.
        walked: the same; its groups are the name and the value.
        spaced: the same with white space; its groups are all that is said.
    """

    member: str
    suffix: str
    key: Callable[[str], K]
    value: Callable[[Cursor], V]
    written: Callable[[V], Mapping[str, JsonLike]]
    opening: re.Pattern[bytes] = field(repr=False)
    checked: re.Pattern[bytes] = field(repr=False)
    walked: re.Pattern[bytes] = field(repr=False)
    spaced: re.Pattern[bytes] = field(repr=False)

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
        name, end, after = _NAME % ends, _AFTER, _GROUP.sub(b"(?:", _AFTER)
        return cls(
            member=member,
            suffix=suffix,
            key=key,
            value=value,
            written=written,
            opening=_compiled(rb'"%b"_:_(?=\{_")' % member.encode(), _SPACE),
            checked=_compiled(name + _NEEDLESS.sub(b"(?:", pattern + end), b""),
            walked=_compiled(
                name + b"(?P<value>" + _GROUP.sub(b"(?:", pattern) + b")" + after, b""
            ),
            spaced=_compiled(name + pattern + end, _SPACE),
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


def _compiled(pattern: bytes, space: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern.replace(b"_", space), re.DOTALL)


TARGETS_LISTED: Final = Listing[TargetPath, Target].of(
    "targets", "", _TARGET, key=TargetPath, value=target_in, written=target_value
)
"""``targets`` of a targets role (§4.5)."""

META_LISTED: Final = Listing[RoleName, MetaFile].of(
    "meta", ".json", _METAFILE, key=RoleName, value=metafile_in, written=metafile_value
)
"""``meta`` of a snapshot (§4.4)."""
