"""The two faces of one client: one waits, one is awaited."""

from trustlib.updater.awaited import AsyncUpdater
from trustlib.updater.blocking import Updater
from trustlib.updater.freshness import Freshness

__all__ = ["AsyncUpdater", "Freshness", "Updater"]
