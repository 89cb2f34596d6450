"""A collection's metadata as one OCI artifact: what ``docs/reference/registry-format.md`` says.

One manifest names every current file and all roots, so whoever moves the tag
moves all of them at once. Small files are in the manifest itself: who asks for
the tag has the timestamp.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content import Digest
from trustlib.errors import LimitError, MalformedError
from trustlib.registry._operations import Received
from trustlib.registry.manifests import EMPTY, MOST, OCI_MANIFEST, TITLE, Descriptor, Manifest
from trustlib.storage._names import is_listed

ARTIFACT: Final = "application/vnd.trustlib.collection.v1"
"""What the manifest is: its ``artifactType``."""

FILE: Final = "application/vnd.trustlib.collection.file.v1"
"""What each of its layers is."""

PUBLISHER: Final = "vnd.trustlib.collection.publisher"
"""The annotation that says whose manifest it is: sixteen hexadecimal digits, or absent."""

MARK: Final = "vnd.trustlib.collection.mark"
"""The annotation that no two manifests share: who finds it has found what they published."""

HISTORY: Final = "vnd.trustlib.collection.history"
"""The annotation that names the manifests before this one, the latest first."""

TAG: Final = "_trust"
"""The tag under which a collection is found; no image of the repository may have it."""

ROOTS: Final = re.compile(r"[0-9]+\.root\.json")

NUMBERED: Final = re.compile(r"[0-9]+\.(?!root\.json$).+", re.DOTALL)
"""Files that are never replaced. Roots are not among them: one that is absent may come."""

REMEMBERED: Final = 64
"""How many manifests before it a manifest names."""

_NAMELESS: Final = 16  # of those, the ones that nobody in particular made
_ENTRY: Final = re.compile(r"((?:sha256|sha512):[0-9a-f]{64,128})(?:@([0-9a-f]{16}))?")
_PUBLISHER: Final = re.compile(r"[0-9a-f]{16}")
_SMALL: Final = 8_192  # bytes of a file that is embedded
_EMBEDDED: Final = 65_536  # bytes of all of them together, in base64 a third more
_NOTHING: Final = b"{}"

CONFIG: Final = evolve(Descriptor.of(_NOTHING, EMPTY), data=_NOTHING)
"""The config of an artifact that needs none."""


@frozen
class Earlier:
    """A manifest that was before another one.

    Attributes:
        digest: what it hashes to.
        publisher: whose it was; ``""``: nobody's in particular.
    """

    digest: Digest
    publisher: str = ""

    def __str__(self) -> str:
        return f"{self.digest}@{self.publisher}" if self.publisher else str(self.digest)


@frozen(kw_only=True)
class View:
    """A collection as the registry has it at one moment.

    Attributes:
        received: the manifest.
        files: what names each file, by its path in the repository.
        publisher: who made it; ``""``: nobody in particular.
        history: manifests before it, the latest first.
    """

    received: Received = field(repr=False)
    files: FrozenMap[str, Descriptor]
    publisher: str
    history: tuple[Earlier, ...]

    @property
    def digest(self) -> Digest:
        """What the manifest hashes to."""
        return self.received.manifest.digest

    @property
    def blobs(self) -> frozenset[Digest]:
        """What the registry has, because it took the manifest."""
        return frozenset(named.digest for named in self.received.manifest.needs)

    def descends_from(self, digest: Digest) -> bool:
        """Return whether it is the manifest *digest*, or says that it came after it.

        Nothing is proved by that: whoever owns the tag can say so of any. It is
        asked by publishers who mean well, and did not see each other.
        """
        return digest == self.digest or any(digest == earlier.digest for earlier in self.history)


def viewed(received: Received, where: str) -> View:
    """Return the collection that a manifest is.

    Raises:
        MalformedError: it is something else: somebody pushed an image under this tag.
    """
    manifest = received.manifest
    if manifest.media_type != OCI_MANIFEST or manifest.artifact_type != ARTIFACT:
        kind = manifest.artifact_type or manifest.media_type
        raise MalformedError(where, "$.artifactType", ARTIFACT, kind)
    publisher = manifest.annotations.get(PUBLISHER, "")
    return View(
        received=received,
        files=_files(manifest, where),
        publisher=publisher if _PUBLISHER.fullmatch(publisher) else "",
        history=_history(manifest.annotations),
    )


def _files(manifest: Manifest, where: str) -> FrozenMap[str, Descriptor]:
    files: dict[str, Descriptor] = {}
    for number, layer in enumerate(manifest.layers):
        if layer.media_type != FILE:
            raise MalformedError(where, f"$.layers[{number}].mediaType", FILE, layer.media_type)
        title = layer.annotations.get(TITLE, "")
        if not is_listed(title) or title in files:
            place = f"$.layers[{number}].annotations[{TITLE!r}]"
            raise MalformedError(where, place, "the path of a file, once", title)
        files[title] = layer
    return FrozenMap(files)


def _history(annotations: Mapping[str, str]) -> tuple[Earlier, ...]:
    """Return what is named, as far as that is how we would write it.

    Anything else was not written by a publisher of this format; then nothing
    descends from anything, and those who published before are told so.
    """
    found = []
    for text in annotations.get(HISTORY, "").split(" ", REMEMBERED)[:REMEMBERED]:
        entry = _ENTRY.fullmatch(text)
        try:
            found.append(Earlier(Digest.parse(entry[1]), entry[2] or "") if entry else None)
        except ValueError:
            return ()
    return tuple(filter(None, found)) if None not in found else ()


def _following(before: View) -> Iterator[Earlier]:
    """Yield what came before whatever replaces *before*: of each publisher the latest.

    A robot that publishes every hour must not push out a person who does so
    once a year. Of those that are nobody's, only those are asked for that are
    as recent as a conversation is long.
    """
    known = Counter[str]()
    for earlier in (Earlier(before.digest, before.publisher), *before.history):
        known[earlier.publisher] += 1
        if known[earlier.publisher] <= (1 if earlier.publisher else _NAMELESS):
            yield earlier


def rendered(
    files: Mapping[str, Descriptor],
    contents: Mapping[str, bytes],
    before: View | None,
    publisher: str,
    mark: str,
) -> bytes:
    """Return the manifest of the collection that has *files*, after *before*.

    Args:
        files: what names each file, by its path.
        contents: those files whose bytes are at hand; small ones are embedded.
        before: what it replaces.
        publisher: who makes it; ``""``: nobody in particular.
        mark: what no other manifest has, though somebody else write the same files.

    Raises:
        LimitError: it would be longer than registries must take.
    """
    embedded = _small({path: contents[path] for path in files if path in contents})
    layers = []
    for path in sorted(files):
        layer = _spelled(files[path], FILE, embedded.get(path))
        layers.append(layer | {"annotations": {TITLE: path}})
    annotations = {MARK: mark}
    if publisher:
        annotations[PUBLISHER] = publisher
    if before is not None:
        annotations[HISTORY] = " ".join(map(str, islice(_following(before), REMEMBERED)))
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": _spelled(CONFIG, EMPTY, _NOTHING),
        "layers": layers,
        "annotations": annotations,
    }
    raw = json.dumps(document, separators=(",", ":")).encode()
    if len(raw) > MOST:
        advice = "a registry need not take more; publish fewer files, or to an object store"
        raise LimitError("bytes in the manifest of a collection", MOST, advice=advice)
    return raw


def _spelled(named: Descriptor, media_type: str, data: bytes | None) -> dict[str, object]:
    spelled: dict[str, object] = {
        "mediaType": media_type,
        "digest": str(named.digest),
        "size": named.size,
    }
    if data is not None:
        spelled["data"] = base64.b64encode(data).decode("ascii")
    return spelled


def _small(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files to embed, as far as there is room: what every client asks for first."""
    left, chosen = _EMBEDDED, dict[str, bytes]()
    for path in sorted(files, key=lambda path: (_rank(path), len(files[path]), path)):
        if len(files[path]) <= min(_SMALL, left):
            chosen[path] = files[path]
            left -= len(files[path])
    return chosen


def _rank(path: str) -> int:
    if ROOTS.fullmatch(path):
        return 2  # most clients have them
    return 1 if NUMBERED.fullmatch(path) else 0
