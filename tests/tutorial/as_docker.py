"""As much of docker as the tutorial asks for: the registry runs already, and images are a file each."""

import re
import shutil
import sys
from pathlib import Path

import _registry  # of the examples

IMAGES = Path.home() / "images"


def layout(reference):
    return IMAGES / re.sub(r"[^a-z0-9]", "_", reference)


def build(reference, folder):
    shutil.rmtree(layout(reference), ignore_errors=True)
    image = _registry.built(layout(reference), (Path(folder) / "hello.txt").read_text())
    (layout(reference) / "made").write_text(f"{image.digest} {image.size}")
    print(image.digest)


def push(reference):
    digest, size = (layout(reference) / "made").read_text().split()
    _registry.push(_registry.Image(layout(reference), digest, int(size)), reference)
    print(f"The push refers to repository [{reference.rpartition(':')[0]}]")
    print(f"{reference.rpartition(':')[2]}: digest: {digest} size: {size}")


def pull(reference):
    _registry.pull(reference, layout(f"pulled {reference}"))
    print(f"Status: Downloaded newer image for {reference}")


match sys.argv[1:]:
    case ["run", "-d", "-p", _, "--name", "registry", "registry:2"]:
        print("0123456789ab")
    case ["build", "-q", "-t", reference, folder]:
        build(reference, folder)
    case ["push", reference]:
        push(reference)
    case ["pull", reference]:
        pull(reference)
    case ["rm", "-f", name]:
        print(name)
    case unknown:
        raise SystemExit(f"docker: {unknown}: the tutorial does not ask for this")
