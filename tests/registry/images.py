"""Images as values, and a registry that says exactly what a test wants."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from attrs import define, evolve, field
from transport.servers import Asked, Script, Server, answer

from trustlib import Digest
from trustlib.registry.awaited import AsyncRegistry
from trustlib.registry.client import Registry
from trustlib.registry.manifests import (
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
    Platform,
    parsed,
)
from trustlib.transport.policies import Retries

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def rendered(descriptor: Descriptor, **more: object) -> dict[str, object]:
    value: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
    }
    if descriptor.platform is not None:
        value["platform"] = {
            "os": descriptor.platform.os,
            "architecture": descriptor.platform.architecture,
            **({"variant": descriptor.platform.variant} if descriptor.platform.variant else {}),
        }
    return value | more


@define
class Content:
    """Manifests and blobs by digest: what an honest registry or layout has."""

    manifests: dict[Digest, Manifest] = field(factory=dict)
    blobs: dict[Digest, bytes] = field(factory=dict)

    def blob(self, data: bytes, media_type: str = LAYER) -> Descriptor:
        self.blobs[Digest.of(data)] = data
        return Descriptor.of(data, media_type)

    def manifest(self, value: Mapping[str, object], media_type: str) -> Manifest:
        raw = json.dumps({"schemaVersion": 2, "mediaType": media_type, **value}).encode()
        manifest = parsed(raw, media_type, "test")
        self.manifests[manifest.digest] = manifest
        return manifest

    def image(self, text: str, platform: str = "linux/amd64", layer: str = LAYER) -> Manifest:
        """Return an image of two layers, of which one is the same in all images."""
        made = Platform.parse(platform)
        config = {"os": made.os, "architecture": made.architecture, "variant": made.variant}
        layers = [self.blob(b"a base for all"), self.blob(text.encode(), layer)]
        return self.manifest(
            {
                "config": rendered(self.blob(json.dumps(config).encode(), CONFIG)),
                "layers": [rendered(one) for one in layers],
            },
            OCI_MANIFEST,
        )

    def index(self, *children: Manifest | Descriptor) -> Manifest:
        entries = [
            rendered(one if isinstance(one, Descriptor) else one.descriptor) for one in children
        ]
        return self.manifest({"manifests": entries}, OCI_INDEX)

    def platforms(self, *platforms: str) -> Manifest:
        """Return an index of images, each with the platform for its text."""
        return self.index(*(on(self.image(one, one), one) for one in platforms))

    def written(self, directory: Path, **names: Manifest) -> Path:
        """Write all of it as an image layout, as nobody of ours would, and return *directory*."""
        for digest, data in (*self.blobs.items(), *self._raw().items()):
            place = directory / "blobs" / digest.algorithm / digest.hex
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        entries = [
            rendered(one.descriptor, annotations={"org.opencontainers.image.ref.name": name})
            for name, one in names.items()
        ]
        (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (directory / "index.json").write_text(
            json.dumps({"schemaVersion": 2, "manifests": entries})
        )
        return directory

    def _raw(self) -> dict[Digest, bytes]:
        return {digest: manifest.raw for digest, manifest in self.manifests.items()}


def on(manifest: Manifest, platform: str) -> Descriptor:
    """Return the entry of an index that says what *manifest* runs on."""
    return evolve(manifest.descriptor, platform=Platform.parse(platform))


_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<what>[^/?]+)")


class Serving(Server):
    """A registry on the loopback network that has *content*, but for what *lies* say.

    A lie is the whole answer to a ``GET`` or ``HEAD`` for a digest.
    """

    def __init__(self, content: Content, lies: Mapping[Digest, bytes] | None = None):
        self.content, self.lies = content, dict(lies or {})
        super().__init__(self._answered)

    @property
    def domain(self) -> str:
        return f"127.0.0.1:{self.address[1]}"

    @property
    def registry(self) -> Registry:
        return Registry(self.domain, scheme="http", retries=Retries(attempts=1))

    @property
    def awaited(self) -> AsyncRegistry:
        return AsyncRegistry(self.domain, scheme="http", retries=Retries(attempts=1))

    def fetched(self, kind: str) -> list[str]:
        """Return the digests of the manifests or blobs that were asked for."""
        found = (_PATH.fullmatch(target) for target in self.targets)
        return [one["what"] for one in found if one is not None and one["kind"] == kind]

    def _answered(self, asked: Asked) -> Script:
        found = _PATH.fullmatch(asked.target)
        if found is None:
            yield answer(b"", status="404 Not Found")
            return
        digest = Digest.parse(found["what"])
        if digest in self.lies:
            yield self.lies[digest]
        elif found["kind"] == "manifests" and digest in self.content.manifests:
            manifest = self.content.manifests[digest]
            yield answer(manifest.raw, Content_Type=manifest.media_type)
        elif found["kind"] == "blobs" and digest in self.content.blobs:
            yield answer(self.content.blobs[digest])
        else:
            yield answer(b"", status="404 Not Found")
