"""The list of an image layout: one name stands for one image.

Who adds an entry leaves all others as they were found, members that nobody
here knows included.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from trustlib.content import Digest
from trustlib.errors import MalformedError, NotFoundError, shortened
from trustlib.registry.manifests import OCI_INDEX, Descriptor, parsed

NAME: Final = "org.opencontainers.image.ref.name"
"""The annotation of an entry that says what the image is called."""

_EMPTY: Final = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()


def chosen(listed: Sequence[Descriptor], name: str | Digest | None, layout: str) -> Descriptor:
    """Return the entry that is listed as *name*; with None, the only one.

    Entries that agree on what they name are one.

    Raises:
        MalformedError: the *name* stands for several images.
        NotFoundError: nothing is listed so; or, without a *name*, several are.
    """
    found = {_content(entry): entry for entry in listed if _is(entry, name)}
    if len(found) == 1:
        return next(iter(found.values()))
    names = shortened(", ".join(sorted(set(map(_called, listed)))) or "nothing", str)
    if name is None:
        raise NotFoundError(layout, f"expected one image, there is {names}; name one")
    if not found:
        raise NotFoundError(f"{layout}: {name}", f"not listed; there is {names}")
    raise MalformedError(layout, "$.manifests", f"one image called {name}", len(found))


def named(descriptor: Descriptor, name: str | None) -> Descriptor:
    """Return *descriptor* as an entry that is called *name*, or nothing."""
    annotations = descriptor.annotations.excluding(NAME)
    if name is not None:
        annotations = annotations.including({NAME: name})
    return evolve(descriptor, annotations=annotations, data=None)


def with_entry(before: bytes | None, entry: Descriptor, document: str) -> bytes:
    """Return the list *before* (None: an empty one) with *entry*, the only one of its name.

    Raises:
        MalformedError: *before* is no list.
    """
    raw = _EMPTY if before is None else before
    listed = parsed(raw, OCI_INDEX, document).manifests
    name = entry.annotations.get(NAME)
    rivals = [old for old in listed if old.annotations.get(NAME) == name]
    if _content(entry) in map(_content, rivals) and (name is None or len(rivals) == 1):
        return raw
    value = json.loads(raw)  # what was parsed strictly above, with all that is not ours
    value["manifests"] = [
        kept
        for kept, old in zip(value["manifests"], listed, strict=True)
        if name is None or old not in rivals
    ]
    value["manifests"].append(_rendered(entry))
    return json.dumps(value).encode()


def _is(entry: Descriptor, name: str | Digest | None) -> bool:
    if isinstance(name, Digest):
        return entry.digest == name
    return name is None or entry.annotations.get(NAME) == name


def _called(entry: Descriptor) -> str:
    return entry.annotations.get(NAME) or str(entry.digest)


def _content(entry: Descriptor) -> tuple[str, Digest, int]:
    return entry.media_type, entry.digest, entry.size


def _rendered(entry: Descriptor) -> dict[str, object]:
    value: dict[str, object] = {
        "mediaType": entry.media_type,
        "digest": str(entry.digest),
        "size": entry.size,
    }
    if entry.artifact_type is not None:
        value["artifactType"] = entry.artifact_type
    if entry.platform is not None:
        platform = {"os": entry.platform.os, "architecture": entry.platform.architecture}
        value["platform"] = platform | (
            {"variant": entry.platform.variant} if entry.platform.variant else {}
        )
    if entry.annotations:
        value["annotations"] = dict(entry.annotations)
    return value
