"""Images and indexes, as bytes that a test made."""

import hashlib
import json

from trustlib import Digest
from trustlib.registry.manifests import (
    DOCKER_MANIFEST,
    EMPTY,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
)

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
CONFIG = b"{}"


def described(data: bytes, media_type: str, /, **more) -> dict:
    """Return the descriptor of *data* as JSON has it."""
    sha256 = hashlib.sha256(data).hexdigest()
    return {"mediaType": media_type, "digest": f"sha256:{sha256}", "size": len(data), **more}


def manifest(*layers: bytes, **members) -> dict:
    """Return a manifest with *layers*; a member that is None is left out."""
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": described(CONFIG, CONFIG_TYPE),
        "layers": [described(layer, LAYER_TYPE) for layer in layers],
    } | members
    return {name: member for name, member in value.items() if member is not None}


def index(*manifests: bytes, **members) -> dict:
    """Return an index of *manifests*; a member that is None is left out."""
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [described(raw, OCI_MANIFEST) for raw in manifests],
    } | members
    return {name: member for name, member in value.items() if member is not None}


def raw(value: dict) -> bytes:
    return json.dumps(value).encode()


def blob(data: bytes) -> Descriptor:
    return Descriptor.of(data, LAYER_TYPE)


def digest(data: bytes) -> Digest:
    return Digest.of(data)


__all__ = ["DOCKER_MANIFEST", "EMPTY", "OCI_INDEX", "OCI_MANIFEST"]
