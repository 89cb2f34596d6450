"""What a key file may look like, and what opens each of them.

Which form a file has is said by its one PEM label. A form that has a
passphrase cannot be opened without one, and one that has none takes none: that
is two types, not a passphrase that may be absent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import field, frozen

from trustlib.signing import _legacy, _openssh, pbes2
from trustlib.signing._pem import pem_block
from trustlib.signing._private import private_key

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey

ENCRYPTED: Final = "ENCRYPTED PRIVATE KEY"
PLAIN: Final = "PRIVATE KEY"
PUBLIC: Final = "PUBLIC KEY"


@frozen
class Locked:
    """A key under a passphrase."""

    _open: Callable[[bytes], PrivateKey | None] = field(repr=False)

    def opened(self, passphrase: bytes) -> PrivateKey | None:
        """Return the key, or None if *passphrase* is wrong or the file is damaged."""
        return self._open(passphrase)


@frozen
class Bare:
    """A key that whoever reads the file has."""

    _open: Callable[[], PrivateKey | None] = field(repr=False)

    def opened(self) -> PrivateKey | None:
        """Return the key, or None if the file is damaged."""
        return self._open()


Form: TypeAlias = Locked | Bare


def form(data: bytes, *, what: str) -> Form:
    """Return the form of the private key file *data*.

    Args:
        data: the whole file, from anybody.
        what: its name, for the error.

    Raises:
        SigningError: it is no key file, damaged, or not read here. No key was
            derived then.
    """
    data, encryption = _legacy.without_headers(data, what=what)
    labels = (ENCRYPTED, PLAIN, _openssh.LABEL, *_legacy.LABELS)
    label, content = pem_block(data, labels, what=what)
    if label == ENCRYPTED:
        return Locked(partial(_from_pkcs8, pbes2.read(content, what=what), what))
    if label == PLAIN:
        return Bare(partial(private_key, content, what=what))
    if label == _openssh.LABEL:
        file = _openssh.private_file(content, what=what)
        if file.rounds is None:
            return Bare(partial(file.opened, None, what=what))
        return Locked(partial(file.opened, what=what))
    if encryption is not None:
        return Locked(partial(_from_legacy, label, content, encryption, what))
    return Bare(partial(_unwrapped, label, content, what))


def _from_pkcs8(envelope: pbes2.Envelope, what: str, passphrase: bytes) -> PrivateKey | None:
    opened = envelope.opened(passphrase)
    return None if opened is None else private_key(opened, what=what)


def _from_legacy(
    label: str, content: bytes, encryption: _legacy.Encryption, what: str, passphrase: bytes
) -> PrivateKey | None:
    opened = encryption.opened(content, passphrase)
    return None if opened is None else _unwrapped(label, opened, what)


def _unwrapped(label: str, content: bytes, what: str) -> PrivateKey | None:
    wrapped = _legacy.LABELS[label](content)
    return None if wrapped is None else private_key(wrapped, what=what)
