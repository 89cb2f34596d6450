"""The updater of the adapters here, told by the environment; yours has all of it built in.

TRUST_ROOT    the file with the root that you ship
TRUST_SITE    where the metadata is: an https:// address, or a directory
TRUST_MEMORY  a directory that outlives the program: it keeps old metadata from coming back
TRUST_DOMAIN  the registry whose tags the collection speaks for
"""

from __future__ import annotations

import os
from pathlib import Path

from trustlib import (
    Anchor,
    DirectoryTransport,
    FileStorage,
    HttpTransport,
    PerOrganisation,
    Updater,
)


def configured() -> Updater:
    """Return the updater that the environment describes."""
    site = os.environ["TRUST_SITE"]
    return Updater(
        anchor=Anchor.root(Path(os.environ["TRUST_ROOT"]).read_bytes()),
        # Where the metadata lies in the registry itself, this is a RegistryTransport.
        transport=HttpTransport(site) if site.startswith("https://") else DirectoryTransport(site),
        storage=FileStorage(os.environ["TRUST_MEMORY"]),
        names=PerOrganisation(os.environ["TRUST_DOMAIN"]),
    )
