"""A test kit for those who check that their own tools are not deceived.

- :class:`Simulator`: a publisher, servers, clients and an attacker with named
  possessions, as one value.
- ``CATALOGUE`` and ``OVER_HTTP``: every attack on a client that we know
  of, as data.
- :class:`Program` and :func:`judgements`: attack a program in any language;
  ``python -m trustlib.testing`` does that from a command line.
- ``trustlib.testing.servers``: hostile servers and registries.
- ``trustlib.testing.swizzling``: every role, corrupted in every way.
- ``trustlib.testing.strategies``: Hypothesis strategies for every role.

The pytest plugin is installed with it, and has the fixtures ``trust_repository``,
``trust_attack``, ``trust_clock``, ``hostile_server`` and ``hostile_registry``. The keys
in here are made of names, and known to everybody: they are good for tests only.
"""

from trustlib.testing.attacks import CATALOGUE, OVER_HTTP, PATIENT, Attack, Scene
from trustlib.testing.kit import Clock, MountedAttack, TrustRepository, mountable
from trustlib.testing.possessions import Possession, mountable_with, possessions_of
from trustlib.testing.programs import Program, judgements
from trustlib.testing.report import every_attack, report
from trustlib.testing.servers import FileServer, HostileRegistry
from trustlib.testing.siege import Judgement, Place, Siege, Verdict, judged
from trustlib.testing.simulator import Answer, Simulator
from trustlib.testing.swizzling import Corruption, corruptions
from trustlib.testing.worlds import World

__all__ = [
    "CATALOGUE",
    "OVER_HTTP",
    "PATIENT",
    "Answer",
    "Attack",
    "Clock",
    "Corruption",
    "FileServer",
    "HostileRegistry",
    "Judgement",
    "MountedAttack",
    "Place",
    "Possession",
    "Program",
    "Scene",
    "Siege",
    "Simulator",
    "TrustRepository",
    "Verdict",
    "World",
    "corruptions",
    "every_attack",
    "judged",
    "judgements",
    "mountable",
    "mountable_with",
    "possessions_of",
    "report",
]
