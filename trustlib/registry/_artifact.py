"""A collection's metadata as one OCI artifact: what ``docs/reference/registry-format.md`` says.

One manifest names every current file and all roots, so whoever moves the tag
moves all of them at once. Small files are in the manifest itself: who asks for
the tag has the timestamp.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content import Digest
from trustlib.errors import LimitError, MalformedError
from trustlib.registry._operations import Received
from trustlib.registry.manifests import EMPTY, MOST, OCI_MANIFEST, TITLE, Descriptor
from trustlib.storage._names import is_listed

ARTIFACT: Final = "application/vnd.trustlib.collection.v1"
"""What the manifest is: its ``artifactType``."""

FILE: Final = "application/vnd.trustlib.collection.file.v1"
"""What each of its layers is."""

HISTORY: Final = "vnd.trustlib.collection.history"
"""The annotation that names the manifests before this one, the latest first."""

TAG: Final = "_trust"
"""The tag under which a collection is found; no image of the repository may have it."""

NUMBERED: Final = re.compile(r"[0-9]+\.(?!root\.json$).+", re.DOTALL)
"""Files that are never replaced. Roots are not among them: one that is absent may come."""

REMEMBERED: Final = 64
"""How many manifests before it a manifest names."""

_SMALL: Final = 8_192  # bytes of a file that is embedded
_EMBEDDED: Final = 65_536  # bytes of all of them together, in base64 a third more
_NOTHING: Final = b"{}"


@frozen(kw_only=True)
class View:
    """A collection as the registry has it at one moment.

    Attributes:
        received: the manifest.
        files: what names each file, by its path in the repository.
        history: the manifests before it, the latest first.
    """

    received: Received = field(repr=False)
    files: FrozenMap[str, Descriptor]
    history: tuple[Digest, ...]

    @property
    def digest(self) -> Digest:
        """What the manifest hashes to."""
        return self.received.manifest.digest

    def descends_from(self, digest: Digest) -> bool:
        """Return whether it is the manifest *digest*, or says that it came after it."""
        return digest == self.digest or digest in self.history


def viewed(received: Received, where: str) -> View:
    """Return the collection that a manifest is.

    Raises:
        MalformedError: it is something else: somebody pushed an image under this tag.
    """
    manifest = received.manifest
    if manifest.media_type != OCI_MANIFEST or manifest.artifact_type != ARTIFACT:
        kind = manifest.artifact_type or manifest.media_type
        raise MalformedError(where, "$.artifactType", ARTIFACT, kind)
    files: dict[str, Descriptor] = {}
    for number, layer in enumerate(manifest.layers):
        title = layer.annotations.get(TITLE, "")
        if not is_listed(title) or title in files:
            place = f"$.layers[{number}].annotations[{TITLE!r}]"
            raise MalformedError(where, place, "the path of a file, once", title)
        files[title] = layer
    return View(received=received, files=FrozenMap(files), history=_history(manifest.annotations))


def _history(annotations: Mapping[str, str]) -> tuple[Digest, ...]:
    try:
        listed = annotations.get(HISTORY, "").split()
        return tuple(map(Digest.parse, listed[:REMEMBERED]))
    except ValueError:
        return ()  # whoever wrote it is not one of ours, and then nothing descends from anything


def empty() -> Descriptor:
    """Return what names the config of an artifact that needs none."""
    return evolve(Descriptor.of(_NOTHING, EMPTY), data=_NOTHING)


def rendered(
    files: Mapping[str, Descriptor], contents: Mapping[str, bytes], before: View | None
) -> bytes:
    """Return the manifest of the collection that has *files*, after *before*.

    Args:
        files: what names each file, by its path.
        contents: those files whose bytes are at hand; small ones are embedded.
        before: what it replaces.

    Raises:
        LimitError: it would be longer than registries must take.
    """
    embedded = _small(files, contents)
    layers = []
    for path in sorted(files):
        named = files[path]
        layer = _spelled(named, FILE) | {"annotations": {TITLE: path}}
        if path in embedded:
            layer["data"] = base64.b64encode(embedded[path]).decode("ascii")
        layers.append(layer)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT,
        "config": _spelled(empty(), EMPTY) | {"data": base64.b64encode(_NOTHING).decode("ascii")},
        "layers": layers,
    }
    if before is not None:
        history = (before.digest, *before.history)[:REMEMBERED]
        document["annotations"] = {HISTORY: " ".join(map(str, history))}
    raw = json.dumps(document, separators=(",", ":")).encode()
    if len(raw) > MOST:
        advice = "a registry need not take more; publish fewer files, or to an object store"
        raise LimitError("bytes in the manifest of a collection", MOST, advice=advice)
    return raw


def _spelled(descriptor: Descriptor, media_type: str) -> dict[str, object]:
    return {
        "mediaType": media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
    }


def _small(files: Mapping[str, Descriptor], contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files to embed: the smallest first, and the timestamp is among them."""
    at_hand = {path: contents[path] for path in files if path in contents}
    left, chosen = _EMBEDDED, dict[str, bytes]()
    for path in _by_size(at_hand):
        data = at_hand[path]
        if len(data) > min(_SMALL, left):
            break
        chosen[path] = data
        left -= len(data)
    return chosen


def _by_size(files: Mapping[str, bytes]) -> Iterable[str]:
    # Of the roots only the latest is asked for by most; the others are as small.
    return sorted(files, key=lambda path: (len(files[path]), path))
