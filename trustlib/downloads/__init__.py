"""Artifacts: what was found becomes a file, verified before it has a name."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.downloads.many import adownloaded_all, downloaded_all
    from trustlib.downloads.one import adownloaded, downloaded
    from trustlib.downloads.telling import AT_ONCE, Progress, nobody

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
            "trustlib.downloads.one": "adownloaded downloaded",
            "trustlib.downloads.telling": "AT_ONCE Progress nobody",
        },
    )
