"""What can be asked of a registry (OCI distribution specification 1.1), one function for each.

Whatever comes back is held to what was asked for: bytes are hashed here, and
what a header says of them is believed only where it agrees.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib._types import RoleName
from trustlib.content import Digest
from trustlib.content._grammar import require_path, require_tag
from trustlib.errors import MismatchError, TransportError, shortened
from trustlib.registry._conversation import Pause, Session, Speaking, spoken, unexpected
from trustlib.registry.manifests import MEDIA_TYPES, MOST, Descriptor, Manifest, parsed
from trustlib.transport.exchange import Body, Heard, Question

ACCEPTED: Final = FrozenMap({"Accept": ", ".join(MEDIA_TYPES)})
_OCTETS: Final = "application/octet-stream"


@frozen(kw_only=True)
class RegistryLimits:
    """How much a registry may make us read.

    Attributes:
        manifest: bytes of a manifest; no registry must take more than the default.
        blob: bytes of a blob that is read into memory; others have no limit but their size.
        page: bytes of one page of a list.
        pages: pages of one list.
        entries: entries of one list.
    """

    manifest: int = MOST
    blob: int = 67_108_864
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

    def answers(self, reference: str | Digest) -> bool:
        """Return whether this can be what is at *reference*: a tag may have any manifest."""
        return isinstance(reference, str) or reference == Digest.of(
            self.manifest.raw, reference.algorithm
        )


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
    known = held if held is not None and held.etag and held.answers(reference) else None
    headers = ACCEPTED if known is None else ACCEPTED.including({"If-None-Match": known.etag})
    question = evolve(question, headers=headers, most=repository.limits.manifest)
    answer = yield from spoken(repository.session, question, repository.pulling)
    if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
        return known
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise unexpected(question, answer)
    algorithm = reference.algorithm if isinstance(reference, Digest) else "sha256"
    if isinstance(reference, Digest):  # before anything reads what it is
        got = Digest.of(answer.body, algorithm)
        _same(question, "a manifest with the digest", reference, got)
    found = parsed(answer.body, media_type(answer), question.where, algorithm=algorithm)
    _uncontradicted(question, answer, partial(Digest.of, found.raw))
    return Received(manifest=found, etag=_etag(answer))


def media_type(answer: Heard) -> str:
    """Return what the registry says the bytes are. If it says two things, that is neither."""
    return ", ".join(answer.headers.get("content-type", ()))


def _uncontradicted(question: Question, answer: Heard, digest: Callable[[str], Digest]) -> None:
    """Find that the registry says of the bytes what they hash to, by our own *digest*, or nothing.

    Raises:
        MismatchError: it says something else.
    """
    claimed = answer.header("docker-content-digest")
    algorithm = claimed.partition(":")[0]
    if algorithm not in _ALGORITHMS:
        return  # it says nothing to us
    ours = str(digest(algorithm))
    if claimed != ours:
        what = "bytes with the digest"
        raise MismatchError(RoleName(question.where), what, ours, shortened(claimed, str))


_ALGORITHMS: Final = frozenset({"sha256", "sha512"})


def pushed(
    repository: Repository, reference: str | Digest, raw: bytes, media_type: str
) -> Speaking[Descriptor]:
    """Put the manifest *raw* at *reference*, and return what names it.

    Raises:
        ValueError: *reference* is no tag, or the digest of something else.
        MalformedError: *raw* is no manifest, or not clearly one of that *media_type*.
        MismatchError: the registry says that it has got something else.
        TransportError: it did not take it.
    """
    algorithm = reference.algorithm if isinstance(reference, Digest) else "sha256"
    question = evolve(
        _manifest(repository, reference, "PUT"),
        headers=FrozenMap({"Content-Type": media_type}),
        body=Body.of(raw),
    )
    ours = parsed(raw, media_type, "the manifest to push", algorithm=algorithm)
    if isinstance(reference, Digest) and reference != ours.digest:
        raise ValueError(f"reference: the manifest has the digest {ours.digest}, not {reference}")
    answer = yield from spoken(repository.session, question, repository.pushing)
    if answer.status not in (HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.ACCEPTED):
        raise unexpected(question, answer)
    _uncontradicted(question, answer, partial(Digest.of, raw))
    return ours.descriptor


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
        with suppress(TransportError):  # else the registry forgets it by itself, later
            location = answer.header("location")
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
    end = evolve(send, method="PUT", headers=begin.headers, body=begin.body)
    end = session.beyond(end, answer.header("location"))
    joint = "&" if "?" in end.hop.url else "?"
    url = f"{end.hop.url}{joint}{urlencode({'digest': str(whole)})}"
    end = evolve(end, hop=evolve(end.hop, url=url))
    answer = yield from spoken(session, end, repository.pushing)
    if answer.status not in (HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.OK):
        raise unexpected(end, answer)
    if answer.header("docker-content-digest").startswith(f"{whole.algorithm}:"):
        _uncontradicted(end, answer, lambda _: whole)


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
