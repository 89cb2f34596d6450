"""What passes between ``docker_trust.py`` and a person: commands, results, questions, progress.

Results go to standard output, everything else to standard error, so that a
result can be piped. A question without anybody to answer it is answered no.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from trustlib import NotFoundError, NoTrustDataError
from trustlib.downloads import Progress
from trustlib.errors import UnsignedImageError
from trustlib.events import Event, TrustedOnFirstUse, Untrusted

try:
    from rich.progress import BarColumn, DownloadColumn, TextColumn
    from rich.progress import Progress as Bars

    WITH_BARS = True
except ImportError:  # plain numbers will do
    WITH_BARS = False


def warn(text: object) -> None:
    """Say what nobody should overlook."""
    print(f"WARNING: {text}", file=sys.stderr)


def told(event: Event) -> None:
    """Say what a person must know: whom we believed, and why. The rest is for logs."""
    if isinstance(event, TrustedOnFirstUse | Untrusted):
        warn(event)


def sentence(error: Exception) -> str:
    """Return *error* in one line that begins as those of 2015 did."""
    match error:
        case UnsignedImageError(file=file, line=line, image=image):
            tag = image.rpartition(":")[2]
            text = f"unable to process {file}: No trust data for {tag} (line {line}: {image})"
        case NoTrustDataError():
            text = f"no trust data available: {error}"
        case NotFoundError(step=str()):
            text = f"No trust data for {error}"
        case _:
            text = str(error)
    return " ".join(" ".join([text, *getattr(error, "__notes__", ())]).split())


def agreed(question: str) -> bool:
    """Return whether somebody said yes."""
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Show how far *what* has come, where somebody is watching, and leave nothing behind."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _so_far, _total: None
    elif WITH_BARS:
        from rich.console import Console

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task(what, total=None)
            yield lambda so_far, total: bars.update(bar, completed=so_far, total=total)
    else:
        try:
            yield lambda so_far, total: print(
                f"\r{what}: {so_far} of {total} bytes", end="", file=sys.stderr, flush=True
            )
        finally:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


# -- commands -----------------------------------------------------------------------------


class Commands(Protocol):
    """What a command is added to: argparse has no public name for it."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:
        """Return the parser of one more command."""
        ...


def command(
    commands: Commands, name: str, does: Callable[..., object], *positional: str
) -> argparse.ArgumentParser:
    """Return the parser of one more command, which *does* what its docstring says."""
    says = str(does.__doc__).splitlines()[0]
    one = commands.add_parser(name, help=says, description=says)
    one.set_defaults(does=does, printed=False, engine=None)
    for argument in positional:
        one.add_argument(argument)
    return one


def family(commands: Commands, name: str, says: str) -> Commands:
    """Return where the commands go that begin with *name*."""
    return commands.add_parser(name, help=says, description=says).add_subparsers(
        required=True, metavar="COMMAND"
    )
