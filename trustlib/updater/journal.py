"""Every event is logged, and told to whoever asked to be told.

The logger is called ``trustlib``. It says nothing unless the program gives it a
handler.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

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

_LOG: Final = logging.getLogger("trustlib")
_LOG.addHandler(logging.NullHandler())

_WARN: Final = (AnsweredFromStore, FloorsDropped, Odd, Refused, TrustedOnFirstUse, Untrusted)


def told_to(listener: Callable[[Event], None], event: Event) -> None:
    """Log *event*, and tell *listener* about it."""
    _LOG.log(logging.WARNING if isinstance(event, _WARN) else logging.INFO, "%s", event)
    listener(event)


@contextmanager
def refusals_told_to(listener: Callable[[Event], None]) -> Iterator[None]:
    """Tell *listener* of the error that this ends with, if it does."""
    try:
        yield
    except TrustError as error:
        told_to(listener, Refused(error=error))
        raise
