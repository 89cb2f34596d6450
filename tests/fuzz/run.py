"""Throw hostile bytes at everything that reads them, for as long as you like.

Harnesses run one after another and share the time. Where atheris is installed
coverage guides them; otherwise the same mutations are tried blindly. A finding
is left as a file, and the exit status says so.
"""

import argparse
import importlib.util
import subprocess
import sys
import time
import traceback
from pathlib import Path
from random import Random, SystemRandom

from harnesses import HARNESSES
from mutate import mutated

HERE = Path(__file__).resolve().parent
WORK = HERE.parents[1] / "build" / "fuzz"
HANG = 20  # seconds for one input, after which it is a finding


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="in total")
    parser.add_argument("--only", choices=sorted(HARNESSES))
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1, 2**31))
    asked = parser.parse_args()
    names = [asked.only] if asked.only else list(HARNESSES)
    fuzz = _guided if importlib.util.find_spec("atheris") else _blind
    print(f"{len(names)} harnesses, {asked.seconds:g} seconds, seed {asked.seed}", flush=True)
    failed = [name for name in names if not fuzz(name, asked.seconds / len(names), asked.seed)]
    if failed:
        print(f"found something: {', '.join(failed)}; see {WORK / 'findings'}")
    return 1 if failed else 0


def _guided(name: str, seconds: float, seed: int) -> bool:
    grown, findings = WORK / "corpus" / name, WORK / "findings"
    for folder in (grown, findings):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(sys.executable, str(HERE / "guided.py"), name),
        *(str(grown), str(HERE / "corpus" / name)),
        *(f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}", f"-timeout={HANG}"),
        *(f"-artifact_prefix={findings}/{name}-", "-max_len=65536", "-rss_limit_mb=2048"),
        *("-print_final_stats=1", "-verbosity=0"),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    output = done.stdout + done.stderr
    if done.returncode:
        print(output)
    runs = [line.split()[-1] for line in output.splitlines() if "number_of_executed" in line]
    print(f"{name}: {runs[0] if runs else '?'} inputs, guided", flush=True)
    return not done.returncode


def _blind(name: str, seconds: float, seed: int) -> bool:
    ends = time.monotonic() + seconds
    corpus, random, tried = seeds(name), Random(f"{name} {seed}"), 0
    while time.monotonic() < ends:
        data = mutated(random.choice(corpus), random, corpus)
        tried, began = tried + 1, time.monotonic()
        try:
            HARNESSES[name](data)
        except Exception:
            traceback.print_exc()
            return _found(name, data)
        if time.monotonic() - began > HANG:
            print(f"{name}: one input took {time.monotonic() - began:.0f} seconds")
            return _found(name, data)
    print(f"{name}: {tried} inputs", flush=True)
    return True


def seeds(name: str) -> tuple[bytes, ...]:
    """Return the inputs that damage to *name*'s begins with."""
    return tuple(path.read_bytes() for path in sorted((HERE / "corpus" / name).iterdir()))


def _found(name: str, data: bytes) -> bool:
    path = WORK / "findings" / f"{name}-{time.time_ns()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"{name}: {path}")
    return False


if __name__ == "__main__":
    raise SystemExit(main())
