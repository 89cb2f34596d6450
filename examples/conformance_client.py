#!/usr/bin/env python
"""The client that the TUF conformance suite tests: ``make conformance SUITE=<its checkout>``.

The suite (theupdateframework/tuf-conformance) runs this program as a user would, and looks
at what it asked for and what it kept. The metadata directory holds the trusted role files
and nothing else; bookkeeping, the initial root too, is in ``.trustlib`` below it.

``TRUSTLIB_DRIVER=async`` in the environment runs the client that awaits. The suite asserts the
order of requests, so each file is asked for when it is needed; ``TRUSTLIB_HINTS=1`` asks for
several at once, as the client does by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from trustlib import (
    ROOT,
    TUF_JSON,
    Anchor,
    AsyncUpdater,
    FileStorage,
    Found,
    HttpTransport,
    MismatchError,
    NotFoundError,
    Request,
    StorageError,
    StoredName,
    TooLongError,
    Trusted,
    TrustError,
    Updater,
    UrlPath,
    VerificationError,
)
from trustlib.transport import Sequential

ANCHOR = StoredName(".trustlib/initial_root.json")
"""Where the initial root is kept: the trust that everything else is checked against."""

CHUNK = 65_536


# -- the three commands -----------------------------------------------------------------


def init(arguments: argparse.Namespace) -> None:
    """Keep the initial root. A store that has one already keeps that."""
    storage = FileStorage(arguments.metadata_dir)
    raw = Path(arguments.trusted_root).read_bytes()
    if not storage.save(ANCHOR, raw, replacing=None):
        raise StorageError(arguments.metadata_dir, "was initialized with another root already")
    storage.save(TUF_JSON.stored(ROOT), raw, replacing=None)


def refresh(arguments: argparse.Namespace) -> None:
    """Bring the top-level roles up to date."""
    with HttpTransport(arguments.metadata_url) as transport:
        client(arguments.metadata_dir, transport).refresh()


def download(arguments: argparse.Namespace) -> None:
    """Fetch the artifacts, in order, unless they are there already."""
    with (
        HttpTransport(arguments.metadata_url) as metadata,
        HttpTransport(arguments.target_base_url) as artifacts,
    ):
        updater = client(arguments.metadata_dir, metadata)
        prefixed = updater.refresh().snapshot.root.root.role.consistent_snapshot
        for path in arguments.target_name:
            found = updater.find(path)
            place = Path(arguments.target_dir) / file_name(path)
            if not is_right(place, found):
                # With consistent snapshots, a file is called after any of its hashes too (§6.2).
                prefix = f"{next(iter(found.target.hashes.values()))}." if prefixed else ""
                fetch(found, prefix, artifacts, place)


# -- the two drivers --------------------------------------------------------------------


class Awaiting:
    """An :class:`AsyncUpdater` for a program that does one thing after the other."""

    def __init__(self, updater: AsyncUpdater) -> None:
        self._updater = updater

    def refresh(self) -> Trusted:
        """See :meth:`trustlib.Updater.refresh`."""
        return asyncio.run(self._updater.refresh())

    def find(self, path: str) -> Found:
        """See :meth:`trustlib.Updater.find`."""
        return asyncio.run(self._updater.find(path))


def client(directory: str, http: HttpTransport) -> Updater | Awaiting:
    """Return the client of the repository whose initial root *directory* holds."""
    transport = http if os.environ.get("TRUSTLIB_HINTS") == "1" else Sequential(http)
    storage = FileStorage(directory)
    root = storage.load(ANCHOR)
    if root is None:
        raise NotFoundError(directory, "no initial root there; run init first")
    anchor = Anchor.root(root)
    if os.environ.get("TRUSTLIB_DRIVER") == "async":
        return Awaiting(AsyncUpdater(anchor=anchor, transport=transport, storage=storage))
    return Updater(anchor=anchor, transport=transport, storage=storage)


# -- artifacts --------------------------------------------------------------------------


def file_name(path: str) -> str:
    """Return one file name for *path*, whatever that holds: not ``..``, and no hidden file."""
    name = quote(path, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def is_right(place: Path, found: Found) -> bool:
    """Return whether the file at *place* is the artifact that was *found*."""
    try:
        with place.open("rb") as file:
            for _ in verified(iter(lambda: file.read(CHUNK), b""), found):
                pass
    except (FileNotFoundError, TooLongError, VerificationError):
        return False
    return True


def fetch(found: Found, prefix: str, transport: HttpTransport, place: Path) -> None:
    """Put the artifact at *place* once all of it was verified; not a byte before that."""
    folder, slash, file = found.path.rpartition("/")
    url = UrlPath(quote(f"{folder}{slash}{prefix}{file}"))
    pieces = transport.fetch(Request(path=url))
    if pieces is None:
        raise NotFoundError(url, "the metadata lists it, and the repository does not have it")
    # Beside its place, so that it gets there in one step.
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as drafts:
        draft = Path(drafts) / "artifact"
        with draft.open("wb") as output:
            output.writelines(verified(pieces, found))
        draft.replace(place)


def verified(pieces: Iterable[bytes], found: Found) -> Iterator[bytes]:
    """Hand the pieces on, and at their end raise unless they were the artifact (§5.7.3).

    Raises:
        TooLongError: there are more bytes than the metadata says; at once.
        MismatchError: there are fewer, or they are others, or the metadata has no hash
            by an algorithm that is known here.
    """
    target, role = found.target, found.via[-1]
    running = {name: hashlib.new(name) for name in ("sha256", "sha512") if name in target.hashes}
    if not running:
        raise MismatchError(role, "a hash by", "sha256 or sha512", ", ".join(target.hashes))
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > target.length:
            raise TooLongError(found.path, target.length)
        for hashing in running.values():
            hashing.update(piece)
        yield piece
    if length != target.length:
        raise MismatchError(role, f"length of {found.path}", target.length, length)
    for name, hashing in running.items():
        if hashing.hexdigest() != target.hashes[name]:
            expected = target.hashes[name]
            raise MismatchError(role, f"{name} of {found.path}", expected, hashing.hexdigest())


def main() -> int:
    """Run one command; 0 says that it succeeded fully, 1 that it did not."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--metadata-dir", required=True)
    for option in ("--metadata-url", "--target-base-url", "--target-dir"):
        parser.add_argument(option)
    parser.add_argument("--target-name", action="append")
    commands = parser.add_subparsers(required=True)
    for command in (init, refresh, download):
        commands.add_parser(command.__name__, help=command.__doc__).set_defaults(run=command)
    commands.choices["init"].add_argument("trusted_root")
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except TrustError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
