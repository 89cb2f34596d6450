"""A real registry and real images, for the examples: docker-registry and skopeo, on loopback."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def is_installed() -> bool:
    """Return whether this machine has both programs."""
    return all(map(shutil.which, ("docker-registry", "skopeo")))


@contextmanager
def registry(directory: Path) -> Iterator[str]:
    """Run docker-registry with its files in *directory*; the value is its ``host:port``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "registry")}},
        "http": {"addr": host},
    }
    config = directory / "registry.yml"
    config.write_text(json.dumps(settings))  # JSON is YAML
    with (directory / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", config],
            stdout=log,
            stderr=log,
            env={**os.environ, "OTEL_TRACES_EXPORTER": "none"},
        )
    try:
        _wait_for(f"http://{host}/v2/", process)
        yield host
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("docker-registry did not start; see registry.log")


@frozen
class Image:
    """An image that we built ourselves: we know its digest without asking anybody."""

    layout: Path
    digest: str
    size: int
    media_type: str = MANIFEST


def built(layout: Path, text: str) -> Image:
    """Write a one-layer OCI image that holds *text* into the directory *layout*."""
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes, media_type: str) -> dict[str, object]:
        sha256 = hashlib.sha256(data).hexdigest()
        (blobs / sha256).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{sha256}", "size": len(data)}

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("hello.txt")
        entry.size = len(text.encode())
        tar.addfile(entry, io.BytesIO(text.encode()))
    layer = blob(
        gzip.compress(packed.getvalue(), mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip"
    )
    diff = f"sha256:{hashlib.sha256(packed.getvalue()).hexdigest()}"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [diff]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [layer],
    }
    raw = json.dumps(manifest).encode()
    described = blob(raw, MANIFEST)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (layout / "index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": [described]}), encoding="utf-8"
    )
    return Image(layout, str(described["digest"]), len(raw))


def push(image: Image, reference: str) -> None:
    """Copy *image* into the registry under *reference*; whoever has credentials can do this."""
    _skopeo("copy", "--dest-tls-verify=false", f"oci:{image.layout}", f"docker://{reference}")


def pull(reference: str, layout: Path) -> bytes:
    """Copy *reference* out of the registry into *layout*, and return its manifest."""
    _skopeo("copy", "--src-tls-verify=false", f"docker://{reference}", f"oci:{layout}")
    index = json.loads((layout / "index.json").read_text())
    sha256 = index["manifests"][0]["digest"].removeprefix("sha256:")
    return (layout / "blobs" / "sha256" / sha256).read_bytes()


def answer(host: str, name: str, tag: str) -> str:
    """Return the digest that the registry says the tag has; nobody has signed that answer."""
    request = urllib.request.Request(
        f"http://{host}/v2/{name}/manifests/{tag}", headers={"Accept": MANIFEST}, method="HEAD"
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(response.headers["Docker-Content-Digest"])


def _skopeo(*arguments: str) -> None:
    subprocess.run(
        ["skopeo", "--insecure-policy", *arguments], check=True, stdout=subprocess.DEVNULL
    )
