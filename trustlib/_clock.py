"""The clock that is read where nobody gave another: by clients and publishers, and not below."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Return the time of the system's clock (UTC)."""
    return datetime.now(UTC)
