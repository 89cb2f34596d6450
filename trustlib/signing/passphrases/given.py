"""Passphrases that were put somewhere for a program to find: always by a name it was told.

Nothing is looked for. Each of these has one answer, so each offers it once: a
wrong one does not become right by being tried again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.errors import SigningError, shortened
from trustlib.signing import _disk
from trustlib.signing._contained import Contained
from trustlib.signing.passphrases.asking import MAX_BYTES, Question, one_line, wipe


def _frozen(variables: Mapping[str, str]) -> FrozenMap[str, str]:
    return FrozenMap(variables)


def _expanded(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser()


@frozen
class FromEnvironment:
    """Environment variables, for robots.

    Every process that this one starts inherits them, and whoever may debug it
    can read them: a descriptor or a command is better where there is a choice.

    Attributes:
        variables: the variable's name by the name of a key or of its role; the
            key's own name is looked up first.
    """

    variables: Mapping[str, str] = field(converter=_frozen)
    _environment: Mapping[str, str] | None = field(default=None, repr=False)

    def passphrases(self, question: Question) -> Iterator[bytes]:
        """Offer what the variable says; nothing, where it is not set.

        Raises:
            SigningError: it is set, and no passphrase.
        """
        for name in (question.name, question.role):
            variable = None if name is None else self.variables.get(name)
            if variable is not None and self._is_set(variable):
                yield one_line(self._value(variable), f"${variable}")
                return

    def _is_set(self, variable: str) -> bool:
        return variable in (os.environ if self._environment is None else self._environment)

    def _value(self, variable: str) -> bytearray:
        environment = os.environ if self._environment is None else self._environment
        return bytearray(os.fsencode(environment[variable]))


@frozen
class FromFile:
    """A file that holds one passphrase and is its owner's alone.

    A secret that a container gets mounted is often readable by everybody in
    it. Open that yourself and hand over the descriptor: :class:`FromDescriptor`.

    Attributes:
        path: where it is; ``~`` stands for the home directory.
    """

    path: Path = field(converter=_expanded)

    def passphrases(self, _question: Question) -> Iterator[bytes]:
        """Offer what the file says, whichever key is asked about.

        Raises:
            SigningError: it is not there, others may read it, or it holds more
                than one line.
        """
        yield one_line(bytearray(_disk.read_private(self.path)), str(self.path))


@frozen
class FromDescriptor:
    """A file descriptor that another program writes a passphrase to.

    It is read to its end, once. Where several keys have that passphrase, put a
    :class:`~trustlib.signing.passphrases.Remembered` around this.

    Attributes:
        descriptor: the number of an open file, pipe or socket.
    """

    descriptor: int

    def passphrases(self, _question: Question) -> Iterator[bytes]:
        """Offer what was written; nothing, where that was read already.

        Raises:
            SigningError: it cannot be read, or holds more than one line.
        """
        what = f"file descriptor {self.descriptor}"
        data = self._read(what)
        if data:
            yield one_line(data, what)

    def _read(self, what: str) -> bytearray:
        data = bytearray()
        try:
            while len(data) <= MAX_BYTES + 2:
                more = os.read(self.descriptor, MAX_BYTES + 3 - len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            reason = error.strerror or type(error).__name__
        else:
            return data
        wipe(data)
        raise SigningError(what, f"cannot be read: {reason}")


class Keyring(Protocol):
    """What is asked of the ``keyring`` package, or of one of its backends."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Return the password, or None if there is none."""
        ...


@frozen
class FromKeyring:
    """The keyring of the desktop, through the ``keyring`` package.

    Store a passphrase with ``keyring set <service> <name of the key>``.

    Attributes:
        service: the name under which the passphrases are filed.
        backend: where to look; the ``keyring`` package's choice if nothing is said.
    """

    service: str
    backend: Keyring | None = field(default=None, repr=False)

    def passphrases(self, question: Question) -> Iterator[str]:
        """Offer what is filed under the key's name; nothing, where nothing is.

        Raises:
            SigningError: the package is not installed, or the keyring is
                locked or broken.
        """
        name = shortened(question.name, str)
        found = None
        with Contained() as foreign:
            found = self._keyring(name).get_password(self.service, question.name)
        if foreign.kind is not None:
            raise SigningError(name, f"the keyring does not answer: {foreign.kind}")
        if found:
            yield found

    def _keyring(self, name: str) -> Keyring:
        if self.backend is not None:
            return self.backend
        try:
            chosen: Keyring = import_module("keyring")
        except ImportError:
            pass
        else:
            return chosen
        raise SigningError(
            name, "no keyring to ask: install it with the extra, trustlib-tuf[keyring]"
        )
