"""Artifacts: what was found becomes a file, verified before it has a name."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.downloads.many import adownloaded_all, downloaded_all
    from trustlib.downloads.one import adownloaded, downloaded, nobody
    from trustlib.downloads.run import Progress
    from trustlib.downloads.side_by_side import AT_ONCE

__all__ = [
    "AT_ONCE",
    "Progress",
    "adownloaded",
    "adownloaded_all",
    "downloaded",
    "downloaded_all",
    "nobody",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.downloads.many": "adownloaded_all downloaded_all",
            "trustlib.downloads.one": "adownloaded downloaded nobody",
            "trustlib.downloads.run": "Progress",
            "trustlib.downloads.side_by_side": "AT_ONCE",
        },
    )
