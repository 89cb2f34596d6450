"""Ways to read a repository's files; each is a :class:`trustlib.ports.Transport`."""

from trustlib.transport.directory import DirectoryTransport
from trustlib.transport.http import HttpTransport
from trustlib.transport.mirrors import Mirrors
from trustlib.transport.offline import Offline
from trustlib.transport.policies import (
    NO_REDIRECTS,
    NO_RETRIES,
    SAME_ORIGIN,
    TO_ANY_SECURE_ORIGIN,
    Pool,
    Redirects,
    Retries,
    Timeouts,
    Tls,
    redirects_to,
)
from trustlib.transport.sequential import Sequential
from trustlib.transport.threads import Threaded, awaited

__all__ = [
    "NO_REDIRECTS",
    "NO_RETRIES",
    "SAME_ORIGIN",
    "TO_ANY_SECURE_ORIGIN",
    "DirectoryTransport",
    "HttpTransport",
    "Mirrors",
    "Offline",
    "Pool",
    "Redirects",
    "Retries",
    "Sequential",
    "Threaded",
    "Timeouts",
    "Tls",
    "awaited",
    "redirects_to",
]
