"""The two faces of one client: one waits, one is awaited."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.updater.awaited import AsyncUpdater
    from trustlib.updater.blocking import Updater
    from trustlib.updater.freshness import Freshness

__all__ = ["AsyncUpdater", "Freshness", "Updater"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.updater.awaited": "AsyncUpdater",
            "trustlib.updater.blocking": "Updater",
            "trustlib.updater.freshness": "Freshness",
        },
    )
