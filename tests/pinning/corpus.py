"""Run pinning over a folder of Dockerfiles that are not ours, and report.

    make corpus DIR=<folder>

Every file with "Dockerfile" in its name is read as BuildKit would read it, and
pinned by somebody for whom every tag is signed. What is refused is listed with
its reason; what is pinned and then not as it must be is a fault, and the exit
status says so.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from building import faults_of, vouching

from trustlib import TrustError
from trustlib.registry import Build, Dockerfile

PLATFORM = "linux/amd64"
SOURCES = (".go", ".md", ".py", ".rs", ".sh", ".ts")  # about Dockerfiles, and none themselves


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arg", action="append", default=[], help="NAME=value, for all of them")
    parser.add_argument("--quiet", action="store_true", help="list findings alone")
    asked = parser.parse_args()
    args = dict(pair.split("=", 1) for pair in asked.arg)
    build = Build(args=args, platform=PLATFORM, build_platform=PLATFORM)
    found = Counter[str]()
    for path in sorted(asked.folder.rglob("*")):
        if not path.is_file() or "dockerfile" not in path.name.lower() or path.suffix in SOURCES:
            continue
        verdict, detail = judged(path.read_bytes(), str(path.relative_to(asked.folder)), build)
        found[verdict] += 1
        if verdict == "FAULT" or (verdict != "pinned" and not asked.quiet):
            print(f"{verdict}: {detail}")
    print(f"{found.total()} Dockerfiles: {dict(found)}")
    if not found:
        print(f"there is no Dockerfile in {asked.folder}", file=sys.stderr)
    return 1 if found["FAULT"] or not found else 0


def judged(raw: bytes, file: str, build: Build) -> tuple[str, str]:
    """What became of one file, and why."""
    try:
        read = Dockerfile.parse(raw, file=file, build=build)
        pinned = read.pinned_by(vouching)
    except TrustError as error:
        return f"refused ({type(error).__name__})", str(error)
    except Exception as error:
        return "FAULT", f"{file}: {type(error).__name__}: {error}"
    faults = faults_of(read, pinned)
    return (
        ("FAULT", f"{file}: {'; '.join(faults)}")
        if faults
        else ("pinned", f"{len(pinned.pins)} images")
    )


if __name__ == "__main__":
    sys.exit(main())
