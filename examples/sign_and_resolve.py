"""Sign what a tag means, and let nobody with registry credentials change it.

A real docker-registry, an image pushed by skopeo, and an attacker who may push:
the tag moves, the binding does not. Needs docker-registry and skopeo.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import _registry

from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    Digest,
    DirectoryTransport,
    FileStorage,
    MismatchError,
    PerOrganisation,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib.signing import KeyFile

PASSPHRASE = "correct horse battery staple"  # yours comes from a person or a vault


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    with _registry.registry(folder) as host:
        reference = f"{host}/acme/app:1.4"

        # Build and push. The digest is the builder's own: nobody asks the registry for it.
        image = _registry.built(folder / "image", "the release")
        _registry.push(image, reference)

        # Sign. The repository is named for the registry whose tags it speaks for.
        key = KeyFile.generate(folder / "acme.key", PASSPHRASE)
        keys = Authority.of(key.key)
        before = Repository.create(host, root=keys, targets=keys, snapshot=keys, timestamp=keys)
        after = before.with_tag(
            reference, digest=image.digest, size=image.size, media_type=image.media_type
        )
        plan = SigningPlan.between(before, after, now=datetime.now(UTC), expiry=BY_HAND)
        plan = plan.signed_by(key.unlock(PASSPHRASE))
        plan.publication().apply(FileStorage.public(folder / "site"))

        # Resolve. The root is what a program ships with.
        updater = Updater(
            anchor=Anchor.root((folder / "site" / "1.root.json").read_bytes()),
            transport=DirectoryTransport(folder / "site"),
            storage=FileStorage(folder / "client"),
            names=PerOrganisation(host),
        )
        binding = updater.resolve(reference)
        print(f"signed    {reference}")
        print(f"resolved  {binding.pinned}")

        # The attacker has registry credentials and moves the tag to an older image.
        older = _registry.built(folder / "older", "last year's release, with the hole")
        _registry.push(older, reference)
        said = _registry.answer(host, "acme/app", "1.4")
        print(f"attacked  the registry now says {said}")

        assert updater.resolve(reference).digest == binding.digest
        try:
            updater.verify(reference, digest=said)
        except MismatchError as error:
            print(f"refused   {error}")
        else:
            sys.exit("the attacker's image was accepted")

        # What is pulled is pulled by digest, so it is the release.
        manifest = _registry.pull(binding.pinned, folder / "pulled")
        assert Digest.of(manifest) == binding.digest
        print(f"pulled    {binding.digest}, {len(manifest)} bytes, as signed")


if __name__ == "__main__":
    if not _registry.is_installed():
        sys.exit("this example needs docker-registry and skopeo (Debian packages of that name)")
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory))
