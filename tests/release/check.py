"""Prove that a release can be built again, and works where nothing else is: ``make release-check``.

Built twice, from two folders, on two machines as far as one can pretend; then
once more from the sdist. What the first build made goes to the folder that is
named, ``dist``, so that what is released is what was looked at.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from release import contents
from release.building import ELSEWHERE, HERE, Built, built, copied, epoch, unpacked

SMOKE = Path(__file__).with_name("smoke.py")


def rebuilt(place: Path) -> tuple[Built, list[str]]:
    """Build below *place*; return the first build, and what is wrong with it."""
    seconds = epoch()
    first = built(copied(place / "a"), place / "first", HERE, seconds)
    second = built(copied(place / "b" / "c"), place / "second", ELSEWHERE, seconds)
    from_sdist = unpacked(first.sdist, place / "sdist")
    third = built(from_sdist, place / "third", ELSEWHERE, seconds)
    wrong = [f"{name}: differs when built elsewhere" for name in first.differences(second)]
    wrong += [f"{name}: differs when built from the sdist" for name in first.differences(third)]
    expected = contents.package(place / "a")
    return first, wrong + contents.complaints(contents.names(first.wheel), expected)


def installed(wheel: Path, place: Path) -> str:
    """Install *wheel* into an empty environment, use it there, and return what it said."""
    venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    quietly = [python, "-I", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*quietly, "install", "--quiet", str(wheel)], check=True)
    subprocess.run([*quietly, "check"], check=True, stdout=subprocess.DEVNULL)
    ran = subprocess.run(
        [python, "-I", "-W", "error", str(SMOKE)],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
    )
    return ran.stdout.strip()


def main(out: Path) -> None:
    """Check, and leave what was built in *out*."""
    with tempfile.TemporaryDirectory() as folder:
        build, wrong = rebuilt(Path(folder))
        if wrong:
            raise SystemExit("\n".join(wrong))
        print("sdist and wheel are the same, bit for bit, however they are built")
        print("the wheel is the package and nothing else")
        print("in an empty environment:", installed(build.wheel, Path(folder) / "empty"))
        out.mkdir(exist_ok=True)
        for each in (build.sdist, build.wheel):
            digest = hashlib.sha256(each.read_bytes()).hexdigest()
            print(f"{digest}  {shutil.copy(each, out)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
