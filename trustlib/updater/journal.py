"""Every event is logged, and told to whoever asked to be told.

The logger is called ``trustlib``. It says nothing unless the program gives it a
handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from trustlib.errors import TrustError
from trustlib.events import (
    AnsweredFromStore,
    Event,
    FloorsDropped,
    Odd,
    Refused,
    TrustedOnFirstUse,
    Untrusted,
)

if TYPE_CHECKING:
    from logging import Logger

_WARN: Final = (AnsweredFromStore, FloorsDropped, Odd, Refused, TrustedOnFirstUse, Untrusted)


def told_to(listener: Callable[[Event], None], event: Event) -> None:
    """Log *event*, and tell *listener* about it."""
    log = _log()
    (log.warning if isinstance(event, _WARN) else log.info)("%s", event)
    listener(event)


@cache
def _log() -> Logger:
    import logging  # it takes a while, and nobody can be told of anything before

    log = logging.getLogger("trustlib")
    log.addHandler(logging.NullHandler())
    return log


@contextmanager
def refusals_told_to(listener: Callable[[Event], None]) -> Iterator[None]:
    """Tell *listener* of the error that this ends with, if it does."""
    try:
        yield
    except TrustError as error:
        told_to(listener, Refused(error=error))
        raise
