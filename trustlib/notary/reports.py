"""What a migration would do: to be read before anything is signed, and kept afterwards."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from trustlib._canonical import compact
from trustlib._frozen import JsonLike
from trustlib._types import CollectionName, Version
from trustlib.errors import moment
from trustlib.publish.words import text


@frozen
class Moves:
    """Something that is in the new collection.

    Attributes:
        what: as the old collection has it.
        to: as the new one has it.
    """

    what: str
    to: str


@frozen
class Stays:
    """Something that is not, or not as it was.

    Attributes:
        what: as the old collection has it.
        why: in a sentence.
        instead: what to do about it; empty if there is nothing to do.
    """

    what: str
    why: str
    instead: str = ""


@frozen(kw_only=True)
class Report:
    """What becomes of one collection.

    Attributes:
        collection: its name.
        successor: the name of the collection that takes over.
        verified: the reference time (UTC) at which all of it was verified.
        root: the version of its last root.
        sha256: of that root's file.
        moves: what is in the new collection.
        stays: what is not.
        asked: who is to sign what.
    """

    collection: CollectionName
    successor: CollectionName
    verified: datetime
    root: Version
    sha256: str
    moves: tuple[Moves, ...] = field(repr=False)
    stays: tuple[Stays, ...] = field(repr=False)
    asked: tuple[str, ...] = field(repr=False)

    def as_json(self) -> str:
        """Return the report as a file to keep: canonical JSON and a line's end."""
        value: dict[str, JsonLike] = {
            "kind": "trustlib migration report 1",
            "collection": self.collection,
            "successor": self.successor,
            "verified": self.verified.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "root": {"version": self.root, "sha256": self.sha256},
            "moves": [{"what": one.what, "to": one.to} for one in self.moves],
            "stays": [
                {"what": one.what, "why": one.why, "instead": one.instead} for one in self.stays
            ],
            "asked": list(self.asked),
        }
        return compact(value) + "\n"

    def __str__(self) -> str:
        lines = [
            f"{text(self.collection)} moves to {text(self.successor)}",
            f"  verified as of {moment(self.verified)}, from root {self.root}"
            f" with the hash {self.sha256[:16]}…",
        ]
        lines += ["  moves", *(f"    {one.what}: {one.to}" for one in self.moves)]
        if self.stays:
            lines.append("  stays behind")
            for one in self.stays:
                lines.append(f"    {one.what}: {one.why}")
                lines += [f"      {one.instead}"] if one.instead else []
        lines += ["  who signs", *(f"    {one}" for one in self.asked)]
        return "\n".join(lines)
