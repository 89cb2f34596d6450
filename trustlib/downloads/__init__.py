"""Artifacts: what was found becomes a file, verified before it has a name."""

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
