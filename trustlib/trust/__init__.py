"""The TUF client workflow as a chain of immutable stages (TUF 1.0.34 §5).

Each stage offers the steps that are legal from it and no others, so the order
that the specification demands is the only order that type-checks::

    RootTrusted ── accept_root ──▶ RootTrusted
                ── accept_timestamp ──▶ TimestampTrusted
                                        ── accept_snapshot ──▶ SnapshotTrusted
                                                               ── accept_targets ──▶ Trusted

Nothing here reads a clock, a file, or a socket. A step either returns the next
stage or raises a :class:`~trustlib.TrustError`, and the stage it was asked of
is as good as before.
"""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.trust.stages import RootTrusted, SnapshotTrusted, TimestampTrusted, Trusted
    from trustlib.verify import Verified, verify

__all__ = [
    "RootTrusted",
    "SnapshotTrusted",
    "TimestampTrusted",
    "Trusted",
    "Verified",
    "verify",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.trust.stages": "RootTrusted SnapshotTrusted TimestampTrusted Trusted",
            "trustlib.verify": "Verified verify",
        },
    )
