"""What this machine remembers of what it published into a registry.

Nobody else can: a registry forgets what was overwritten. A receipt is replaced
by a later one only if that came after it, so of several processes that share
these books none covers up what another one lost.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

from attrs import frozen

from trustlib._paths import private
from trustlib._types import StoredName
from trustlib.content import Digest
from trustlib.errors import StorageError
from trustlib.ports import Storage
from trustlib.registry._artifact import View

_PUBLISHER: Final = re.compile(rb"[0-9a-f]{16}")


@frozen(kw_only=True)
class Books:
    """The receipts of one collection.

    Attributes:
        storage: where they are.
        where: the collection.
    """

    storage: Storage
    where: str

    def publisher(self) -> str:
        """Return what this machine is called in manifests: anything, and always the same."""
        name = private("publisher")
        while (raw := self.storage.load(name)) is None:
            self.storage.save(name, secrets.token_hex(8).encode(), replacing=None)
        if not _PUBLISHER.fullmatch(raw):
            raise StorageError(name, "is not what was written there; remove it")
        return raw.decode()

    def last(self) -> Digest | None:
        """Return the manifest that was published last, or None.

        Raises:
            StorageError: something else is written there.
        """
        return self._parsed(self.storage.load(self._name))

    def published(self, ours: Digest, view: View) -> None:
        """Remember *ours*, which is *view* or was before it."""
        while True:
            raw = self.storage.load(self._name)
            last = self._parsed(raw)
            if last is not None and not view.descends_from(last):
                return  # another process of ours was overwritten, by us
            if self.storage.save(self._name, str(ours).encode(), replacing=raw):
                return

    def concede(self) -> None:
        """Forget what was published last."""
        while not self.storage.save(self._name, b"", replacing=self.storage.load(self._name)):
            pass

    @property
    def _name(self) -> StoredName:
        return private(f"published.{hashlib.sha256(self.where.encode()).hexdigest()[:32]}")

    def _parsed(self, raw: bytes | None) -> Digest | None:
        try:
            return Digest.parse(raw.decode()) if raw else None
        except ValueError as error:
            raise StorageError(self._name, "is not what was written there; remove it") from error
