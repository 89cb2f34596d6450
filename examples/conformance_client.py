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
import os
import sys
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
    NotFoundError,
    StorageError,
    StoredName,
    Trusted,
    TrustError,
    Updater,
)
from trustlib.transport import Sequential

ANCHOR = StoredName(".trustlib/initial_root.json")
"""Where the initial root is kept: the trust that everything else is checked against."""


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
        updater = client(arguments.metadata_dir, metadata, artifacts)
        updater.refresh()
        for path in arguments.target_name:
            updater.download(updater.find(path), Path(arguments.target_dir) / file_name(path))


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

    def download(self, found: Found, place: Path) -> Path:
        """See :meth:`trustlib.Updater.download`."""
        return asyncio.run(self._updater.download(found, place))


def client(
    directory: str, http: HttpTransport, artifacts: HttpTransport | None = None
) -> Updater | Awaiting:
    """Return the client of the repository whose initial root *directory* holds."""
    transport = http if os.environ.get("TRUSTLIB_HINTS") == "1" else Sequential(http)
    storage = FileStorage(directory)
    root = storage.load(ANCHOR)
    if root is None:
        raise NotFoundError(directory, "no initial root there; run init first")
    anchor = Anchor.root(root)
    if os.environ.get("TRUSTLIB_DRIVER") == "async":
        return Awaiting(
            AsyncUpdater(anchor=anchor, transport=transport, storage=storage, artifacts=artifacts)
        )
    return Updater(anchor=anchor, transport=transport, storage=storage, artifacts=artifacts)


def file_name(path: str) -> str:
    """Return one file name for *path*, whatever that holds: not ``..``, and no hidden file."""
    name = quote(path, safe="")
    return f"%2E{name[1:]}" if name.startswith(".") else name


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
