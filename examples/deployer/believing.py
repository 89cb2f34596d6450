"""A deployer that deploys the hash in the newest metadata, whoever wrote that."""

import json
from pathlib import Path
from typing import Any
from urllib.request import urlopen


def deploy(tag: str, url: str, root: bytes, directory: Path) -> str:
    """Deploy what *tag* stands for; return its reference with a digest."""
    del root, directory  # no signature is looked at, and nothing is kept

    def signed(name: str) -> dict[str, Any]:
        with urlopen(f"{url}{name}.json") as answer:
            return dict(json.load(answer)["signed"])

    snapshot = signed("timestamp")["meta"]["snapshot.json"]["version"]
    targets = signed(f"{snapshot}.snapshot")["meta"]["targets.json"]["version"]
    digest = signed(f"{targets}.targets")["targets"][tag]["hashes"]["sha256"]
    return f"{tag.partition(':')[0]}@sha256:{digest}"
