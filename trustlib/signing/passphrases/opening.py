"""Key files, opened and made with passphrases from a source.

A file that has no passphrase is never a reason to ask for one. What fails
leaves no trace of what was tried: the errors have no frames below these.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, TypeVar

from trustlib.errors import SigningError, WrongPassphraseError
from trustlib.signing.algorithms import Algorithm
from trustlib.signing.keyfile import KeyFile
from trustlib.signing.passphrases.asking import PassphraseSource, Purpose, Question

Unlocked_co = TypeVar("Unlocked_co", covariant=True)


class Lockable(Protocol[Unlocked_co]):
    """A file with a key under a passphrase, such as a :class:`~trustlib.signing.KeyFile`."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def encrypted(self) -> bool:
        """Whether there is a passphrase to ask for."""
        ...

    def unlock(self, passphrase: str | bytes, /) -> Unlocked_co:
        """Return the key.

        Raises:
            WrongPassphraseError: the passphrase is wrong.
            SigningError: the file cannot be used.
        """
        ...


def unlocked(
    file: Lockable[Unlocked_co],
    source: PassphraseSource,
    *,
    role: str | None = None,
    why: str | None = None,
) -> Unlocked_co:
    """Return the key in *file*, opened with the first passphrase of *source* that is right.

    Args:
        file: an encrypted key file.
        source: is asked on as long as what it offers is wrong.
        role: the role that the key signs for, for whoever is asked.
        why: what is about to be done, ``"to sign version 3 of root"``.

    Raises:
        WrongPassphraseError: all that *source* offered was wrong.
        SigningError: *source* knows nothing, or cannot be asked; or the file
            is damaged, not encrypted, or readable by others.
    """
    return _opened(file, source, Question.about(file, role=role, why=why))[1]


def opened(
    file: Lockable[Unlocked_co], source: PassphraseSource, question: Question
) -> Unlocked_co:
    """Return the key in *file* as :func:`unlocked` does, asking *question* in other words.

    Raises:
        SigningError: as :func:`unlocked`.
    """
    return _opened(file, source, question)[1]


def generated(
    path: str | os.PathLike[str],
    source: PassphraseSource,
    *,
    algorithm: Algorithm = Algorithm.ED25519,
    role: str | None = None,
    why: str | None = None,
) -> KeyFile:
    """Make a new key file under a new passphrase from *source*; see :meth:`KeyFile.generate`.

    Raises:
        SigningError: *source* knows no new passphrase or cannot be asked, or
            the file cannot be made.
    """
    question = Question.about(KeyFile(path), purpose=Purpose.CREATE, role=role, why=why)
    try:
        return KeyFile.generate(path, chosen(source, question), algorithm=algorithm)
    except SigningError as error:
        problem = error.with_traceback(None)
    raise problem


def reencrypted(
    file: KeyFile,
    *,
    old: PassphraseSource,
    new: PassphraseSource,
    role: str | None = None,
    why: str | None = None,
) -> None:
    """Put *file* under a new passphrase; see :meth:`KeyFile.change_passphrase`.

    The new one is asked for only when the old one was right.

    Raises:
        WrongPassphraseError: all that *old* offered was wrong.
        SigningError: as :func:`unlocked` and :func:`generated`. The file is
            unchanged then.
    """
    passphrase, _ = _opened(file, old, Question.about(file, role=role, why=why))
    question = Question.about(file, purpose=Purpose.CREATE, role=role, why=why)
    problem = None
    try:
        file.change_passphrase(old=passphrase, new=chosen(new, question))
    except SigningError as error:
        problem = error.with_traceback(None)
    del passphrase
    if problem is not None:
        raise problem


def _opened(
    file: Lockable[Unlocked_co], source: PassphraseSource, question: Question
) -> tuple[str | bytes, Unlocked_co]:
    what = str(file.path)
    if not file.encrypted:
        raise SigningError(
            what,
            "is not encrypted, so nobody was asked for a passphrase;"
            " encrypt it, or say unlock_unencrypted()",
        )
    problem: SigningError | None = None
    for passphrase in source.passphrases(question):
        opened = _tried(file, passphrase)
        if not isinstance(opened, SigningError):
            return passphrase, opened
        del passphrase  # a source may fail next, and a traceback be shown with its variables
        problem = opened
        if not isinstance(problem, WrongPassphraseError):
            break
    raise problem or SigningError(
        what, "is encrypted, and no source had a passphrase for it; give one, or ask somebody"
    )


def _tried(file: Lockable[Unlocked_co], passphrase: str | bytes) -> Unlocked_co | SigningError:
    try:
        return file.unlock(passphrase)
    except SigningError as error:
        return error.with_traceback(None)


def chosen(source: PassphraseSource, question: Question) -> str | bytes:
    """Return the passphrase that *source* has for something new, about which *question* is.

    Raises:
        SigningError: it knows none, or cannot be asked.
    """
    for passphrase in source.passphrases(question):
        return passphrase
    raise SigningError(question.where, "no source had a passphrase for the new key; give one")
