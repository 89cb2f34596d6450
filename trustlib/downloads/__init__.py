"""Artifacts: what was found becomes a file, verified before it has a name."""

from trustlib.downloads.many import adownloaded_all, downloaded_all
from trustlib.downloads.one import adownloaded, downloaded

__all__ = ["adownloaded", "adownloaded_all", "downloaded", "downloaded_all"]
