"""Run in an environment that has the wheel and nothing else: sign a tag, and resolve it.

Each public package is imported, without any of the extras.
"""

import importlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import trustlib
from trustlib import (
    BY_HAND,
    Anchor,
    Authority,
    DirectoryTransport,
    FileStorage,
    MismatchError,
    Repository,
    SigningPlan,
    Updater,
)
from trustlib.signing import KeyFile

PACKAGES = "consensus content downloads notary publish registry signing storage transport updater"

if "site-packages" not in Path(trustlib.__file__).parts:
    raise SystemExit(f"{trustlib.__file__}: this is not what was installed")
for name in PACKAGES.split():
    importlib.import_module(f"trustlib.{name}")

with tempfile.TemporaryDirectory() as folder:
    place = Path(folder)
    key = KeyFile.generate(place / "alice.key", "correct horse battery staple")
    alice = Authority.of(key.key)
    empty = Repository.create(
        "docker.io/acme", root=alice, targets=alice, snapshot=alice, timestamp=alice
    )
    after = empty.with_tag("acme/app:1.4", digest="sha256:" + 64 * "e", size=1573)
    plan = SigningPlan.between(empty, after, now=datetime.now(UTC), expiry=BY_HAND)
    plan = plan.signed_by(key.unlock("correct horse battery staple"))
    plan.publication().apply(FileStorage.public(place / "site"))
    updater = Updater(
        anchor=Anchor.root((place / "site" / "1.root.json").read_bytes()),
        transport=DirectoryTransport(place / "site"),
        storage=FileStorage(place / "cache"),
    )
    try:
        updater.verify("acme/app:1.4", digest="sha256:" + 64 * "0")
    except MismatchError:
        print(f"trustlib {trustlib.__version__}: {updater.resolve('acme/app:1.4').pinned}")
    else:
        raise SystemExit("another digest was taken for the tag's")
