"""Lists that a registry keeps: tags, and what refers to a manifest. They come in pages, and end.

Nothing follows from what is on a list: it is what the registry chose to show.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from attrs import evolve

from trustlib._json import Cursor, read
from trustlib.content import Digest
from trustlib.content._grammar import require_tag
from trustlib.errors import LimitError, TransportError
from trustlib.registry._conversation import Speaking, spoken, unexpected
from trustlib.registry._operations import ACCEPTED, Repository, manifest, media_type
from trustlib.registry.manifests import INDEXES, Descriptor, parsed
from trustlib.transport.exchange import Heard, Question

_LINK: Final = re.compile(r"<([^<>\s]{1,4096})>([^<>]{0,4096})")
_NEXT: Final = re.compile(r';\s*rel="?next"?\s*(?:[;,]|$)', re.IGNORECASE)
_LONGEST: Final = 16_384  # characters of one header


def tags(repository: Repository) -> Speaking[tuple[str, ...]]:
    """Return all tags, in the registry's order.

    Raises:
        LimitError: there is no end to them.
        MalformedError: what the registry lists are not tags.
        TransportError: they could not be read.
    """
    session = repository.session
    question = _listing(repository, f"{repository.path}/tags/list?n=1000")
    found: dict[str, None] = {}
    for page in range(repository.limits.pages):
        answer = yield from spoken(session, question, repository.pulling)
        if answer.status == HTTPStatus.NOT_FOUND and page == 0:
            return ()
        if answer.status != HTTPStatus.OK:
            raise unexpected(question, answer)
        listed = read(answer.body, question.where).at("tags")
        for tag in () if listed.value is None else listed.elements():
            found[_tag(tag)] = None
        _bounded(len(found), repository)
        following = _following(answer)
        if following is None:
            return tuple(found)
        question = session.beyond(question, following)
    raise LimitError(f"pages of tags in {repository.path}", repository.limits.pages)


def referrers(
    repository: Repository, digest: Digest, artifact_type: str | None
) -> Speaking[tuple[Descriptor, ...]]:
    """Return what refers to the manifest *digest*, in the registry's order.

    Where the registry has no list of it, what clients leave under a tag instead is read.
    """
    session = repository.session
    wanted = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
    path = f"{repository.path}/referrers/{digest}{wanted}"
    question = evolve(_listing(repository, path), headers=ACCEPTED)
    found: list[Descriptor] = []
    for page in range(repository.limits.pages):
        answer = yield from spoken(session, question, repository.pulling)
        if answer.status == HTTPStatus.NOT_FOUND and page == 0:
            left = yield from manifest(repository, _fallback(digest))
            found = [] if left is None else [*left.manifest.manifests]
            return _of_type(found, artifact_type)
        if answer.status != HTTPStatus.OK:
            raise unexpected(question, answer)
        index = parsed(answer.body, media_type(answer), question.where)
        if index.media_type not in INDEXES:
            raise TransportError(question.where, "the registry answered with something else")
        found.extend(index.manifests)
        _bounded(len(found), repository)
        following = _following(answer)
        if following is None:
            return _of_type(found, artifact_type)
        question = session.beyond(question, following)
    raise LimitError(f"pages of referrers in {repository.path}", repository.limits.pages)


def _tag(cursor: Cursor) -> str:
    try:
        require_tag(cursor.text())
    except ValueError:
        raise cursor.wrong("a tag") from None
    return cursor.text()


def _following(answer: Heard) -> str | None:
    """Return where the list goes on, if it does (RFC 8288)."""
    for links in answer.headers.get("link", ()):
        for link in _LINK.finditer(links[:_LONGEST]):
            if _NEXT.search(link[2]):
                return link[1]
    return None


def _fallback(digest: Digest) -> str:
    """Return the tag under which lists are left (OCI distribution specification, "Referrers")."""
    return f"{digest.algorithm}-{digest.hex[:64]}"


def _of_type(found: list[Descriptor], artifact_type: str | None) -> tuple[Descriptor, ...]:
    return tuple(d for d in found if artifact_type in (None, d.artifact_type))


def _bounded(entries: int, repository: Repository) -> None:
    if entries > repository.limits.entries:
        raise LimitError(f"entries in a list of {repository.path}", repository.limits.entries)


def _listing(repository: Repository, path: str) -> Question:
    return Question(hop=repository.session.hop(path), most=repository.limits.page)
