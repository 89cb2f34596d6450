"""What clients make of a repository, whoever edits it: the same search, over the same files."""

from __future__ import annotations

from trustlib._types import ROOT
from trustlib.anchors import Anchor
from trustlib.content import ImageReference, TagBinding
from trustlib.content.binding import resolve
from trustlib.drive import run
from trustlib.limits import Limits
from trustlib.publish.opening import BEGINNING
from trustlib.publish.partly import require_all
from trustlib.publish.publication import AsPublished
from trustlib.publish.repository import Repository
from trustlib.storage import MemoryStorage
from trustlib.workflow import refresh


def meaning(
    repository: Repository, reference: str | ImageReference, *, limits: Limits | None = None
) -> TagBinding:
    """Return what a client finds that the tag of *reference* stands for, as it is published.

    Edits that are not published do not count, and whether it has expired is not
    looked at.

    Raises:
        NotFoundError: nobody vouches for that tag.
        TrustError: as :meth:`trustlib.Updater.resolve`.
        ValueError: *reference* is no image reference with a tag, or nothing is
            published.
        UnreadError: not all of it was read.
    """
    require_all(repository.targets)
    parsed = ImageReference.parse(reference) if isinstance(reference, str) else reference
    files = repository.published.files
    if ROOT not in files:
        raise ValueError("nothing of this repository is published")
    limits = limits or Limits()
    shown, memory = AsPublished(repository, files), MemoryStorage()
    client = refresh(
        Anchor.root(files[ROOT]), now=BEGINNING, limits=limits, format=repository.format
    )
    trusted = run(client, shown, memory, limits)
    search = resolve(trusted, parsed, names=repository.names, limits=limits, known={})
    return run(search, shown, memory, limits)
