"""Hostile servers on the loopback network, as context managers."""

from trustlib.testing.behaviours import BEHAVIOURS, SLOW, Behaviour, elsewhere
from trustlib.testing.scripted import (
    Asked,
    HangUpError,
    Part,
    Pause,
    ResetError,
    Script,
    Server,
    answer,
    says,
)
from trustlib.testing.servers.files import FileServer
from trustlib.testing.servers.registry import LIES, HostileRegistry, Lie, answering

__all__ = [
    "BEHAVIOURS",
    "LIES",
    "SLOW",
    "Asked",
    "Behaviour",
    "FileServer",
    "HangUpError",
    "HostileRegistry",
    "Lie",
    "Part",
    "Pause",
    "ResetError",
    "Script",
    "Server",
    "answer",
    "answering",
    "elsewhere",
    "says",
]
