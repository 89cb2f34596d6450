"""Images between a registry and a directory: every byte is verified on its way.

What an image consists of is known before anything is copied. Blobs are there
before the manifest that needs them, manifests before the index that names
them, and a name comes last: whoever finds one finds all of it.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Never, TypeAlias

from trustlib.content import Digest
from trustlib.downloads.side_by_side import Job, aall_done, all_done
from trustlib.downloads.telling import Progress, nobody
from trustlib.drive import driven
from trustlib.errors import NotFoundError
from trustlib.registry import _operations as say
from trustlib.registry._conversation import Speaking
from trustlib.registry._operations import Repository
from trustlib.registry._trees import CopyLimits, Tree, agreeing, child, grown
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.layout import Layout
from trustlib.registry.manifests import Descriptor, Manifest, Platform
from trustlib.registry.platforms import image
from trustlib.transport.exchange import Body

__all__ = [
    "CopyLimits",
    "afetched_into",
    "apushed_from",
    "fetched_into",
    "pushed_from",
]

Wanted: TypeAlias = "Manifest | Descriptor | Digest"
"""An image that somebody has verified: all of it, or by what names it."""

USUAL = CopyLimits()


def fetched_into(
    layout: Layout,
    registry: Registry,
    repository: str,
    wanted: Wanted,
    *,
    platform: Platform | None = None,
    name: str | None = None,
    limits: CopyLimits = USUAL,
    progress: Progress = nobody,
) -> Manifest:
    """Return the manifest or index that is in *layout* now, with all that it needs.

    Bytes come from the registry, in pieces, a few blobs at a time, and each is
    hashed. A blob that is in *layout* already is hashed too, and not fetched
    again. What breaks off is continued by the next call. ``urls`` in an image
    are never followed: of a layer that its publisher does not let registries
    have ("foreign", "nondistributable") nothing is fetched, nor of its image.

    Args:
        layout: where to.
        registry: where from.
        repository: where there.
        wanted: what. With a digest, size and media type are the registry's word.
        platform: which image of an index, the first for exactly this platform
            (without a variant: arm64 is v8, arm v7, amd64 v1); of a single
            image, whether it is for this one. None: the whole index.
        name: what it is called in *layout* from now on; None: nothing.
        limits: how much it may consist of.
        progress: called with how many bytes of all blobs are there, and how
            many there will be. One call at a time, from any of several threads.

    Raises:
        NotFoundError: there is no such image, none for the *platform*, or a
            part of it that the registry does not have or must not have.
        MismatchError: the registry has something else.
        MalformedError: the image is none, or not clearly one.
        LimitError: it consists of too much.
        TransportError: the registry could not be read; call again.
        StorageError: the directory could not be written.
        ValueError: *repository* or *name* cannot be called so.
    """
    at = registry.repository(repository)
    tree = registry.held(_wanted(at, wanted, platform, limits))

    def one(blob: Descriptor, place: Path, told: Progress) -> Path:
        return registry.download_blob(repository, blob, place, progress=told)

    all_done([Job(b.size, partial(one, b, layout.place(b))) for b in tree.blobs], progress)
    return _kept(layout, tree, name)


async def afetched_into(
    layout: Layout,
    registry: AsyncRegistry,
    repository: str,
    wanted: Wanted,
    *,
    platform: Platform | None = None,
    name: str | None = None,
    limits: CopyLimits = USUAL,
    progress: Progress = nobody,
) -> Manifest:
    """:func:`fetched_into`, to await. *progress* is called in the event loop."""
    at = registry.repository(repository)
    tree = await registry.held(_wanted(at, wanted, platform, limits))

    async def one(blob: Descriptor, told: Progress) -> Path:
        place = await to_thread(layout.place, blob)
        return await registry.download_blob(repository, blob, place, progress=told)

    await aall_done([Job(b.size, partial(one, b)) for b in tree.blobs], progress)
    return await to_thread(_kept, layout, tree, name)


def pushed_from(
    layout: Layout,
    registry: Registry,
    repository: str,
    name: str | Digest | None = None,
    tag: str | None = None,
    *,
    origin: str | None = None,
    limits: CopyLimits = USUAL,
    progress: Progress = nobody,
) -> Descriptor:
    """Return what names the image of *layout* that is in the registry now.

    It was computed here, from bytes that were hashed here. What the registry
    has already is not sent again. *tag* is moved last, and in one step.

    Args:
        layout: where from.
        registry: where to.
        repository: where there.
        name: which image, as for :meth:`Layout.manifest`.
        tag: what it is called in *repository* from now on; None: nothing, it is
            found there by digest.
        origin: a repository of *registry* that is likely to have the same blobs.
        limits: how much it may consist of.
        progress: as for :func:`fetched_into`.

    Raises:
        NotFoundError: *layout* does not have the image, or a part of it that
            registries may have.
        MismatchError: it has something else; or the registry says that it has.
        MalformedError: the image is none, or not clearly one.
        LimitError: it consists of too much.
        DeniedError: the registry does not let us.
        TransportError: it could not be written; call again.
        StorageError: the directory could not be read.
        ValueError: *repository*, *tag* or *origin* cannot be called so.
    """
    at, tree = registry.repository(repository), _in(layout, name, limits)

    def one(blob: Descriptor, told: Progress) -> None:
        registry.held(_placed(at, layout, blob, origin, told))

    all_done([Job(blob.size, partial(one, blob)) for blob in tree.blobs], progress)
    registry.held(_named(at, tree, tag))
    return tree.root.descriptor


async def apushed_from(
    layout: Layout,
    registry: AsyncRegistry,
    repository: str,
    name: str | Digest | None = None,
    tag: str | None = None,
    *,
    origin: str | None = None,
    limits: CopyLimits = USUAL,
    progress: Progress = nobody,
) -> Descriptor:
    """:func:`pushed_from`, to await. *progress* is called in worker threads too."""
    at, tree = registry.repository(repository), await to_thread(_in, layout, name, limits)

    async def one(blob: Descriptor, told: Progress) -> None:
        await registry.held(_placed(at, layout, blob, origin, told))

    await aall_done([Job(blob.size, partial(one, blob)) for blob in tree.blobs], progress)
    await registry.held(_named(at, tree, tag))
    return tree.root.descriptor


# -- out of a registry ------------------------------------------------------------------


def _wanted(
    at: Repository, wanted: Wanted, platform: Platform | None, limits: CopyLimits
) -> Speaking[Tree]:
    root = yield from _root(at, wanted)
    if platform is not None:
        root = yield from image(at, root, platform, limits)
    return (yield from grown(root, partial(child, at), limits))


def _root(at: Repository, wanted: Wanted) -> Speaking[Manifest]:
    if isinstance(wanted, Manifest):
        return wanted
    digest = wanted if isinstance(wanted, Digest) else wanted.digest
    received = yield from say.manifest(at, digest)
    if received is None:
        raise NotFoundError(
            f"{at.path}@{digest}", "the registry does not have it; ask for it to be pushed again"
        )
    found = received.manifest
    return found if isinstance(wanted, Digest) else agreeing(found, wanted)


def _kept(layout: Layout, tree: Tree, name: str | None) -> Manifest:
    for manifest in tree.manifests:
        layout.keep(manifest)
    layout.list(tree.root.descriptor, name)
    return tree.root


# -- into a registry --------------------------------------------------------------------


def _in(layout: Layout, name: str | Digest | None, limits: CopyLimits) -> Tree:
    def reading(entry: Descriptor) -> Generator[Never, None, Manifest]:
        yield from ()
        return layout.described(entry)

    return driven(grown(layout.manifest(name), reading, limits), lambda never: never)


def _placed(
    at: Repository, layout: Layout, blob: Descriptor, origin: str | None, told: Progress
) -> Speaking[None]:
    """Have *blob* in the registry, in the cheapest way there is."""

    def pieces() -> Iterator[bytes]:
        so_far = 0
        for piece in layout.blob(blob):
            yield piece
            so_far += len(piece)
            told(so_far, blob.size)

    there = yield from say.has_blob(at, blob.digest)
    if not there and origin is not None:
        there = yield from say.mounted(at, blob.digest, origin)
    if not there:
        yield from say.uploaded(at, Body(length=blob.size, pieces=pieces), blob.digest)
    told(blob.size, blob.size)


def _named(at: Repository, tree: Tree, tag: str | None) -> Speaking[None]:
    for manifest in tree.manifests[:-1]:
        yield from say.pushed(at, manifest.digest, manifest.raw, manifest.media_type)
    root = tree.root
    reference = root.digest if tag is None else tag
    yield from say.pushed(at, reference, root.raw, root.media_type)
