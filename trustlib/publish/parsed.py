"""A file that is looked at several times is understood once.

Who renews or publishes asks a client again about nearly the same files.
Signatures are verified each time; what the bytes mean does not change in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self, cast

from attrs import define, field

from trustlib._types import RoleName, StoredName, UrlPath, Version
from trustlib.documents import Document, Format
from trustlib.keys import Signature
from trustlib.roles import MetaFile, R, Role


@define
class ParsedOnce:
    """A :class:`~trustlib.Format` that remembers what it parsed; for one attempt at something."""

    format: Format
    _known: dict[tuple[object, ...], object] = field(init=False, factory=dict)

    @classmethod
    def knowing(cls, format: Format, documents: Iterable[Document[Role]]) -> Self:
        """Return *format* remembering *documents*, which it parsed before."""
        parsed = cls(format)
        for known in documents:
            parsed._known[type(known.unverified), known.name, known.raw] = known
        return parsed

    def parse(self, kind: type[R], raw: bytes, *, name: RoleName | None = None) -> Document[R]:
        """See :meth:`trustlib.Format.parse`."""
        question = (kind, name or kind.NAME, raw)
        if question not in self._known:
            self._known[question] = self.format.parse(kind, raw, name=name)
        return cast("Document[R]", self._known[question])  # it was parsed as that kind

    def payload(self, role: Role) -> bytes:
        """See :meth:`trustlib.Format.payload`."""
        return self.format.payload(role)

    def render(self, role: Role, signatures: tuple[Signature, ...] = ()) -> bytes:
        """See :meth:`trustlib.Format.render`."""
        return self.format.render(role, signatures)

    def published(self, name: RoleName, version: Version | None) -> UrlPath:
        """See :meth:`trustlib.Format.published`."""
        return self.format.published(name, version)

    def listed(self, name: RoleName, file: MetaFile, *, consistent: bool) -> UrlPath:
        """See :meth:`trustlib.Format.listed`."""
        return self.format.listed(name, file, consistent=consistent)

    def stored(self, name: RoleName) -> StoredName:
        """See :meth:`trustlib.Format.stored`."""
        return self.format.stored(name)
