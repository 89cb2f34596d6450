"""Two offline signers of three: every machine is a process with a directory of its own.

Two of Alice, Bob and Carol must sign the root and what tags stand for. A stick
carries public keys, requests and signatures between their machines and the desk,
which is switched off at night. No machine knows another's key or passphrase.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import trustlib
from trustlib.signing import KeyFile

DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SECRET = os.environ.get("PASSPHRASE", "")  # in earnest, signing.passphrases.Prompt() asks a person
KEY = KeyFile("my.key")
NOW = datetime.now(UTC)


def make_key() -> None:
    """On every machine: make a key, whose public half travels."""
    print(f"has key    {KeyFile.generate(KEY.path, SECRET).key.id}")  # to be compared by phone


def sign() -> None:
    """On a signer's machine: say whether it is too late, show what the bytes say, sign them."""
    for path in sorted(Path().glob("*.request")):
        request = trustlib.SigningRequest.read(path)
        try:
            request.wanted_of(KEY.key, now=NOW)
        except trustlib.SigningError as error:
            print(f"refused    {error}")  # before anybody was asked for a passphrase
        else:
            print(request)  # worked out from the bytes that will be signed
            request.sign(KEY.unlock(SECRET)).write(path.with_suffix(".sig"))


def created() -> trustlib.Repository:
    """Return the repository before anything is in it: the desk has everybody's public half."""
    pems = (Path(f"{name}.pub").read_text() for name in ("alice", "bob", "carol"))
    people = trustlib.Authority.of(*map(trustlib.Key.from_pem, pems), threshold=2)
    ours = trustlib.Authority.of(KEY.key)
    return trustlib.Repository.create(
        "docker.io/acme", root=people, targets=people, snapshot=ours, timestamp=ours
    )


def plan() -> None:
    """At the desk: say what should change, sign what is ours, and ask for the rest."""
    after = created().with_tag("acme/app:1.4", digest=DIGEST, size=1573)
    plan = trustlib.SigningPlan.between(created(), after, now=NOW, expiry=trustlib.BY_HAND)
    print(plan)
    asking(plan.signed_by(KEY.unlock(SECRET)))


def collect() -> None:
    """At the desk, another day: take what came back, in any order; publish when it suffices."""
    plan = trustlib.SigningPlan.read("release.plan", before=created())
    plan = plan.with_signature(*map(trustlib.Signature.read, Path().glob("*.sig")))
    asking(plan)
    try:
        receipt = plan.publication(now=NOW).apply(trustlib.FileStorage.public("site"))
        print(f"published  {', '.join(receipt.written)}")
    except trustlib.ThresholdError as error:
        print(f"not yet    {error}")


def asking(plan: trustlib.SigningPlan) -> None:
    """Keep the plan, and write requests that say who signed already."""
    plan.write("release.plan")
    for role in (trustlib.ROOT, trustlib.TARGETS):
        plan.drafts[role].request.write(f"{role}.request")


def on(machine: Path, step: str) -> None:
    """Run one of the steps above in a process that has this machine and nothing else."""
    print(f"\n{machine.name}: {step}", flush=True)
    own = {"HOME": str(machine), "PASSPHRASE": f"the passphrase of {machine.name}"}
    process = [sys.executable, __file__, step]
    subprocess.run(process, cwd=machine, env={**os.environ, **own}, check=True)


def main(folder: Path) -> None:
    """Play it once, with everything below *folder*."""
    desk = folder / "desk"
    for name in ("desk", "alice", "bob", "carol", "dave"):
        (folder / name).mkdir()
        on(folder / name, "make_key")
        shutil.copy(folder / name / "my.key.pub", desk / f"{name}.pub")
    on(desk, "plan")
    for name in ("carol", "dave", "alice", "bob"):  # nobody asked Dave, and Bob will be too late
        for request in desk.glob("*.request"):
            shutil.copy(request, folder / name)
        on(folder / name, "sign")
        if signatures := list((folder / name).glob("*.sig")):
            for signature in signatures:
                shutil.copy(signature, desk / f"{name}.{signature.name}")
            on(desk, "collect")
    site = desk / "site"
    updater = trustlib.Updater(
        anchor=trustlib.Anchor.root((site / "1.root.json").read_bytes()),
        transport=trustlib.DirectoryTransport(site),
        storage=trustlib.MemoryStorage(),
    )
    print(f"\nresolved   {updater.resolve('acme/app:1.4').pinned}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"make_key": make_key, "sign": sign, "plan": plan, "collect": collect}[sys.argv[1]]()
    else:
        with tempfile.TemporaryDirectory() as directory:
            main(Path(directory))
