"""A manifest is one thing: its media type is what its bytes say, and what the registry says.

The same bytes must not be an image to one program and a list of images to the
next (CVE-2021-41190). So a document that could be both is neither, and one that
calls itself something is that or nothing. Many programs read a member whatever
the case of its letters (``Layers``), so one that is spelled like that is refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib._json import Cursor, read
from trustlib.content import Digest
from trustlib.errors import MalformedError

MOST: Final = 4_194_304
"""Bytes of a manifest that every registry takes (OCI distribution specification)."""

OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MEDIA_TYPES: Final = (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST)

EMPTY: Final = "application/vnd.oci.empty.v1+json"
TITLE: Final = "org.opencontainers.image.title"


@frozen(kw_only=True)
class Platform:
    """What a manifest of an index runs on.

    Attributes:
        os: ``"linux"``.
        architecture: ``"amd64"``.
        variant: ``"v8"``, or ``""`` where there is none.
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Platform:
        """Read ``os/architecture`` or ``os/architecture/variant``.

        Raises:
            ValueError: *text* is neither.
        """
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise ValueError(f"a platform: expected os/architecture[/variant], got {text!r}")
        return cls(os=parts[0], architecture=parts[1], variant=(*parts, "")[2])

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


@frozen(kw_only=True)
class Descriptor:
    """Names some bytes: by what they hash to, how many they are, and of what kind.

    Attributes:
        media_type: of the bytes.
        digest: what they hash to.
        size: how many they are.
        artifact_type: of the manifest that they are, where somebody says so.
        annotations: what else is said of them.
        platform: what they run on, where an index says so.
        data: the bytes themselves, where they were embedded; they are right.
    """

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None = None
    annotations: FrozenMap[str, str] = field(factory=FrozenMap[str, str])
    platform: Platform | None = None
    data: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, data: bytes, media_type: str) -> Descriptor:
        """Return what names *data*."""
        return cls(media_type=media_type, digest=Digest.of(data), size=len(data))


