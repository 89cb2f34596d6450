"""What is awaited, called: so that one suite is enough for both."""

import asyncio

from trustlib.ports import AsyncRepositoryStorage, Revised, Revision


class Publisher:
    """Awaits an asynchronous repository storage."""

    def __init__(self, twin: AsyncRepositoryStorage) -> None:
        self.twin = twin

    def read(self, path: str) -> Revised | None:
        return asyncio.run(self.twin.read(path))

    def write(self, path: str, data: bytes, *, replacing: Revision | None) -> Revision | None:
        return asyncio.run(self.twin.write(path, data, replacing=replacing))

    def list(self):
        return asyncio.run(self.twin.list())

    def delete(self, path: str) -> None:
        asyncio.run(self.twin.delete(path))
