"""Artifacts: what was found becomes a file, verified before it has a name."""

from trustlib.downloads.many import AT_ONCE, adownloaded_all, downloaded_all
from trustlib.downloads.one import adownloaded, downloaded, nobody
from trustlib.downloads.run import Progress

__all__ = [
    "AT_ONCE",
    "Progress",
    "adownloaded",
    "adownloaded_all",
    "downloaded",
    "downloaded_all",
    "nobody",
]
