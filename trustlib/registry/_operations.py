"""What can be asked of a registry (OCI distribution specification 1.1), one function for each.

Whatever comes back is held to what was asked for: bytes are hashed here, and
what a header says of them is believed only where it agrees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._json import read
from trustlib._types import RoleName
from trustlib.content import Digest
from trustlib.content._grammar import require_path, require_tag
from trustlib.errors import LimitError, MismatchError, TransportError
from trustlib.registry._conversation import Pause, Session, Speaking, spoken, unexpected
from trustlib.registry.manifests import INDEXES, MEDIA_TYPES, MOST, Descriptor, Manifest, parsed
from trustlib.transport.exchange import Body, Heard, Question

_ACCEPTED: Final = FrozenMap({"Accept": ", ".join(MEDIA_TYPES)})
_OCTETS: Final = "application/octet-stream"
_NEXT: Final = re.compile(r'<([^<>\s]{1,4096})>\s*;\s*rel="?next"?', re.IGNORECASE)
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


@frozen(kw_only=True)
class RegistryLimits:
    """How much a registry may make us read.

    Attributes:
        manifest: bytes of a manifest; no registry must take more than the default.
        page: bytes of one page of a list.
        pages: pages of one list.
        entries: entries of one list.
    """

    manifest: int = MOST
    page: int = 4_194_304
    pages: int = 1_000
    entries: int = 100_000


@frozen(kw_only=True)
class Repository:
    """A repository of a registry, as a party to a conversation.

    Attributes:
        session: with the registry.
        path: what the repository is called there.
        limits: how much it may make us read.

    Raises:
        ValueError: *path* is no such name.
    """

    session: Session
    path: str = field()
    limits: RegistryLimits

    @path.validator
    def _is_path(self, _: object, value: str) -> None:
        require_path(value)

    @property
    def pulling(self) -> str:
        """What must be granted to read."""
        return f"repository:{self.path}:pull"

    @property
    def pushing(self) -> str:
        """What must be granted to write."""
        return f"repository:{self.path}:pull,push"

    @property
    def deleting(self) -> str:
        """What must be granted to delete."""
        return f"repository:{self.path}:delete"


@frozen(kw_only=True)
class Received:
    """A manifest, and by what the registry knows this state of it again."""

    manifest: Manifest
    etag: str = ""


def manifest(
    repository: Repository, reference: str | Digest, held: Received | None = None
) -> Speaking[Received | None]:
    """Return the manifest at *reference*, or None; *held* if the registry says it is unchanged.

    Raises:
        ValueError: *reference* is no tag.
        MismatchError: the registry sent another one than was asked for, or than it says.
        MalformedError: it is no manifest.
        TooLongError: it has too many bytes.
        TransportError: it could not be read.
    """
    question = _manifest(repository, reference, "GET")
    headers = _ACCEPTED
    if held is not None and held.etag:
        headers = headers.including({"If-None-Match": held.etag})
    question = evolve(question, headers=headers, most=repository.limits.manifest)
    answer = yield from spoken(repository.session, question, repository.pulling)
    if answer.status == HTTPStatus.NOT_MODIFIED and held is not None and held.etag:
        return held
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise unexpected(question, answer)
    algorithm = reference.algorithm if isinstance(reference, Digest) else "sha256"
    found = parsed(answer.body, answer.header("content-type"), question.where, algorithm=algorithm)
    if isinstance(reference, Digest):
        _same(question, "a manifest with the digest", reference, found.digest)
    said(question, answer, found.raw)
    return Received(manifest=found, etag=_etag(answer))


def said(question: Question, answer: Heard, raw: bytes) -> None:
    """Find that the registry does not contradict what its bytes hash to.

    Raises:
        MismatchError: it does.
    """
    header = answer.header("docker-content-digest")
    if not header:
        return
    try:
        claimed = Digest.parse(header)
    except ValueError:
        return  # by an algorithm that says nothing to us
    _same(question, "bytes with the digest", claimed, Digest.of(raw, claimed.algorithm))


def pushed(
    repository: Repository, reference: str | Digest, raw: bytes, media_type: str
) -> Speaking[None]:
    """Put the manifest *raw* at *reference*.

    Raises:
        ValueError: *reference* is no tag.
        MismatchError: the registry says that it has got something else.
        TransportError: it did not take it.
    """
    question = evolve(
        _manifest(repository, reference, "PUT"),
        headers=FrozenMap({"Content-Type": media_type}),
        body=Body.of(raw),
    )
    answer = yield from spoken(repository.session, question, repository.pushing)
    if answer.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED):
        raise unexpected(question, answer)
    said(question, answer, raw)


def deleted(repository: Repository, reference: str | Digest) -> Speaking[None]:
    """Remove a tag, or a manifest and all its tags; one that is not there is fine.

    Raises:
        TransportError: the registry does not do that, or not for us.
    """
    question = _manifest(repository, reference, "DELETE")
    answer = yield from spoken(repository.session, question, repository.deleting)
    if answer.status not in (HTTPStatus.ACCEPTED, HTTPStatus.OK, HTTPStatus.NOT_FOUND):
        raise unexpected(question, answer)


def blob(repository: Repository, digest: Digest, offset: int = 0) -> Speaking[Heard | None]:
    """Return the answer whose pieces are the blob *digest* from *offset* on, or None."""
    question = evolve(
        _blob(repository, digest, "GET"),
        streamed=frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}),
        offset=offset,
    )
    session = repository.session
    answer = yield from spoken(session, question, repository.pulling, redirects=session.downloads)
    if answer.pieces is not None:
        return answer
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    raise unexpected(question, answer)


def small_blob(repository: Repository, descriptor: Descriptor) -> Speaking[bytes]:
    """Return all of a blob, for one whose size the caller has found bearable.

    Raises:
        MismatchError: the registry has something else.
        TooLongError: it has more.
        TransportError: it has lost the blob, or cannot be asked.
    """
    question = evolve(_blob(repository, descriptor.digest, "GET"), most=descriptor.size)
    session = repository.session
    answer = yield from spoken(session, question, repository.pulling, redirects=session.downloads)
    if answer.status == HTTPStatus.NOT_FOUND:
        # No absence: a manifest names it, so somebody has lost it or withholds it.
        raise TransportError(question.where, "the registry does not have what its manifest names")
    if answer.status != HTTPStatus.OK:
        raise unexpected(question, answer)
    _same(question, "length", descriptor.size, len(answer.body))
    got = Digest.of(answer.body, descriptor.digest.algorithm)
    _same(question, "bytes with the digest", descriptor.digest, got)
    return answer.body


def has_blob(repository: Repository, digest: Digest) -> Speaking[bool]:
    """Return whether the registry says that it has the blob *digest*."""
    question, session = _blob(repository, digest, "HEAD"), repository.session
    answer = yield from spoken(session, question, repository.pulling, redirects=session.downloads)
    if answer.status not in (HTTPStatus.OK, HTTPStatus.NOT_FOUND):
        raise unexpected(question, answer)
    return answer.status == HTTPStatus.OK


def mounted(repository: Repository, digest: Digest, origin: str) -> Speaking[bool]:
    """Take the blob *digest* over from the repository *origin*; return whether that was done."""
    require_path(origin)
    scopes = (repository.pushing, f"repository:{origin}:pull")
    asked = {"mount": str(digest), "from": origin}
    question = _uploads(repository, "POST", asked)
    answer = yield from spoken(repository.session, question, *scopes)
    if answer.status == HTTPStatus.CREATED:
        return True
    if answer.status == HTTPStatus.ACCEPTED:  # an upload was begun instead
        location = answer.header("location")
        if location:
            begun = repository.session.beyond(evolve(question, method="DELETE"), location)
            yield from spoken(repository.session, begun, repository.pushing)
        return False
    raise unexpected(question, answer)


def uploaded(repository: Repository, body: Body, digest: Digest) -> Speaking[None]:
    """Send the blob *digest*, again from its beginning if the connection breaks.

    Raises:
        MismatchError: the registry says that it has got something else.
        TransportError: it did not take it.
    """
    from trustlib.transport._connections import passing

    retries = repository.session.retries
    for attempt in range(1, retries.attempts + 1):
        try:
            return (yield from sent(repository, body, lambda: digest))
        except TransportError as error:
            if attempt == retries.attempts or not passing(error.__cause__) or body.length is None:
                raise
        yield Pause(retries.pause(attempt, None))
    return None


def sent(repository: Repository, body: Body, digest: Callable[[], Digest]) -> Speaking[None]:
    """Send a blob once; *digest* is called when it was sent."""
    session = repository.session
    begin = _uploads(repository, "POST", {})
    answer = yield from spoken(session, begin, repository.pushing)
    if answer.status != HTTPStatus.ACCEPTED:
        raise unexpected(begin, answer)
    # In one piece, but not with the last request: some registries take none with that.
    send = evolve(begin, method="PATCH", headers=FrozenMap({"Content-Type": _OCTETS}), body=body)
    send = session.beyond(send, answer.header("location"))
    answer = yield from spoken(session, send, repository.pushing)
    if answer.status not in (HTTPStatus.ACCEPTED, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT):
        raise unexpected(send, answer)
    whole = digest()
    end = session.beyond(evolve(begin, method="PUT"), answer.header("location"))
    joint = "&" if "?" in end.hop.url else "?"
    url = f"{end.hop.url}{joint}{urlencode({'digest': str(whole)})}"
    end = evolve(end, hop=evolve(end.hop, url=url))
    answer = yield from spoken(session, end, repository.pushing)
    if answer.status not in (HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.OK):
        raise unexpected(end, answer)
    claimed = answer.header("docker-content-digest")
    if claimed and claimed != str(whole) and claimed.startswith(f"{whole.algorithm}:"):
        _same(end, "a blob with the digest", whole, claimed)


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
            if not _TAG.fullmatch(tag.text()):
                raise tag.wrong("a tag")
            found[tag.text()] = None
        _bounded(len(found), repository)
        following = _NEXT.match(answer.header("link"))
        if following is None:
            return tuple(found)
        question = session.beyond(question, following[1])
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
    question = evolve(_listing(repository, path), headers=_ACCEPTED)
    found: list[Descriptor] = []
    for page in range(repository.limits.pages):
        answer = yield from spoken(session, question, repository.pulling)
        if answer.status == HTTPStatus.NOT_FOUND and page == 0:
            left = yield from manifest(repository, _fallback(digest))
            found = [] if left is None else [*left.manifest.manifests]
            return _of_type(found, artifact_type)
        if answer.status != HTTPStatus.OK:
            raise unexpected(question, answer)
        index = parsed(answer.body, answer.header("content-type"), question.where)
        if index.media_type not in INDEXES:
            raise TransportError(question.where, "the registry answered with something else")
        found.extend(index.manifests)
        _bounded(len(found), repository)
        following = _NEXT.match(answer.header("link"))
        if following is None:
            return _of_type(found, artifact_type)
        question = session.beyond(question, following[1])
    raise LimitError(f"pages of referrers in {repository.path}", repository.limits.pages)


def _fallback(digest: Digest) -> str:
    return f"{digest.algorithm}-{digest.hex}"[:128]


def _of_type(found: list[Descriptor], artifact_type: str | None) -> tuple[Descriptor, ...]:
    return tuple(d for d in found if artifact_type in (None, d.artifact_type))


def _bounded(entries: int, repository: Repository) -> None:
    if entries > repository.limits.entries:
        raise LimitError(f"entries in a list of {repository.path}", repository.limits.entries)


def _listing(repository: Repository, path: str) -> Question:
    return Question(hop=repository.session.hop(path), most=repository.limits.page)


def _manifest(repository: Repository, reference: str | Digest, method: str) -> Question:
    if isinstance(reference, str):
        require_tag(reference)
    path = f"{repository.path}/manifests/{reference}"
    return Question(method=method, hop=repository.session.hop(path))


def _blob(repository: Repository, digest: Digest, method: str) -> Question:
    path = f"{repository.path}/blobs/{digest}"
    return Question(method=method, hop=repository.session.hop(path))


def _uploads(repository: Repository, method: str, asked: dict[str, str]) -> Question:
    query = f"?{urlencode(asked, quote_via=quote)}" if asked else ""
    hop = repository.session.hop(f"{repository.path}/blobs/uploads/{query}")
    return Question(method=method, hop=hop, body=Body.of(b""))


def _etag(answer: Heard) -> str:
    etag = answer.header("etag")
    return etag if _ETAG.fullmatch(etag) else ""


_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,1000}"')


def _same(question: Question, what: str, expected: object, got: object) -> None:
    if expected != got:
        raise MismatchError(RoleName(question.where), what, expected, got)
