"""A collection in a registry, read and moved: conversations, for those who wait or await.

A registry has no compare-and-swap. So whoever moves the tag looks before and
after, and says in the manifest what it replaces: what cannot be prevented is
at least found out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress

from attrs import frozen

from trustlib._frozen import FrozenMap
from trustlib.content import Digest
from trustlib.content._grammar import require_tag
from trustlib.errors import TooLongError, TrustError
from trustlib.registry import _operations as say
from trustlib.registry._artifact import View, empty, rendered, viewed
from trustlib.registry._conversation import Speaking
from trustlib.registry._operations import Repository
from trustlib.registry.manifests import OCI_MANIFEST, Descriptor
from trustlib.transport.exchange import Body

MOST = 32_000_000
"""Bytes of one file of a collection."""


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

    Raises:
        MalformedError: there is something else.
        TrustError: as :meth:`trustlib.registry.Registry.manifest`.
    """
    before = None if held is None else held.received
    received = yield from say.manifest(place.repository, place.tag, before)
    if received is None:
        return None
    return held if held is not None and received is before else viewed(received, str(place))


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


def exchanged(
    place: Place,
    before: View | None,
    contents: Mapping[str, bytes],
    keeping: Collection[str],
) -> Speaking[View | None]:
    """Replace *before* by it with *contents*, in one step; None if somebody else did.

    Args:
        place: where.
        before: what is replaced; None: there was nothing.
        contents: the files that are new or changed.
        keeping: the paths of *before* that stay.

    Raises:
        LimitError: they are more than a manifest can name.
        TransportError: the registry did not take it, or gives no answer: then it
            may have taken it.
    """
    repository = place.repository
    old = FrozenMap[str, Descriptor]() if before is None else before.files
    stay = {path: named for path, named in old.items() if path in keeping}
    new = {path: Descriptor.of(data, "") for path, data in contents.items()}
    at_hand = {path: named.data for path, named in stay.items() if named.data is not None}
    raw = rendered({**stay, **new}, {**at_hand, **contents}, before)
    for data in (*contents.values(), empty().data or b""):
        digest = Digest.of(data)
        if not (yield from say.has_blob(repository, digest)):
            yield from say.uploaded(repository, Body.of(data), digest)
    now = yield from seen(place, before)
    if now is not before:
        return None
    yield from say.pushed(repository, place.tag, raw, OCI_MANIFEST)
    now = yield from seen(place)
    ours = Digest.of(raw)
    if now is not None and now.digest == ours:
        return now
    if now is not None and now.descends_from(ours):
        received = yield from say.manifest(repository, ours)
        if received is not None:
            return viewed(received, str(place))
    yield from kept(place, raw)
    return None


def kept(place: Place, raw: bytes) -> Speaking[str]:
    """Keep a manifest that was overwritten, under a tag of its own; return that.

    It is what its publisher signed, and may be all there is of it.
    """
    tag = f"{place.tag[:100]}.lost.{Digest.of(raw).hex[:16]}"
    with suppress(TrustError):  # it was lost before; whoever looks for it has the digest
        yield from say.pushed(place.repository, tag, raw, OCI_MANIFEST)
    return tag


def descends(place: Place, view: View, digest: Digest) -> Speaking[bool]:
    """Return whether *view* came after the manifest *digest*, as far as manifests say.

    A manifest names some that were before it. Where that is not far enough, the
    oldest of those is asked; a registry that has thrown it away cannot show it.
    """
    known = {view.digest}
    while not view.descends_from(digest):
        oldest = view.history[-1] if view.history else None
        if oldest is None or oldest in known:
            return False
        known.add(oldest)
        received = yield from say.manifest(place.repository, oldest)
        if received is None:
            return False
        view = viewed(received, str(place))
    return True
