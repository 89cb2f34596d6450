#!/usr/bin/env python
"""Remove every check of the core once, and see whether a test notices: ``make mutation``.

Each mutant is tested in a child process that was forked before trustlib was
imported, with a copy of the package in which one file is changed. A mutant that
no test notices is named in docs/decisions/0005-mutants-that-survive.md with the
reason why it may live; any other survivor is a failure, and so is a reason for
one that does not survive any more.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
ARGUED = ROOT / "docs/decisions/0005-mutants-that-survive.md"

FAST = ("tests/core/test_verify.py", "tests/core/test_trust.py", "tests/core/test_workflow.py")
CLIENT = ("tests/client",)
UNNUMBERED = "tests/core/test_unnumbered.py"
LARGE = ("tests/wire/test_wire_around.py", "tests/wire/test_wire_lazy.py")
WIRE = ("tests/core/test_wire.py", "tests/core/test_json.py", "tests/core/test_canonical.py")

TESTED_BY: dict[str, tuple[str, ...]] = {
    "_lookup.py": ("tests/core/test_lookup.py",),
    "verify.py": (
        "tests/core/test_verify.py",
        "tests/core/test_repeated.py",
        "tests/core/test_trust.py",
    ),
    "trust/agreeing.py": (*FAST[1:], UNNUMBERED, *CLIENT),
    "trust/stages.py": (*FAST[1:], UNNUMBERED, "tests/core/test_repeated.py", *CLIENT),
    "wire/closing.py": LARGE,
    "wire/large.py": LARGE,
    "wire/lazy.py": LARGE,
    "wire/scanning.py": LARGE,
    "wire/splicing.py": LARGE,
    "workflow/agreement.py": ("tests/consensus/test_roles_agree.py",),
    "workflow/counting.py": ("tests/consensus/test_counting.py", "tests/consensus"),
    "workflow/dissent.py": ("tests/consensus",),
    "workflow/explanation.py": ("tests/client/test_client_explain.py",),
    "workflow/hints.py": (
        "tests/client/test_client_flights_bounds.py",
        "tests/client/test_client_flights.py",
        *FAST[2:],
    ),
    "workflow/oddities.py": ("tests/client/test_client_events.py",),
    "workflow/procedure.py": (UNNUMBERED, *CLIENT),
    "workflow/remembered.py": ("tests/client/test_client_offline.py",),
    "workflow/search.py": (
        FAST[2],
        "tests/core/test_delegation_chains.py",
        "tests/client/test_client_flights_bounds.py",
        *CLIENT,
    ),
    "workflow/session.py": (FAST[2], UNNUMBERED, *CLIENT),
    "workflow/start.py": (FAST[2], *CLIENT),
    "workflow/update.py": (FAST[2], *CLIENT),
}
"""The files that must be held, and the tests that hold each, the likeliest first."""

OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
SECONDS = 180  # of work; then a mutant runs in circles, which a test would notice
PATIENCE = 600  # seconds; then it waits for ever, on a machine that is busy with other things, too
PRELOADED = (  # what takes long to import is there when a child is forked; trustlib never is
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "hypothesis",
    "securesystemslib.signer",
)
UNTESTED = 99  # pytest itself ended in an error that it does not know
MEMORY = 2 * 2**30  # bytes; a mutant that never stops must not take the machine with it


def killed(mutant: Mutant, package: Path) -> bool:
    """Whether a test fails when *mutant* is in its place in the copy at *package*."""
    file = package / mutant.file
    original = file.read_text(encoding="utf-8")
    file.write_text(mutant.source, encoding="utf-8")
    try:
        return tested(package, TESTED_BY[mutant.file]) != 0
    finally:
        file.write_text(original, encoding="utf-8")


def tested(package: Path, tests: tuple[str, ...]) -> int:
    """Run *tests* with the copy at *package* in a process of its own; 0 says that all passed."""
    child = os.fork()
    if child:
        return _waited(child)
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        sys.path.insert(0, str(package.parent))
        sys.dont_write_bytecode = True
        os.chdir(package.parent)
        os._exit(int(pytest.main([*OPTIONS, *tests])))
    finally:
        os._exit(UNTESTED)  # whatever went wrong must not go on in the parent's place


def _waited(child: int) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def worked(share: list[Mutant], output: int) -> None:
    """Test every mutant of *share*, and write the names of those that survive."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "trustlib"
        for part in ("trustlib", "tests"):
            without = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, Path(folder) / part, ignore=without)
        for part in ("conftest.py", "pyproject.toml"):
            shutil.copy(ROOT / part, folder)
        for tests in {TESTED_BY[mutant.file] for mutant in share}:
            if tested(package, tests) != 0:
                os.write(output, f"FAILED without a mutant: {' '.join(tests)}\n".encode())
                return
        for mutant in share:
            verdict = "killed" if killed(mutant, package) else "SURVIVED"
            os.write(output, f"{verdict} {mutant.name}\n".encode())


def verdicts(all_of_them: list[Mutant], workers: int) -> Iterator[tuple[str, str]]:
    """Every verdict with the mutant's name, as they come."""
    reading, writing = os.pipe()
    for number in range(workers):
        if os.fork() == 0:
            os.close(reading)
            worked(all_of_them[number::workers], writing)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        for line in lines:
            verdict, _, name = line.rstrip("\n").partition(" ")
            yield verdict, name
    for _ in range(workers):
        os.wait()


def argued() -> set[str]:
    """The names of the mutants that may live."""
    text = ARGUED.read_text(encoding="utf-8") if ARGUED.exists() else ""
    return set(re.findall(r"^(`[^`]+`, in `[^`]+`: `.*)\n: ", text, re.MULTILINE))


def main() -> int:
    """Test all mutants, or those of the files that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", default=list(TESTED_BY))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--function", default="", help="only in functions whose name has this")
    arguments = parser.parse_args()
    os.environ["CI"] = "true"  # the same examples each time
    for module in PRELOADED:
        import_module(module)
    chosen = [
        mutant
        for file in arguments.files
        for mutant in mutants(file, (ROOT / "trustlib" / file).read_text(encoding="utf-8"))
        if arguments.function in mutant.function
    ]
    names = {mutant.name for mutant in chosen}
    survivors: set[str] = set()
    started = time.monotonic()
    for count, (verdict, name) in enumerate(verdicts(chosen, arguments.workers), start=1):
        if verdict == "FAILED":
            print(f"{verdict} {name}")
            return 1
        if verdict != "killed":
            survivors.add(name)
            print(f"{verdict} {name}", flush=True)
        if count % 50 == 0:
            print(f"{count} of {len(chosen)}", flush=True)
    unargued = survivors - argued()
    dead = (argued() & names) - survivors
    took = time.monotonic() - started
    print(f"{len(chosen)} mutants, {len(survivors)} survivors, in {took:.0f} s")
    for name in sorted(unargued):
        print(f"survives, and nobody says why it may: {name}")
    for name in sorted(dead):
        print(f"is said to survive, and does not: {name}")
    return 1 if unargued or dead else 0


if __name__ == "__main__":
    sys.exit(main())
