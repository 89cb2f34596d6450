"""Where a client remembers and a publisher keeps its files."""

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
