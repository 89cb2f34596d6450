"""The page of limits and defaults: the values say them, and their docstrings what they limit."""

import inspect
import re
from collections.abc import Iterator
from datetime import timedelta

import attrs
from reference.names import names

from trustlib import Freshness, Limits
from trustlib.consensus import maps
from trustlib.downloads import AT_ONCE
from trustlib.downloads.steps import ATTEMPTS
from trustlib.publish.expiry import Expiry
from trustlib.registry import CopyLimits, Lease, RegistryLimits
from trustlib.signing import pbes2
from trustlib.signing._disk import MAX_BYTES
from trustlib.signing.passphrases import asking
from trustlib.transport import Pool, Redirects, Retries, Timeouts
from trustlib.workflow import CLOCK_TOLERANCE

_OPENING = """\
# Limits and defaults

What is refused however well it is signed, how long things are waited for, and what a signature is worth if nobody says
otherwise. Each is a value that is passed in: nothing is read from the environment, and there is no global setting.

A publisher refuses to publish what a client with these defaults would refuse to read.

"""

VALUES = (Limits, Freshness, Timeouts, Retries, Pool, Redirects, RegistryLimits, CopyLimits, Lease)
FIXED = (
    ("how far back a clock may go before it is a `ClockError`", CLOCK_TOLERANCE),
    ("downloads side by side", AT_ONCE),
    ("attempts of one download, each going on where the last one broke off", ATTEMPTS),
    ("bytes of a key file", MAX_BYTES),
    ("bytes of a passphrase", asking.MAX_BYTES),
    ("bytes of memory that reading an encrypted key may take", pbes2._MAX_MEMORY),
    ("rounds of PBKDF2 that reading an encrypted key may take", pbes2._MAX_ITERATIONS),
    ("bytes of a map of repositories (TAP 4)", maps.MAX_MAP),
    ("repositories in a map", maps.MAX_REPOSITORIES),
    ("entries of a map", maps.MAX_ENTRIES),
)


def page() -> str:
    """Return the page."""
    return "% Made by `make pages` from the code: an edit here would be lost.\n\n" + "".join(
        [_OPENING, *_values(), *_lives(), *_fixed()]
    )


def _values() -> Iterator[str]:
    paths = {name.value: name.path for name in names() if isinstance(name.value, type)}
    for kind in VALUES:
        said = _said(kind)
        first = inspect.cleandoc(str(kind.__doc__)).splitlines()[0]
        yield f"## {kind.__name__}\n\n{_markdown(first)} {{py:class}}`→ reference <{paths[kind]}>`\n\n"
        yield "| name | default | what |\n| --- | --- | --- |\n"
        for each in attrs.fields(kind):
            if each.init and each.name in said and not callable(each.default):
                yield f"| `{each.name}` | {_shown(each.default)} | {_markdown(said[each.name])} |\n"
        yield "\n"


def _said(kind: type) -> dict[str, str]:
    """Return what the docstring says of each attribute."""
    doc = inspect.cleandoc(str(kind.__doc__))
    section = doc.partition("Attributes:\n")[2].partition("\n\n")[0]
    entries = re.split(r"^    (?=\w+: )", section, flags=re.MULTILINE)[1:]
    return {e.partition(":")[0]: " ".join(e.partition(":")[2].split()) for e in entries}


def _lives() -> Iterator[str]:
    yield "## For how long roles are signed\n\nPass one of these, or one of your own, as `expiry`.\n\n"
    yield "| name | root | targets | snapshot | timestamp | for what |\n| --- | --- | --- | --- | --- | --- |\n"
    lives = [name for name in names() if isinstance(name.value, Expiry)]
    for life in sorted(lives, key=lambda name: name.path.count(".")):  # what most import first
        spans = [_shown(getattr(life.value, each.name)) for each in attrs.fields(Expiry)]
        name = life.path.removeprefix("trustlib.")
        yield f"| `{name}` | {' | '.join(spans)} | {_markdown(life.said)} |\n"
    yield "\n"


def _fixed() -> Iterator[str]:
    yield "## What has one value\n\n| what | value |\n| --- | --- |\n"
    for what, value in FIXED:
        yield f"| {what} | {_shown(value)} |\n"


def _markdown(text: str) -> str:
    plain = re.sub(r":\w+:`~?\.?(?:[\w]+\.)*(\w+)`", r"`\1`", " ".join(text.split()))
    return plain.replace("``", "`").replace("|", "\\|")


def _shown(value: object) -> str:
    match value:
        case None:
            return "never"
        case timedelta() if value >= timedelta(days=1):
            return f"{value.days} day{'s' * (value.days != 1)}"
        case timedelta() if value >= timedelta(hours=1):
            return f"{value.total_seconds() / 3600:g} hours"
        case timedelta():
            return f"{value.total_seconds() / 60:g} minutes"
        case int() | float():
            return f"{value:,g}" if isinstance(value, float) else f"{value:,}"
        case frozenset():
            return "none"
        case _:
            return f"`{value!r}`"
