"""A machine that finds nothing may be blind: it must find each check that is taken out.

Each check is taken out of a copy of the package, and a process of its own plays
the machine against that copy.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trustlib

TESTS = Path(__file__).parents[1]

PLAYING = """
import sys
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
import trustlib
from machines.test_machine import Machine
assert trustlib.__file__.startswith(sys.argv[1]), trustlib.__file__
profile = settings(
    max_examples=int(sys.argv[2]),
    stateful_step_count=50,
    suppress_health_check=list(HealthCheck),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
)
try:
    run_state_machine_as_test(Machine, settings=profile)
except BaseException as error:
    print("found", Machine.steps, type(error).__name__, str(error).splitlines()[:1])
else:
    print("nothing", Machine.steps)
"""

PLANTED = {
    "the rollback check of timestamp": (
        "trust.py",
        "if new.role.version < old.role.version:  # §5.4.3.1",
        "if new.role.version < 0:",
    ),
    "the floor of the snapshot's version": (
        "trust.py",
        "if floor is not None and offered < floor:",
        "if floor is not None and offered < 0:",
    ),
    "the rollback check of what a snapshot lists": (
        "trust.py",
        "            _nothing_rolled_back(stage.prior.snapshot.role.meta, new.role.meta)\n",
        "            pass\n",
    ),
    "a role that vanished from the snapshot": (
        "trust.py",
        '            raise RollbackError(name, was.version, None, step="§5.5.5")\n',
        "            continue\n",
    ),
    "the old root's word for a new one": (
        "trust.py",
        "document, old.authority(ROOT), document.unverified.authority(ROOT), step",
        "document, document.unverified.authority(ROOT), step",
    ),
    "the new root's word for itself": (
        "trust.py",
        "document, old.authority(ROOT), document.unverified.authority(ROOT), step",
        "document, old.authority(ROOT), step",
    ),
    "the version of a root": (
        "trust.py",
        "if new.role.version != following:",
        "if new.role.version < 0:",
    ),
    "the expiry of timestamp": ("trust.py", 'not_expired(new, self.now, step="§5.4.4")', "pass"),
    "the expiry of snapshot": ("trust.py", 'not_expired(new, stage.now, step="§5.5.6")', "pass"),
    "the expiry of targets": ("trust.py", 'not_expired(new, self.root.now, step="§5.6.5")', "pass"),
    "the expiry of root": ("trust.py", 'not_expired(self.root, self.now, step="§5.3.10")', "pass"),
    "the hashes": ("trust.py", "if got != listed.hashes[algorithm]:", "if got == 0:"),
    "the version of a targets role": (
        "trust.py",
        "if new.role.version != listed.version:  # §5.6.4",
        "if new.role.version < 0:",
    ),
    "the version of the snapshot": (
        "trust.py",
        "        if new.role.version != listed.version:  # §5.5.4",
        "        if new.role.version < 0:",
    ),
    "recovery": ("trust.py", "        if not usable <= kept:\n", "        if False:\n"),
    "recovery from one key of several": (
        "trust.py",
        "        if not usable <= kept:\n",
        "        if not usable & kept:\n",
    ),
    "the signatures": (
        "verify.py",
        "checked[question] = key.verifies(value, document.payload)",
        "checked[question] = True",
    ),
    "the threshold": ("verify.py", "len(signed_by) < authority.threshold", "len(signed_by) < 1"),
    "that keys count, not ids": (
        "verify.py",
        "signed_by.setdefault(material, keyid)",
        "signed_by[keyid] = keyid",
    ),
    "whose word a delegated role needs": (
        "trust.py",
        'new = verify(document, delegator.role.authority(name), step="§5.6.3")',
        'new = verify(document, self.root.root.role.authority("targets"), step="§5.6.3")',
    ),
    "the record of the floors": (
        "records.py",
        'return "".join(f"{digest} {by}\\n" for digest, by in self.accepted.items()).encode()',
        'return b""',
    ),
    "that the floors are recorded with the root that accepted them": (
        "records.py",
        "return type(self)(FrozenMap({**kept, _sha256(raw): version}))",
        "return type(self)(FrozenMap({**kept, _sha256(raw): 1}))",
    ),
    "that the record of the floors is kept": (
        "records.py",
        "return type(self)(FrozenMap({**kept, _sha256(raw): version}))",
        "return type(self)(FrozenMap({_sha256(raw): version}))",
    ),
    "the clock's floor": (
        "records.py",
        "    return moment if moment.tzinfo is UTC else None",
        "    return None",
    ),
}


def copied(where, file, old, new):
    """A copy of the package in which *old* reads *new*."""
    package = where / "trustlib"
    shutil.copytree(
        Path(trustlib.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    text = (package / file).read_text()
    assert old in text, f"{file} no longer says {old!r}: plant this bug anew"
    (package / file).write_text(text.replace(old, new, 1))
    return where


def played(where, machines):
    done = subprocess.run(
        [sys.executable, "-c", PLAYING, str(where), str(machines)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(where), str(TESTS)))},
        capture_output=True,
        text=True,
        check=True,
        timeout=900,
        cwd=where,
    )
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_the_machine_finds_each_check_that_is_taken_out(name, tmp_path):
    said = played(copied(tmp_path, *PLANTED[name]), machines=2000)

    assert said.startswith("found"), said
