"""A collection in a registry, read and moved: conversations, for those who wait or await.

A registry has no compare-and-swap. So whoever moves the tag looks before and
after, and says in the manifest what it replaces: what cannot be prevented is
at least found out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from attrs import evolve, frozen

from trustlib._frozen import FrozenMap
from trustlib.content import Digest
from trustlib.content._grammar import require_tag
from trustlib.errors import DeniedError, TooLongError, TransportError, TrustError
from trustlib.registry import _operations as say
from trustlib.registry._artifact import CONFIG, View, rendered, viewed
from trustlib.registry._conversation import Pause, Speaking
from trustlib.registry._operations import Repository
from trustlib.registry.manifests import OCI_MANIFEST, Descriptor
from trustlib.transport.exchange import Body
from trustlib.transport.policies import NO_RETRIES

MOST = 32_000_000
"""Bytes of one file of a collection that are held in memory."""


@frozen(kw_only=True)
class Place:
    """Where a collection is.

    Attributes:
        repository: the repository of the registry.
        tag: the tag that is moved.

    Raises:
        ValueError: *tag* is no tag.
    """

    repository: Repository
    tag: str

    def __attrs_post_init__(self) -> None:
        require_tag(self.tag)

    def __str__(self) -> str:
        return f"{self.repository.session.domain}/{self.repository.path}:{self.tag}"


def seen(place: Place, held: View | None = None) -> Speaking[View | None]:
    """Return the collection as it is now, or None where the tag is absent; one request.

    Returns *held* itself if that is what is there; a registry need not know
    how to say so.

    Raises:
        MalformedError: there is something else.
        TrustError: as :meth:`trustlib.registry.Registry.manifest`.
    """
    before = None if held is None else held.received
    received = yield from say.manifest(place.repository, place.tag, before)
    if received is None:
        return None
    if held is not None and received.manifest.digest == held.digest:
        return held
    return viewed(received, str(place))


def content(place: Place, view: View, path: str) -> Speaking[bytes | None]:
    """Return the file *path* of *view*, which is what the manifest names, or None.

    Raises:
        MismatchError: the registry has something else.
        TooLongError: it is longer than any metadata.
        TransportError: the registry has lost it, or cannot be asked.
    """
    named = view.files.get(path)
    if named is None or named.data is not None:
        return None if named is None else named.data
    if named.size > MOST:
        raise TooLongError(path, MOST)
    return (yield from say.small_blob(place.repository, named))


def prepared(
    place: Place,
    before: View | None,
    contents: Mapping[str, bytes],
    keeping: Collection[str],
    publisher: str,
) -> Speaking[bytes]:
    """Upload what the manifest after *before* names, and return that manifest; nobody sees it yet.

    Args:
        place: where.
        before: what is to be replaced; None: there is nothing.
        contents: the files that are new or changed.
        keeping: the paths of *before* that stay.
        publisher: who does it; ``""``: nobody in particular.

    Raises:
        LimitError: they are more than a manifest can name.
        TransportError: the registry does not take them.
    """
    old = FrozenMap[str, Descriptor]() if before is None else before.files
    stay = {path: named for path, named in old.items() if path in keeping}
    new = {path: Descriptor.of(data, "") for path, data in contents.items()}
    at_hand = {path: named.data for path, named in stay.items() if named.data is not None}
    mark = secrets.token_hex(8)
    raw = rendered({**stay, **new}, {**at_hand, **contents}, before, publisher, mark)
    known = set[Digest]() if before is None else set(before.blobs)
    for data in (*contents.values(), CONFIG.data or b""):
        digest = Digest.of(data)
        if digest not in known and not (yield from say.has_blob(place.repository, digest)):
            yield from say.uploaded(place.repository, Body.of(data), digest)
        known.add(digest)
    return raw


def always() -> bool:
    """Return whether there is time left, which there always is."""
    return True


def moved(
    place: Place, before: View | None, raw: bytes, in_time: Callable[[], bool] = always
) -> Speaking[View | None]:
    """Move the tag from *before* to the manifest *raw*; None if somebody else did, or may.

    Where no answer came, the tag may have been moved, and others may have gone
    on from there; saying it once more would then undo what they did. So it is
    looked at each time before it is moved.

    Args:
        place: where.
        before: what is to be replaced; None: there is nothing.
        raw: the manifest.
        in_time: says right before the tag is moved whether it still may be.

    Raises:
        DeniedError: the registry does not let us.
        TransportError: it did not take the manifest, or gives no answer: then it
            may have taken it.
    """
    ours, retries = Digest.of(raw), place.repository.session.retries
    session = evolve(place.repository.session, retries=NO_RETRIES)
    once = evolve(place.repository, session=session)
    failure = TransportError(str(place), "the registry took a manifest, and does not show it")
    for attempt in range(1, retries.attempts + 2):
        now = yield from seen(place, before)
        if now is not None and now.descends_from(ours):
            return now
        if now is not before or not in_time():
            return None
        if attempt > retries.attempts:
            break
        try:
            yield from say.pushed(once, place.tag, raw, OCI_MANIFEST)
        except DeniedError:
            raise
        except TransportError as error:
            failure = error
            yield Pause(retries.pause(attempt, None))
    raise failure


def kept(place: Place, ours: Digest) -> Speaking[str]:
    """Keep a manifest that was overwritten under a tag of its own; return that, or ``""``.

    It is what its publisher signed, and may be all there is of it.
    """
    tag = f"{place.tag[:100]}.lost.{ours.hex[:16]}"
    with suppress(TrustError):  # the caller has worse to tell
        received = yield from say.manifest(place.repository, ours)
        if received is not None:
            raw = received.manifest.raw
            yield from say.pushed(place.repository, tag, raw, received.manifest.media_type)
            return tag
    return ""
