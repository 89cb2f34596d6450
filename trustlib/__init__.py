"""Which bytes does a container tag stand for, who says so, and is that still true?"""

from trustlib.updater import AsyncUpdater, Updater

__version__ = "0.1.0.dev0"
__all__ = ["AsyncUpdater", "Updater"]
