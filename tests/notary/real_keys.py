"""Key files that docker 28 and notary 0.7 wrote, and what is known of each."""

import os
from pathlib import Path

from attrs import frozen

KEYS = Path(__file__).parent / "fixtures" / "keys"
GUN = "example.com/fixtures/rotate"
ROUNDS = 2_048
"""What the Go programs do. Ours do more, which tests would wait for."""


@frozen
class Real:
    folder: str
    id: str
    passphrase: str
    role: str
    gun: str | None = None

    @property
    def path(self):
        return KEYS / self.folder / f"{self.id}.key"


SNAPSHOT = Real(
    "rotate",
    "039334d095404d450921f8f499e2dfe92329cecfb468ae78d7f0cb57545f387a",
    "fixture-snapshot-pass",
    "snapshot",
    GUN,
)
TARGETS = Real(
    "rotate",
    "7491ff452582ca747ca511b2fa81038fc7fd654429f898e351c44e7d561f1efc",
    "fixture-targets-pass",
    "targets",
    GUN,
)
ROOTS = tuple(
    Real("rotate", keyid, "fixture-root-pass", "root")
    for keyid in (
        "4360dd8c72a553a706e76b97922c8888bcf6ec4b40565ab5561ad20a10c5afea",
        "5e8d698f282d267c2b3d856f9660d4520c718604b015b34f25f37e99d3ef1304",
        "9fec31c896ca565c6ed3fe1d628d27fb5ecf1d203e68ac3bee52404aa2226784",
    )
)
DOCKERS = (
    Real(
        "dct",
        "39c589eff64cb86dd90a18ea72bbe1492d1dea93cd5a651d9ecce6221e7af57b",
        "dct-repository-pass",
        "alice",
    ),
    Real(
        "dct",
        "454b60ffd5650767a6a4432c5d319d72d83e3f3b940015f61b6e60d9dffbc91f",
        "dct-repository-pass",
        "bob",
    ),
    Real(
        "dct",
        "d22448b7fafec70f4c698f04f88132d7ae29ffcad7bc54cfb9253865ab3bbd69",
        "dct-repository-pass",
        "targets",
        "127.0.0.1:45973/fixtures/dct",
    ),
    Real(
        "dct",
        "dd97aa22e39e3d79c876554ff3ad4f8d4fcb4ac1a65cd1eb88c4930ad3784c86",
        "dct-root-pass",
        "root",
    ),
)
EVERY = (SNAPSHOT, *ROOTS, TARGETS, *DOCKERS)

BUNDLE = KEYS / "export-bundle.pem"
BUNDLED = sorted((SNAPSHOT, *ROOTS, TARGETS), key=lambda real: real.id)

LEGACY = KEYS / "formats" / "legacy-ec-dekinfo.pem"
LEGACY_PASSPHRASE = "legacypass"
LEGACY_ID = "c52f4232e2ce6822c8130ae829cee1f03bc3e40c4b3a71bd67e260487c094e6c"
PLAIN = KEYS / "formats" / "plain-ec.pem"
"""The same key as LEGACY."""
OTHERS = {
    "notary-ed25519.key": "8458149cc3667772b425d43d495b404c3da6acb2d671b1b7eb9dbda8c2b776d2",
    "notary-p384.key": "88c8311ed2be67f93ce73536f7a13f255c9ea6b7a626a06e1119a94f4bdb5de5",
}
OTHERS_PASSPHRASE = "fixture-delegation-pass"


def put(directory, relative, data):
    """Put a key file below a trust directory, as private as the Go programs make it."""
    path = Path(directory) / "private" / relative
    for folder in reversed((path, *path.parents)):
        if folder.is_relative_to(directory) and folder != path:
            folder.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(data)
    os.chmod(path, 0o600)
    return path
