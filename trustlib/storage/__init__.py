"""Where a client remembers and a publisher keeps its files."""

from typing import TYPE_CHECKING

from trustlib._rooms import on_first_use

if TYPE_CHECKING:
    from trustlib.storage.file import FileStorage, Modes
    from trustlib.storage.memory import MemoryStorage
    from trustlib.storage.objects import AsyncObjectStorage, ObjectStorage
    from trustlib.storage.prefixed import AsyncPrefixed, Prefixed, collections
    from trustlib.storage.threads import ThreadedRepositoryStorage, ThreadedStorage

__all__ = [
    "AsyncObjectStorage",
    "AsyncPrefixed",
    "FileStorage",
    "MemoryStorage",
    "Modes",
    "ObjectStorage",
    "Prefixed",
    "ThreadedRepositoryStorage",
    "ThreadedStorage",
    "collections",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_first_use(
        __name__,
        {
            "trustlib.storage.file": "FileStorage Modes",
            "trustlib.storage.memory": "MemoryStorage",
            "trustlib.storage.objects": "AsyncObjectStorage ObjectStorage",
            "trustlib.storage.prefixed": "AsyncPrefixed Prefixed collections",
            "trustlib.storage.threads": "ThreadedRepositoryStorage ThreadedStorage",
        },
    )
