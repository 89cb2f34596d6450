"""A private key's file and, beside it, its public half: made together, and told apart.

Passphrases and private keys pass through here and are kept nowhere. What fails
is an error without a trace of them: none is chained to another.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.keys import Key
from trustlib.signing import _disk, _openssh, pbes2
from trustlib.signing._forms import ENCRYPTED, PLAIN, PUBLIC, Bare, Form, form
from trustlib.signing._pem import pem, pem_block
from trustlib.signing._private import pkcs8, public_pem
from trustlib.signing.unlocked import UnlockedKey

if TYPE_CHECKING:
    from trustlib.signing.algorithms import PrivateKey


def secret(passphrase: str | bytes) -> bytes:
    """Return *passphrase* as bytes; text is taken as UTF-8.

    Raises:
        ValueError: it is empty, or no Unicode text.
    """
    if not isinstance(passphrase, str | bytes):
        raise TypeError(f"a passphrase is str or bytes, got {type(passphrase).__name__}")
    if not passphrase:
        raise ValueError("an empty passphrase protects nothing")
    if isinstance(passphrase, bytes):
        return passphrase
    try:
        return passphrase.encode()
    except UnicodeEncodeError:
        pass  # its attributes would carry the passphrase along
    raise ValueError("the passphrase is text that UTF-8 cannot say")


def beside(path: Path) -> Path:
    """Return where the public half is: the same name, and ``.pub``."""
    return path.with_name(f"{path.name}.pub")


def encrypted(private: PrivateKey, passphrase: bytes) -> bytes:
    """Return the file that holds *private* under *passphrase*."""
    return pem(ENCRYPTED, pbes2.encrypted(pkcs8(private), passphrase))


def bare(private: PrivateKey) -> bytes:
    """Return the file that holds *private* for everybody who reads it."""
    return pem(PLAIN, pkcs8(private))


def created(path: Path, data: bytes, private: PrivateKey) -> None:
    """Make the file *path* of *data*, and beside it the public half of *private*.

    Raises:
        SigningError: one of the two exists already, or cannot be written;
            nothing is left of either then.
    """
    _disk.created(path, data, _disk.PRIVATE)
    try:
        _disk.created(beside(path), public_pem(private), _disk.PUBLIC)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read(path: Path) -> Form:
    """Return the form of the private file *path*.

    Raises:
        SigningError: it cannot be read, is readable by others, no key file,
            damaged, or asks for too much work.
    """
    return form(_disk.read_private(path), what=str(path))


def opened(path: Path, passphrase: bytes) -> PrivateKey:
    """Return the key of the file *path*, if it is the one beside it.

    Raises:
        WrongPassphraseError: the passphrase is wrong, or the file is damaged.
        SigningError: as :func:`read`; it is not encrypted; or the key is not
            the one beside it.
    """
    return _matched(path, opened_form(read(path), passphrase, what=str(path)))


def opened_form(form: Form, passphrase: bytes, *, what: str) -> PrivateKey:
    """Return the key in a file of this *form*; *what* is what errors call the file.

    Raises:
        WrongPassphraseError: the passphrase is wrong, or the file is damaged.
        SigningError: it is not encrypted.
    """
    if isinstance(form, Bare):
        raise SigningError(
            what,
            "is not encrypted, so no passphrase protects it;"
            " say encrypt() once, or unlock_unencrypted() each time",
        )
    private = form.opened(passphrase)
    if private is None:
        raise WrongPassphraseError(what)
    return private


def opened_bare(path: Path) -> PrivateKey:
    """Return the key of the unencrypted file *path*, if it is the one beside it.

    Raises:
        SigningError: as :func:`read`; it is encrypted; or the key is not the
            one beside it.
    """
    what = str(path)
    file = read(path)
    if not isinstance(file, Bare):
        raise SigningError(what, "is encrypted: unlock() it with its passphrase")
    private = file.opened()
    if private is None:
        raise SigningError(what, "is damaged; restore it from a copy")
    return _matched(path, private)


def public(path: Path) -> Key:
    """Return the key in the public file *path*, in PEM or as OpenSSH writes it.

    Raises:
        SigningError: it cannot be read, or is no public key of a kind that
            trustlib knows.
    """
    return public_key(_disk.read_public(path), what=str(path))


def public_key(data: bytes, *, what: str) -> Key:
    """Return the key in *data*, the contents of a public file.

    Raises:
        SigningError: it is no public key of a kind that trustlib knows.
    """
    try:
        text = _openssh.public_pem(data)
        if text is None:
            text = pem(*pem_block(data, (PUBLIC,), what=what))
        return Key.from_pem(text.decode())
    except ValueError as error:
        raise SigningError(what, f"is not a public key to sign with: {error}") from None


def _matched(path: Path, private: PrivateKey) -> PrivateKey:
    half = beside(path)
    if os.path.lexists(half) and public(half).material != UnlockedKey.of(private).key.material:
        raise SigningError(
            str(path), f"holds another key than {half}: one of the two was exchanged or damaged"
        )
    return private
