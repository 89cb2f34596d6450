"""What a person wants to know of a key before unlocking it.

A label is a note, not a permission: what a key may sign is said by metadata,
under signatures. It is data in a file and never a part of a file's name, so
whatever it says leads nowhere.
"""

from __future__ import annotations

from typing import Final, Self

from attrs import Attribute, field, frozen
from attrs.validators import optional

from trustlib._canonical import compact
from trustlib._frozen import Json
from trustlib._json import read
from trustlib.errors import MalformedError, SigningError, shortened

_LONGEST: Final = 500  # characters of each part


def _sayable(_: object, attribute: Attribute[str], value: str) -> None:
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise ValueError(
            f"{attribute.name}: expected 1 to {_LONGEST} printable characters,"
            f" got {shortened(value)}"
        )


@frozen(kw_only=True)
class Label:
    """What a stored key is for, and whose it is.

    Attributes:
        role: such as ``"root"``, or the name of a delegated role.
        owner: who answers for it: a person, or a machine.
        collection: the repository that it was made for, such as
            ``"docker.io/acme"``; None for whichever.

    Raises:
        ValueError: one of them is empty, too long, or not printable.
    """

    role: str = field(validator=_sayable)
    owner: str = field(validator=_sayable)
    collection: str | None = field(default=None, validator=optional(_sayable))

    def fits(self, *, role: str | None, owner: str | None, collection: str | None) -> bool:
        """Return whether every part that is not None is this label's.

        A key that is for whichever collection fits each.
        """
        return (
            role in (None, self.role)
            and owner in (None, self.owner)
            and (collection is None or self.collection in (None, collection))
        )

    def rendered(self) -> bytes:
        """Return the label as a file."""
        members: dict[str, Json] = {
            "collection": self.collection,
            "owner": self.owner,
            "role": self.role,
        }
        return f"{compact(members)}\n".encode()

    @classmethod
    def parse(cls, data: bytes, *, what: str) -> Self:
        """Return the label that :meth:`rendered` wrote.

        Members that are not known are left out.

        Raises:
            SigningError: *data* is no label.
        """
        try:
            at = read(data, what)
            collection = at.at("collection")
            return cls(
                role=at.at("role").text(),
                owner=at.at("owner").text(),
                collection=None if collection.value is None else collection.text(),
            )
        except (MalformedError, ValueError) as error:
            reason = f"is no label of a key: {error}; restore it from a backup"
        raise SigningError(what, reason)
