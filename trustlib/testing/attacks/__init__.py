"""Every attack on a client that we know of, as data: see :data:`CATALOGUE`.

An attack says what the attacker holds, what he shows, which error must come of
it, and what it stands for: a goal of the specification (§1.5.2), and the CVE or
the row of the index in ``tests/security/rows.py``. Nothing here knows about
tests, or about one client.
"""

from trustlib.testing.attacks.catalogue import CATALOGUE
from trustlib.testing.attacks.over_http import OVER_HTTP, PATIENT
from trustlib.testing.attacks.scenes import (
    Act,
    Attack,
    Broken,
    Endless,
    Failing,
    File,
    Question,
    Scene,
    repository,
)

__all__ = [
    "CATALOGUE",
    "OVER_HTTP",
    "PATIENT",
    "Act",
    "Attack",
    "Broken",
    "Endless",
    "Failing",
    "File",
    "Question",
    "Scene",
    "repository",
]
