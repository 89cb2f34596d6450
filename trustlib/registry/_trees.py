"""All that an image consists of: what a verified manifest names, and what that names.

A child is what its descriptor says in digest, size and media type, or nothing
is copied. Hashes cannot go in circles, and how deep and how many there may be
is limited.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, Generic, TypeVar

from attrs import define, evolve, field, frozen

from trustlib._types import RoleName
from trustlib.content import Digest
from trustlib.errors import (
    LimitError,
    MalformedError,
    MismatchError,
    NotFoundError,
    TooLongError,
    TransportError,
)
from trustlib.registry import _operations as say
from trustlib.registry._conversation import Speaking
from trustlib.registry._operations import Repository
from trustlib.registry.manifests import INDEXES, MANIFESTS, Descriptor, Manifest

E = TypeVar("E")
A = TypeVar("A")


@frozen(kw_only=True)
class CopyLimits:
    """How much one image may consist of.

    Attributes:
        manifests: how many, indexes included.
        bytes: of all manifests together; they are in memory while they are copied.
        depth: how many indexes may lie one in another.
    """

    manifests: int = 512
    bytes: int = 67_108_864
    depth: int = 4

    def deeper(self) -> CopyLimits:
        """Return what is left for an index in an index.

        Raises:
            LimitError: there must not be another one.
        """
        if self.depth <= 1:
            raise LimitError("indexes in one another", self.depth)
        return evolve(self, depth=self.depth - 1)


@frozen
class Tree:
    """An image, or several in an index.

    Attributes:
        manifests: all of them; each after those that it names, so the root is the last.
    """

    manifests: tuple[Manifest, ...]

    @property
    def root(self) -> Manifest:
        """The manifest or index that was asked for."""
        return self.manifests[-1]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What all manifests need, each once."""
        needed = (blob for manifest in self.manifests for blob in manifest.needs)
        return tuple({(blob.digest, blob.size): blob for blob in needed}.values())


Reading = Callable[[Descriptor], Generator[E, A, Manifest]]


def grown(root: Manifest, reading: Reading[E, A], limits: CopyLimits) -> Generator[E, A, Tree]:
    """Return *root* with all that it names, of which each manifest is *reading*'s answer.

    Raises:
        LimitError: that is too much.
        MalformedError: an index names what is no manifest.
        NotFoundError: a layer must not be distributed by registries.
    """
    growing = _Growing(reading, limits)
    yield from growing.add(root, limits)
    return Tree(tuple(growing.done.values()))


@define
class _Growing(Generic[E, A]):
    reading: Reading[E, A]
    limits: CopyLimits
    done: dict[Digest, Manifest] = field(factory=dict[Digest, Manifest])
    size: int = 0
    seen: int = 0

    def add(self, manifest: Manifest, limits: CopyLimits) -> Generator[E, A, None]:
        self._count(manifest)
        for entry in manifest.manifests:
            if entry.digest in self.done:
                agreeing(self.done[entry.digest], entry)
                continue
            there = yield from self.reading(entry)
            below = limits.deeper() if there.media_type in INDEXES else limits
            yield from self.add(there, below)
        self.done[manifest.digest] = manifest

    def _count(self, manifest: Manifest) -> None:
        self.seen += 1
        self.size += len(manifest.raw)
        if self.seen > self.limits.manifests:
            raise LimitError("manifests in one image", self.limits.manifests)
        if self.size > self.limits.bytes:
            raise LimitError("bytes of manifests in one image", self.limits.bytes)
        for layer in manifest.layers:
            if any(part in layer.media_type for part in _ELSEWHERE):
                raise NotFoundError(
                    str(layer.digest),
                    "its publisher does not let registries have this layer; where an image says"
                    " that it lies instead is not looked at: ask for an image without it",
                )


_ELSEWHERE: Final = (".nondistributable.", ".foreign.")


def agreeing(manifest: Manifest, descriptor: Descriptor) -> Manifest:
    """Return *manifest* if it is what *descriptor* names.

    Raises:
        MismatchError: it is not.
    """
    got = manifest.descriptor
    for what, expected, there in (
        ("digest", descriptor.digest, got.digest),
        ("size", descriptor.size, got.size),
        ("media type", descriptor.media_type, got.media_type),
    ):
        if expected != there:
            raise MismatchError(RoleName(str(descriptor.digest)), what, expected, there)
    return manifest


def child(repository: Repository, descriptor: Descriptor) -> Speaking[Manifest]:
    """Return the manifest that *descriptor*, in a verified index, names.

    Raises:
        MalformedError: it is none, or names none.
        MismatchError: the registry has something else.
        TooLongError: it has too many bytes.
        TransportError: the registry has lost it, or cannot be asked.
    """
    where = f"{repository.path}@{descriptor.digest}"
    if descriptor.media_type not in MANIFESTS | INDEXES:
        raise MalformedError(where, "mediaType", "a manifest or an index", descriptor.media_type)
    if descriptor.size > repository.limits.manifest:
        raise TooLongError(where, repository.limits.manifest)
    received = yield from say.manifest(repository, descriptor.digest)
    if received is None:
        # No absence: an index names it, so somebody has lost it or withholds it.
        raise TransportError(where, "the registry does not have what its index names")
    return agreeing(received.manifest, descriptor)
