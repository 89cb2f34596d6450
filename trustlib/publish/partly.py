"""A repository of which only a part was read: what was not is asked for, never made up.

The snapshot says which roles there are. Who looks at one that was not read, or
at all of them together, is told so by an error that cannot be taken for an
answer; and it is noted, so that it can be read and the edit made again.
"""

from __future__ import annotations

from collections.abc import Container, ItemsView, Iterator, Mapping, ValuesView
from typing import cast

from attrs import define, field

from trustlib._frozen import FrozenMap
from trustlib._types import RoleName
from trustlib.errors import shortened
from trustlib.roles import Targets


class UnreadError(LookupError):
    """A role was looked at that nobody needed so far; open the repository to see all of it.

    Attributes:
        role: its name; None where all roles were asked for together.
    """

    def __init__(self, role: RoleName | None) -> None:
        self.role = role
        what = "the roles of this repository" if role is None else f"the role {shortened(role)}"
        super().__init__(
            f"{what} had no part in the edit, and not all were read;"
            " Repository.open reads and verifies every one"
        )


@define(eq=False)
class Asked:
    """What an edit looked at and did not find, whatever it made of the error.

    Attributes:
        names: the roles.
        everything: whether it asked for all of them.
    """

    names: set[RoleName] = field(factory=set[RoleName])
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.names)


class PartlyRead(FrozenMap[RoleName, Targets]):
    """The targets roles that were read, and the names of all that there may be."""

    __slots__ = ("_asked", "_listed", "_read")

    def __init__(
        self, read: FrozenMap[RoleName, Targets], *, listed: Container[RoleName], asked: Asked
    ) -> None:
        super().__init__()
        self._read, self._listed, self._asked = read, listed, asked

    def __getitem__(self, key: RoleName) -> Targets:
        if key in self._read:
            return self._read[key]
        if key not in self._listed:  # then nobody delegates to it, or a client refuses it
            raise KeyError(key)
        self._asked.names.add(key)
        raise UnreadError(key)

    def __contains__(self, key: object) -> bool:
        try:
            return bool(self[cast("RoleName", key)])  # what is no name is not listed either
        except KeyError:
            return False

    def __iter__(self) -> Iterator[RoleName]:
        return iter(self._everything())

    def __len__(self) -> int:
        return len(self._everything())

    def items(self) -> ItemsView[RoleName, Targets]:
        """Return all of them; see :class:`UnreadError`."""
        return self._everything().items()

    def values(self) -> ValuesView[Targets]:
        """Return all of them; see :class:`UnreadError`."""
        return self._everything().values()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PartlyRead) and self.beside(other):
            return self._read == other._read
        self._asked.everything = True
        return False

    def __hash__(self) -> int:
        return hash(self._read)

    def __repr__(self) -> str:
        return f"<PartlyRead {self._read!r}>"

    def __reduce__(
        self,
    ) -> tuple[type[FrozenMap[RoleName, Targets]], tuple[dict[RoleName, Targets]]]:
        return self._everything().__reduce__()

    @property
    def read(self) -> FrozenMap[RoleName, Targets]:
        """Those that were read, or made."""
        return self._read

    def beside(self, other: object) -> bool:
        """Return whether *other* is of the same reading: then neither has what was not read."""
        return isinstance(other, PartlyRead) and other.notes_in(self._asked)

    def notes_in(self, asked: Asked) -> bool:
        """Return whether this is where it is noted what is looked for."""
        return self._asked is asked

    def including(self, other: Mapping[RoleName, Targets]) -> PartlyRead:
        """Return this map with *other*'s roles added or put in place."""
        read = self._read.including(other)
        return PartlyRead(read, listed=self._listed, asked=self._asked)

    def excluding(self, *keys: RoleName) -> FrozenMap[RoleName, Targets]:
        """Return all of them without *keys*; see :class:`UnreadError`."""
        return self._everything().excluding(*keys)

    def _everything(self) -> FrozenMap[RoleName, Targets]:
        self._asked.everything = True
        raise UnreadError(None)


def at_hand(targets: FrozenMap[RoleName, Targets]) -> FrozenMap[RoleName, Targets]:
    """Return those of *targets* that were read: all, or a part."""
    return targets.read if isinstance(targets, PartlyRead) else targets


def side_by_side(
    before: FrozenMap[RoleName, Targets], after: FrozenMap[RoleName, Targets]
) -> tuple[FrozenMap[RoleName, Targets], FrozenMap[RoleName, Targets]]:
    """Return both, or of both what was read, if that is all in which they may differ.

    Raises:
        UnreadError: somebody may have changed what was not read.
    """
    for one, other in ((before, after), (after, before)):
        if isinstance(one, PartlyRead) and not one.beside(other):
            require_all(one)
    return at_hand(before), at_hand(after)


def require(targets: FrozenMap[RoleName, Targets], name: RoleName) -> None:
    """Make sure that the role *name* was read, if there is one.

    Raises:
        UnreadError: it was not.
    """
    if isinstance(targets, PartlyRead):
        targets.get(name)


def require_all(targets: FrozenMap[RoleName, Targets]) -> None:
    """Make sure that all roles were read.

    Raises:
        UnreadError: they were not.
    """
    len(targets)
