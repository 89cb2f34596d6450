"""A deployer that remembers what it has seen, and so cannot be taken back."""

from pathlib import Path

from trustlib import Anchor, FileStorage, HttpTransport, Updater


def deploy(tag: str, url: str, root: bytes, directory: Path) -> str:
    """Deploy what *tag* stands for; return its reference with a digest."""
    with HttpTransport(url) as transport:
        updater = Updater(
            anchor=Anchor.root(root), transport=transport, storage=FileStorage(directory)
        )
        return updater.resolve(tag).pinned
