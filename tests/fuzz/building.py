"""What a hostile Dockerfile or Compose file may cause."""

from trustlib import Digest, ImageReference, LimitError, TagBinding, TrustError
from trustlib.registry import Build, ComposeFile, Dockerfile, PinnedDockerfile, pin_compose


def vouching(reference: ImageReference) -> TagBinding:
    """Every tag is signed: it stands for the hash of its name, or for what is beside it."""
    digest = reference.digest or Digest.of(str(reference).encode())
    return TagBinding(reference=reference, digest=digest)


_BUILD = Build(args={"A": "alpine:3"}, platform="linux/amd64", build_platform="linux/arm64")


def dockerfiles(raw: bytes) -> None:
    """A Dockerfile is refused as documented, or pinned to the same stages, and once for all."""
    try:
        read = Dockerfile.parse(raw, build=_BUILD)
    except TrustError as error:
        str(error)
        return
    try:
        pinned = read.pinned_by(vouching)
    except LimitError:
        return  # digests are longer than tags
    faults = faults_of(read, pinned)
    if faults:
        raise AssertionError(faults)


def compose_files(raw: bytes) -> None:
    """A Compose file is refused as documented, or pinned once for all."""
    others = {"other.yaml": "services: {base: {image: 'alpine:3'}}"}
    try:
        pinned = pin_compose(raw, vouching, environment={"A": "alpine:3"}, others=others)
    except TrustError as error:
        str(error)
        return
    again = ComposeFile.parse(pinned.text, environment={"A": "alpine:3"}, others=pinned.others)
    if again.asked:
        raise AssertionError("named by tag", again.asked)
    if again.pinned({}).text != pinned.text:
        raise AssertionError("pinning twice changes it")


def faults_of(read: Dockerfile, pinned: PinnedDockerfile) -> list[str]:
    """Return what is not as it must be when *read* was pinned."""
    again = Dockerfile.parse(pinned.text, file=read.file, build=read.build)
    faults = []
    if [stage.name for stage in read.stages] != [stage.name for stage in again.stages]:
        faults.append("other stages")
    if any(use.reference.digest is None for use in again.uses):
        faults.append(f"named by tag: {[str(image) for image in again.asked]}")
    before = [(use.where, use.reference.repository) for use in read.uses]
    if before != [(use.where, use.reference.repository) for use in again.uses]:
        faults.append("other images")
    if again.pinned_by(vouching).text != pinned.text:
        faults.append("pinning twice changes it")
    if not read.uses and pinned.text != read.text:
        faults.append("changed for nothing")
    return faults
