"""Sdist and wheel, built from a folder that nothing else knows.

What a build must not depend on differs between two of them: the folder's name
and the time of its files, the permissions of new files, the time zone, the
language, and the order of hashes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from attrs import frozen

PROJECT = Path(__file__).parents[2]
_NOT_OURS = shutil.ignore_patterns(".*", "__pycache__", "dist", "build", "_build", "*.egg-info")


@frozen
class Surroundings:
    """What a machine has, and a build must not show."""

    umask: int
    zone: str
    language: str
    seed: str
    touched: int


HERE = Surroundings(0o022, "UTC", "C.UTF-8", "1", 1_600_000_000)
ELSEWHERE = Surroundings(0o077, "Pacific/Auckland", "C", "2", 1_700_000_000)


@frozen
class Built:
    """One build: the two files, and where they are."""

    sdist: Path
    wheel: Path

    def differences(self, other: "Built") -> list[str]:
        """Return the names of files that are not the same, bit for bit."""
        pairs = [(self.sdist, other.sdist), (self.wheel, other.wheel)]
        same = [a.name == b.name and a.read_bytes() == b.read_bytes() for a, b in pairs]
        return [a.name for (a, _), alike in zip(pairs, same, strict=True) if not alike]


def epoch() -> str:
    """Return when the source was committed, in seconds: the time that all files are given."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return said
    asked = ["git", "-C", str(PROJECT), "log", "-1", "--format=%ct"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit("this is no checkout: say when it was made, SOURCE_DATE_EPOCH=<seconds>")
    return told.stdout.strip()


def copied(folder: Path) -> Path:
    """Copy what belongs to the project to *folder*, and nothing that lies about."""
    listing = ["git", "-C", str(PROJECT), "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(listing, capture_output=True, text=True, check=False)
    if listed.returncode:
        shutil.copytree(PROJECT, folder, ignore=_NOT_OURS)
        return folder
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    return folder


def unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack *sdist* into *folder*, and return the folder inside."""
    folder.mkdir()
    subprocess.run(["tar", "-xzf", str(sdist), "-C", str(folder)], check=True)
    (inside,) = folder.iterdir()
    return inside


def built(source: Path, out: Path, around: Surroundings, seconds: str) -> Built:
    """Build both from *source* into *out*."""
    for path in source.rglob("*"):
        os.utime(path, (around.touched, around.touched))
    ran = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", str(out)],
        cwd=source,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(source),
            "TZ": around.zone,
            "LC_ALL": around.language,
            "PYTHONHASHSEED": around.seed,
            "SOURCE_DATE_EPOCH": seconds,
        },
        umask=around.umask,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(ran.stdout)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Built(sdist, wheel)
