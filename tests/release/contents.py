"""What is in a wheel: the package, all of it, and nothing else."""

import re
import zipfile
from pathlib import Path

_OF_TESTS = re.compile(
    r"(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$|(^|/)(tests?|docs?)/|\.(md|rst|pyc)$"
)
_PLUGIN = "pytest_trustlib.py"  # pytest finds its plugins by a module of their own
_ABOUT = re.compile(r"trustlib_tuf-[^/]+\.dist-info/")


def names(wheel: Path) -> set[str]:
    """Return the names of the files in *wheel*."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def package(source: Path) -> set[str]:
    """Return the files of the package, as a wheel names them."""
    here = (path for path in (source / "trustlib").rglob("*") if path.is_file())
    ours = {p.relative_to(source).as_posix() for p in here if "__pycache__" not in p.parts}
    return ours | {_PLUGIN}


def complaints(found: set[str], expected: set[str]) -> list[str]:
    """Return what is wrong with a wheel that holds *found*, where the package is *expected*."""
    ours = {name for name in found if not _ABOUT.match(name)}
    return [
        *(
            f"{name}: is of no use to who installs this"
            for name in sorted(filter(_OF_TESTS.search, ours))
        ),
        *(f"{name}: is not of the package" for name in sorted(ours - expected)),
        *(f"{name}: is missing" for name in sorted(expected - ours)),
        *(
            f"{each}: is missing"
            for each in ("LICENSE-APACHE", "LICENSE-MIT", "METADATA")
            if not any(_ABOUT.match(name) and name.endswith(each) for name in found)
        ),
    ]
