"""In a bucket nothing is replaced that was not looked at.

A bucket has no lock. It has one step that nobody comes between: a write that
carries a condition. Everything a publisher's storage promises is made of that
step here, once for who waits and for who awaits, without a bucket in sight:
these functions yield what is to be asked of a bucket, and are sent what it said.

Two things need care. A store that has never heard of conditions writes anyway;
so before the first write of a kind it is asked to do what it must refuse. And
an answer can get lost, or come from a second attempt that found the first one
carried out; so each write carries a mark of its own, by which it is known again.
"""

from __future__ import annotations

import re
from collections.abc import Generator, MutableSet
from typing import Final, Literal, TypeAlias, TypeVar

from attrs import field, frozen

from trustlib.errors import StorageError, shortened
from trustlib.ports import Revised, Revision
from trustlib.storage._names import RESERVED, repository_place

T = TypeVar("T")

PROBE: Final = f"{RESERVED}/conditional-writes"
"""The object by which a store is tried. It stays, so that trying it again writes nothing."""

_TEXT: Final = b"By this object trustlib finds out whether this store heeds conditions of writes.\n"

_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")

_LONGEST: Final = 500  # characters of what a server said

_NEVER: Final = Revision('"00000000000000000000000000000000"\n1')
"""A revision that no object has: nothing hashes to it, and no generation is that old."""


@frozen
class Get:
    """Read an object: answered by :class:`Seen` or :class:`Absent`."""

    key: str


@frozen
class Put:
    """Write an object if it has the revision *replacing*, or if there is none (None).

    Answered by :class:`Seen` without data, or by :class:`Refused`.
    """

    key: str
    data: bytes = field(repr=False)
    replacing: Revision | None
    mark: str


@frozen
class Remove:
    """Remove an object: answered by :class:`Absent`, whether or not it was there."""

    key: str


@frozen
class Seen:
    """The object: its bytes, where it stands, and the mark of the write that made it."""

    data: bytes = field(repr=False)
    revision: Revision
    mark: str | None


@frozen
class Absent:
    """There is no such object."""


@frozen
class Refused:
    """The condition did not hold."""


@frozen
class Failed:
    """Anything else, a bucket that does not exist included; *error* says what."""

    error: Exception


Step: TypeAlias = Get | Put | Remove
Answer: TypeAlias = Seen | Absent | Refused | Failed
Steps: TypeAlias = Generator[Step, Answer, T]
Kind: TypeAlias = Literal["create", "update"]
"""A write only if there is no object, or only if it is still the one that was read."""


def key_of(prefix: str, path: str) -> str:
    """Return the key of a repository's file.

    Raises:
        StorageError: *path* does not name a file inside the repository.
    """
    place = repository_place(path)
    if _CONTROL.search(path):
        raise StorageError(
            shortened(path), "the path has a control character, and no key may; name it otherwise"
        )
    return "/".join((*filter(None, [prefix]), *place))


def place_of(prefix: str) -> str:
    """Return where the repository is, without a slash at the end; empty: the whole store.

    Raises:
        StorageError: that is no place in a store.
    """
    return key_of("", prefix.removesuffix("/")) if prefix else ""


def read(key: str) -> Steps[Revised | None]:
    """Return the file and its revision, or None if there is none."""
    match (yield Get(key)):
        case Seen(data=data, revision=revision):
            return Revised(data, revision)
        case Absent():
            return None
        case answer:
            raise _failure(key, answer)


def write(
    key: str, data: bytes, *, replacing: Revision | None, mark: str
) -> Steps[Revision | None]:
    """Write the file if it still has the revision *replacing*; return the new one.

    *mark* is like no other write's.
    """
    answer = yield Put(key, data, replacing, mark)
    if isinstance(answer, Seen):
        return answer.revision
    # Not necessarily a loss: a client that repeats a request whose answer got lost is told that
    # the condition does not hold any more, because it was met the first time; and a timeout says
    # nothing about what was done. The bytes would not tell, as somebody else may have written
    # the same ones, and two publishers must not both believe that they were first.
    found = yield Get(key)
    if isinstance(found, Seen) and found.mark == mark:
        return found.revision
    if not _refused(answer, replacing):
        raise _failure(key, answer)
    if isinstance(found, Failed):
        raise _failure(key, found)
    return None


def delete(key: str) -> Steps[None]:
    """Remove the file; if there is none, that is fine."""
    answer = yield Remove(key)
    if not isinstance(answer, Absent):
        raise _failure(key, answer)


def proven(key: str, kind: Kind, proofs: MutableSet[Kind], mark: str) -> Steps[None]:
    """Make sure, once, that the store refuses a write of *kind* whose condition does not hold.

    Two who try at once prove it to each other: the object is never removed.

    Raises:
        StorageError: it does not, or it could not be tried.
    """
    if kind in proofs:
        return
    replacing = None if kind == "create" else _NEVER
    answer = yield Put(key, _TEXT, replacing, mark)
    if kind == "create" and isinstance(answer, Seen):  # nobody tried it here before
        answer = yield Put(key, _TEXT, replacing, mark)
    if isinstance(answer, Seen):
        raise StorageError(
            key,
            "the store wrote this though the condition of the write did not hold: two publishers"
            " would overwrite each other; turn on conditional writes, or use another store",
        )
    if not _refused(answer, replacing):
        raise _failure(key, answer)
    proofs.add(kind)


def _refused(answer: Answer, replacing: Revision | None) -> bool:
    # Some stores say that there is no such object, when there is none to be replaced.
    return isinstance(answer, Refused) or (isinstance(answer, Absent) and replacing is not None)


def _failure(key: str, answer: Answer) -> StorageError:
    match answer:
        case Failed(error=NotImplementedError()):
            failure = StorageError(
                key,
                "this store cannot replace an object only if it is unchanged, so a repository"
                " cannot be kept in it; in a directory, use trustlib.FileStorage",
            )
        case Failed(error=error):
            failure = StorageError(key, said(error))
        case _:
            failure = StorageError(
                key, "the store has no place for this: look for the bucket's name"
            )
    if isinstance(answer, Failed):
        failure.__cause__ = answer.error
    return failure


def said(error: Exception) -> str:
    """Return what a store said, on one line of bounded length, and what to do.

    A server is not trusted to be brief. What comes after the first paragraph is
    for who debugs the client of the store.
    """
    first, _, _ = str(error).partition("\n\nDebug source")
    line = " ".join(first.split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return f"{shown}; find out whether the store can be reached, and whether you may do this there"
