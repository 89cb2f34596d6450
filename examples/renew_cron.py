"""Renew what is due among all collections of a site, once, and say what needs a person.

Run it every hour, for example from cron::

    7 * * * *  RENEWER_PASSPHRASE=… python renew_cron.py /srv/trust /var/lib/renewer

The first directory is the site, with a collection below each directory that
holds a ``timestamp.json``. The second is the renewer's own: it must survive,
and nobody who can write to the site should be able to write to it. It holds

* ``renewer.key``, a key file that roots list for timestamp and snapshot only,
* ``anchors/<collection>/root.json``, the root that each collection began with,
* ``memory/``, where the renewer remembers what it has seen.

It prints a line for each collection, and ends with 0 if all is well, or with 1
if somebody must look at one of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from trustlib import Anchor, FileStorage, NotFoundError
from trustlib.publish import Failed, Passed, Progress, Renewed, Renewer, kept_in, renewals
from trustlib.signing import KeyFile
from trustlib.signing.passphrases import FromEnvironment, FromFile, PassphraseSource, unlocked

KEY = "renewer.key"


def arguments(words: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Return the parser that knows what every program that renews is told."""
    words.add_argument("site", type=Path, help="where the collections are published")
    words.add_argument("home", type=Path, help="where the key, the anchors and the memory are")
    passphrase = words.add_mutually_exclusive_group()
    passphrase.add_argument("--passphrase-variable", default="RENEWER_PASSPHRASE", metavar="NAME")
    passphrase.add_argument("--passphrase-file", type=Path, metavar="FILE")
    return words


def renewer_of(given: argparse.Namespace) -> Renewer:
    """Return the renewer whose key is at home."""
    source: PassphraseSource = FromEnvironment({KEY: given.passphrase_variable})
    if given.passphrase_file is not None:
        source = FromFile(given.passphrase_file)
    return Renewer(signers=(unlocked(KeyFile(given.home / KEY), source),))


def anchors_in(directory: Path) -> Callable[[str], Anchor]:
    """Return what is trusted of each collection to begin with: a root that somebody put here."""
    storage = FileStorage(directory)

    def anchor(name: str) -> Anchor:
        path = f"{name}root.json"
        if (root := storage.read(path)) is None:
            raise NotFoundError(path, f"put the first root of this collection into {directory}")
        return Anchor.root(root.data)

    return anchor


def one_pass(given: argparse.Namespace, renewer: Renewer, stop: Event) -> Progress:
    """Renew what is due now, print how each collection stands, and return the sum of it."""
    progress = Progress()
    steps = renewals(
        renewer,
        FileStorage.public(given.site),
        anchors=anchors_in(given.home / "anchors"),
        memories=kept_in(given.home / "memory"),
        now=datetime.now(UTC),
    )
    with closing(steps):
        for step in steps:
            print(described(step), flush=True)
            progress = step.progress
            if stop.is_set():
                break
    return progress


def described(step: Passed) -> str:
    """Return how a collection stands, in a line."""
    name = step.name or "/"
    if isinstance(step.outcome, Failed):
        return f"FAILED     {name}  {type(step.outcome.error).__name__}: {step.outcome.error}"
    what = "renewed  " if isinstance(step.outcome, Renewed) else "unchanged"
    line = f"{what}  {name}  good until {step.outcome.valid_until:%Y-%m-%d %H:%M}Z"
    return "; ".join([line, *(f"SIGN {ending}" for ending in step.outcome.ending)])


def needs_a_person(progress: Progress) -> bool:
    """Return whether something will not mend itself."""
    return bool(progress.failed or progress.ending)


if __name__ == "__main__":
    told = arguments(argparse.ArgumentParser(description=__doc__)).parse_args()
    sys.exit(needs_a_person(one_pass(told, renewer_of(told), Event())))