@frozen(kw_only=True)
class Manifest:
    """A manifest or an index, as it was received.

    Attributes:
        raw: the bytes; all else is read out of them.
        media_type: what they are.
        digest: what they hash to. It was computed here.
        config: of a manifest, what describes the image; None of an index.
        layers: of a manifest, in order.
        manifests: of an index, in order.
        artifact_type: what kind of artifact a manifest is, if it says so.
        subject: what it is about, if anything.
        annotations: what else it says.
    """

    raw: bytes = field(repr=False)
    media_type: str
    digest: Digest
    config: Descriptor | None
    layers: tuple[Descriptor, ...] = field(repr=False)
    manifests: tuple[Descriptor, ...] = field(repr=False)
    artifact_type: str | None
    subject: Descriptor | None
    annotations: FrozenMap[str, str] = field(repr=False)

    @property
    def descriptor(self) -> Descriptor:
        """What names this manifest."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size=len(self.raw))

    @property
    def needs(self) -> tuple[Descriptor, ...]:
        """The blobs that must be there before this manifest is."""
        return (*filter(None, (self.config,)), *self.layers)


def parsed(raw: bytes, media_type: str, document: str, *, algorithm: str = "sha256") -> Manifest:
    """Return the manifest that *raw* is.

    Args:
        raw: the bytes; whoever fetched them has bounded their number.
        media_type: what the registry called them, or a descriptor did; parameters are left out.
        document: what errors call them.
        algorithm: by which to name them.

    Raises:
        MalformedError: they are no manifest, or not clearly one, or another kind
            than *media_type*.
    """
    cursor = read(raw, document)
    kind = media_type.partition(";")[0].strip().lower()
    if kind not in MANIFESTS | INDEXES:
        raise MalformedError(document, "Content-Type", "a manifest or an index", kind)
    members = _spelled(cursor, _KNOWN)
    own = cursor.get("mediaType")
    if own is not None and own.text() != kind:
        raise own.wrong(f"{kind!r}, as which it was served")
    strangers = members & (_OF_INDEX if kind in MANIFESTS else _OF_MANIFEST)
    if strangers:
        raise cursor.wrong(f"no member {min(strangers)!r}, which {kind} does not have")
    if cursor.at("schemaVersion").integer(0) != _SCHEMA:
        raise cursor.at("schemaVersion").wrong("2")
    lists = {name: tuple(_descriptors(cursor.at(name))) for name in _LISTS[kind in INDEXES]}
    config, subject = cursor.get("config"), cursor.get("subject")
    artifact = cursor.get("artifactType")
    if config is None and kind in MANIFESTS:
        raise cursor.wrong("a member 'config'")
    return Manifest(
        raw=raw,
        media_type=kind,
        digest=Digest.of(raw, algorithm),
        config=None if config is None else described(config),
        layers=lists.get("layers", ()),
        manifests=lists.get("manifests", ()),
        artifact_type=None if artifact is None else artifact.text(),
        subject=None if subject is None else described(subject),
        annotations=_annotations(cursor),
    )


_SCHEMA: Final = 2
_OF_INDEX: Final = frozenset({"manifests", "fsLayers", "history", "signatures"})
_OF_MANIFEST: Final = frozenset({"layers", "config", "fsLayers", "history", "signatures", "blobs"})
_LISTS: Final = (("layers",), ("manifests",))


def _folded(*names: str) -> FrozenMap[str, str]:
    return FrozenMap({name.casefold(): name for name in names})


_KNOWN: Final = _folded(
    *("schemaVersion", "mediaType", "artifactType", "subject", "annotations"),
    *(_OF_INDEX | _OF_MANIFEST),
)
_OF_DESCRIPTOR: Final = _folded(
    *("mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform")
)
_OF_PLATFORM: Final = _folded("os", "architecture", "variant")


def _spelled(cursor: Cursor, known: FrozenMap[str, str]) -> frozenset[str]:
    """Return the names of the members, of which those that are *known* are spelled that way.

    Raises:
        MalformedError: one is not, and whether it counts depends on who reads.
    """
    members = frozenset(cursor.object())
    for name in members:
        if known.get(name.casefold(), name) != name:
            raise cursor.wrong(f"{known[name.casefold()]!r} in that spelling, or not at all")
    return members


def _descriptors(cursor: Cursor) -> Iterator[Descriptor]:
    return map(described, cursor.elements())


def described(cursor: Cursor) -> Descriptor:
    """Return the descriptor that *cursor* points at; what is embedded in it is right.

    Raises:
        MalformedError: it is none, or embeds other bytes than it names.
    """
    _spelled(cursor, _OF_DESCRIPTOR)
    digest = digest_of(cursor.at("digest"))
    size = cursor.at("size").integer(0)
    artifact, platform = cursor.get("artifactType"), cursor.get("platform")
    return Descriptor(
        media_type=cursor.at("mediaType").text(),
        digest=digest,
        size=size,
        artifact_type=None if artifact is None else artifact.text(),
        annotations=_annotations(cursor),
        platform=None if platform is None else _platform(platform),
        data=_embedded(cursor, digest, size),
    )


def digest_of(cursor: Cursor) -> Digest:
    """Return the digest that *cursor* points at."""
    try:
        return Digest.parse(cursor.text())
    except ValueError:
        raise cursor.wrong("a digest by sha256 or sha512") from None


def _embedded(cursor: Cursor, digest: Digest, size: int) -> bytes | None:
    data = cursor.get("data")
    if data is None:
        return None
    try:
        plain = base64.b64decode(data.text(), validate=True)
    except (binascii.Error, ValueError):
        raise data.wrong("base64") from None
    if len(plain) != size or Digest.of(plain, digest.algorithm) != digest:
        raise data.wrong("the bytes that the descriptor names")
    return plain


def _platform(cursor: Cursor) -> Platform:
    _spelled(cursor, _OF_PLATFORM)
    variant = cursor.get("variant")
    return Platform(
        os=cursor.at("os").text(),
        architecture=cursor.at("architecture").text(),
        variant="" if variant is None else variant.text(),
    )


def _annotations(cursor: Cursor) -> FrozenMap[str, str]:
    found = cursor.get("annotations")
    if found is None or found.value is None:
        return FrozenMap()
    return FrozenMap({name: value.text() for name, value in found.items()})
