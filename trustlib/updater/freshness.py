"""How old an answer may be, and what may stand in for the repository."""

from __future__ import annotations

from datetime import timedelta

from attrs import Attribute, field, frozen


def _not_negative(_: object, attribute: Attribute[timedelta], value: timedelta | None) -> None:
    if value is not None and value < timedelta(0):
        raise ValueError(f"{attribute.name} must not be negative, got {value}")


@frozen(kw_only=True)
class Freshness:
    """How old an answer may be.

    Attributes:
        max_age: for how long the answers of one update are given without
            asking the repository again. Zero asks it every time.
        fallback: how long ago the last complete update may have begun if the
            repository cannot be reached (:class:`~trustlib.errors.TransportError`) and
            what is stored is to answer instead, verified again. None: it never
            does. A repository that answers with something else than it should
            is refused all the same.
    """

    max_age: timedelta = field(default=timedelta(minutes=5), validator=_not_negative)
    fallback: timedelta | None = field(default=None, validator=_not_negative)
