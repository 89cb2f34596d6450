"""A file is in its place whole and verified, or it is not there."""

from __future__ import annotations

from pathlib import Path

from trustlib.downloads.run import arun, run
from trustlib.downloads.steps import downloading
from trustlib.downloads.telling import Progress, nobody
from trustlib.limits import Limits
from trustlib.ports import AsyncTransport, Transport
from trustlib.workflow import Found


def downloaded(
    found: Found,
    place: Path,
    *,
    transport: Transport,
    folder: str = "",
    limits: Limits,
    progress: Progress = nobody,
) -> Path:
    """Return *place*, where the artifact that was *found* is now (§5.7.3).

    It is fetched in pieces, of which each is hashed and none is kept in
    memory, into a hidden file beside *place*. When its length and every hash
    that is listed and known here were found right, and the disk has it, that
    file replaces what is at *place*, in one step. A file that is right already
    is not fetched again, and a link at *place* is replaced, not followed.

    What breaks off is continued: in this call while bytes keep coming, and
    otherwise by the next call for the same content into the same directory,
    also in another process. What an earlier call has left is hashed again; if
    it turns out to be wrong, everything is fetched once more. (On Windows, and
    on file systems without locks, only this call continues what broke off.)
    Several downloads to the same place do not disturb each other.

    How long it may take follows from the length and ``limits.minimum_rate``;
    there is no other deadline.

    Args:
        found: what to fetch.
        place: the file to write, in a directory that exists. Nothing that a
            repository says has an influence on it.
        transport: how the repository's artifacts are read.
        folder: where *transport* has them, percent-encoded and with a slash at
            its end; empty for the top.
        limits: how slowly they may come.
        progress: called after each piece with the number of bytes that are
            there, which never becomes less, and the number there will be. What
            it raises ends the download; what has arrived is kept.

    Raises:
        MismatchError: it is not what *found* describes, or that has no hash by
            an algorithm that is known here (then nothing was fetched).
        TooLongError: there are more bytes than that; at the first of them.
        NotFoundError: the repository does not have it under any of its names.
        TransportError: it could not be read, or broke off or came too slowly
            too often. Call again.
        StorageError: the system refused; its reason says what to do.
    """
    return run(downloading(found, place, folder=folder, limits=limits), transport, progress)


async def adownloaded(
    found: Found,
    place: Path,
    *,
    transport: AsyncTransport,
    folder: str = "",
    limits: Limits,
    progress: Progress = nobody,
) -> Path:
    """:func:`downloaded`, to await. *progress* is called in the event loop.

    Cancelling it ends the download; what has arrived is kept.
    """
    steps = downloading(found, place, folder=folder, limits=limits)
    return await arun(steps, transport, progress)
